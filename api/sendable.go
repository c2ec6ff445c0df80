package api

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/domain/spell"
	"github.com/leadflow-dev/leadflow/intake"
	"github.com/leadflow-dev/leadflow/mail/liquid"
)

// sendable finds what would make a mail fail, or go out at the wrong time or with a hole in it, long after the sequence was published.
func (a *API) sendable(s sequence.Sequence) []sequence.Problem {
	var out []sequence.Problem
	for i, step := range s.Steps {
		if step.Mail == nil {
			continue
		}
		for _, part := range []struct{ name, source string }{{"subject", step.Mail.Subject}, {"preheader", step.Mail.Preheader}, {"body", step.Mail.Body}} {
			at := fmt.Sprintf("steps[%d].mail.%s", i, part.name)
			t, err := liquid.Parse(part.source)
			if err != nil {
				out = append(out, sequence.Problem{Path: at, Message: "the template, " + err.Error()})
				continue
			}
			for _, name := range t.Variables() {
				if why := a.unknown(name); why != "" {
					line, column := placeIn(part.source, name)
					out = append(out, sequence.Problem{Path: at, Message: fmt.Sprintf("the template, line %d, column %d: %s", line, column, why)})
				}
			}
		}
	}
	if w := s.Window; w != nil && w.Zone != "" && w.Zone != sequence.ZoneLead && !intake.KnownZone(w.Zone) {
		out = append(out, sequence.Problem{Path: "window.zone", Message: "is no IANA time zone such as Europe/Berlin"})
	}
	return out
}

// told of a lead beside its profile.
var toldOfALead = append([]string{"email", "score", "band", "stage"}, person.Fields...)

// unknown says what is wrong with a variable that no mail will ever have a value for; "" where nothing is.
func (a *API) unknown(name string) string {
	known, prefix := toldOfALead, ""
	switch link, isLink := strings.CutPrefix(name, "links."); {
	case strings.HasPrefix(name, "custom."), isLink && a.Links == nil:
		return ""
	case isLink:
		name, known, prefix = link, append([]string{"preferences", "unsubscribe"}, a.Links...), "links."
	}
	if slices.Contains(known, name) {
		return ""
	}
	if near := spell.Meant(name, known); near != "" {
		return fmt.Sprintf("nothing is known by the name %s%s: did you mean %s%s?", prefix, name, prefix, near)
	}
	if prefix != "" {
		return fmt.Sprintf("nothing is known by the name %s%s: set it with LEADFLOW_MAIL_LINKS, or use one of %s", prefix, name, strings.Join(known, " "))
	}
	return fmt.Sprintf("nothing is known by the name %s: write custom.<key>, links.<name>, or one of %s", name, strings.Join(known, " "))
}

// placeIn is the line and column, from 1, of a variable in a template.
func placeIn(source, name string) (line, column int) {
	tag := regexp.MustCompile(`\{[{%](?:[^}]*[^\w.}])?(` + regexp.QuoteMeta(name) + `)(?:[^\w.]|$)`)
	at := 0
	if m := tag.FindStringSubmatchIndex(source); m != nil {
		at = m[2]
	}
	before := source[:at]
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}

// playable finds what of the house the sequence does not fit.
func (h house) playable(s sequence.Sequence) []sequence.Problem {
	var out []sequence.Problem
	for i, step := range s.Steps {
		if step.Notify == nil || step.Notify.Rep == "" || h.reps[step.Notify.Rep] {
			continue
		}
		message := "is the address of no active rep: make one with `leadflow rep create`"
		var active []string
		for email, on := range h.reps {
			if on {
				active = append(active, email)
			}
		}
		slices.Sort(active)
		if near := spell.Meant(step.Notify.Rep, active); near != "" {
			message = "is the address of no active rep: did you mean " + near + "?"
		}
		out = append(out, sequence.Problem{Path: fmt.Sprintf("steps[%d].notify.rep", i), Message: message})
	}
	if !s.EverOpen(h.rules) {
		out = append(out, sequence.Problem{Path: "window", Message: fmt.Sprintf(
			"is open only in the quiet hours of the policy, %s to %s: no mail would ever go out", h.rules.Quiet.From, h.rules.Quiet.To)})
	}
	return out
}
