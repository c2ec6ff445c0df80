package intake

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// maxForm bounds a form post, names and values together, in bytes.
const maxForm = 64 << 10

// honeypot is a field people do not see: who fills it in is a machine.
const honeypot = "_gotcha"

var formName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// Form takes a plain HTML form post as a capture that carries a form_submit event. Fields are the names of a profile,
// custom.<key>, email, external_id, visitor_id, consent (yes or no), consent_wording (the version of the words it was asked in), the fields of a source or their utm_ names; those
// that begin with an underscore are the page's own. An empty field says nothing. A filled honeypot is answered like a
// capture, with nothing stored and no lead id. It answers as Capture does.
func (s *Service) Form(ctx context.Context, form string, values url.Values, meta FormMeta) (record.Captured, error) {
	if strings.TrimSpace(values.Get(honeypot)) != "" {
		return record.Captured{}, nil
	}
	var ps Problems
	if !formName.MatchString(form) {
		ps.add("form", CodeInvalid, "must be 1 to 64 of a-z 0-9 _ -")
		return record.Captured{}, ps
	}
	if formSize(values) > maxForm {
		ps.add("form", CodeTooLarge, "must be at most %d bytes", maxForm)
		return record.Captured{}, ps
	}
	in := readForm(&ps, values)
	if in.Source.Referrer == "" && cleanText(meta.Referrer) && len(meta.Referrer) <= maxURL {
		in.Source.Referrer = meta.Referrer
	}
	c, more := s.normalize(in, By{Actor: lifecycle.Actor{Type: "lead"}, Via: "form"})
	ps = append(ps, more...)
	if c.Email == "" && c.ExternalID == "" && !names(ps, "email", "external_id") {
		ps.add("email", CodeRequired, "give an email")
	}
	if err := ps.err(); err != nil {
		return record.Captured{}, err
	}
	c.Event = &record.Event{Type: "form_submit", Properties: map[string]any{"form": form}}
	return s.deps.Captures.Capture(ctx, c)
}

func formSize(values url.Values) int {
	n := 0
	for name, all := range values {
		for _, v := range all {
			n += len(name) + len(v)
		}
	}
	return n
}

// readForm sorts the fields of a form into an input.
func readForm(ps *Problems, values url.Values) Input {
	in := Input{Profile: map[string]json.RawMessage{}}
	custom := map[string]any{}
	source := sourceFields(&in.Source)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		text := strings.TrimSpace(values.Get(name))
		key, own := strings.CutPrefix(name, "custom.")
		at := source[strings.Replace(name, "source.", "", 1)]
		switch {
		case strings.HasPrefix(name, "_"), text == "":
		case name == "email":
			in.Email = &text
		case name == "external_id":
			in.ExternalID = &text
		case name == "visitor_id":
			if visitorIsSecret(text) { // a browser put it there, and people cannot mend it: better a lead without a past than none
				in.VisitorID = text
			}
		case name == "consent":
			in.Consent = readConsent(ps, text)
		case name == "consent_wording": // read behind consent, which it is about
			if in.Consent != nil {
				in.Consent.Wording = text
			}
		case own:
			custom[key] = text
		case slices.Contains(person.Fields, name):
			quote(ps, in.Profile, name, text)
		case at != nil:
			*at = text
		default:
			ps.add(fieldName(name), CodeUnknownField, "is no field of a form; own fields are custom.<key>")
		}
	}
	if len(custom) > 0 {
		quote(ps, in.Profile, "custom", custom)
	}
	return in
}

// quote puts a text, or texts by key, into a profile as JSON. What is no UTF-8 is named here: JSON would quietly repair it.
func quote(ps *Problems, profile map[string]json.RawMessage, name string, v any) {
	valid := true
	switch v := v.(type) {
	case string:
		valid = utf8.ValidString(v)
	case map[string]any:
		for key, one := range v {
			text, is := one.(string)
			valid = valid && utf8.ValidString(key) && (!is || utf8.ValidString(text))
		}
	}
	raw, err := json.Marshal(v)
	if !valid || err != nil {
		ps.add("profile."+name, CodeInvalid, "must be valid UTF-8")
		return
	}
	profile[name] = raw
}

func readConsent(ps *Problems, text string) *record.Consent {
	switch strings.ToLower(text) {
	case "yes", "on", "true", "1":
		return &record.Consent{Purpose: "marketing", Granted: true}
	case "no", "off", "false", "0":
		return &record.Consent{Purpose: "marketing"}
	}
	ps.add("consent", CodeInvalid, "must be yes or no")
	return nil
}

// sourceFields are the fields of a source by their names in forms and mappings.
func sourceFields(s *record.Source) map[string]*string {
	return map[string]*string{
		"channel": &s.Channel, "utm_source": &s.Channel,
		"campaign": &s.Campaign, "utm_campaign": &s.Campaign,
		"medium": &s.Medium, "utm_medium": &s.Medium,
		"term": &s.Term, "utm_term": &s.Term,
		"content": &s.Content, "utm_content": &s.Content,
		"referrer": &s.Referrer, "landing_page": &s.LandingPage,
	}
}
