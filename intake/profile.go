package intake

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Limits of a profile.
const (
	maxField      = 255  // characters of an own field
	maxCustom     = 1000 // characters of a custom text
	maxCustomKeys = 100  // of one capture
	maxNumber     = 1_000_000_000_000_000
)

var customKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// normalizeProfile turns the fields of a capture into what is stored: contract fields by name and custom.<key>; nil
// clears. Every bad field is noted.
func normalizeProfile(ps *Problems, in map[string]json.RawMessage) map[string]any {
	out := make(map[string]any, len(in))
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if name == "custom" {
			normalizeCustom(ps, in[name], out)
			continue
		}
		field := "profile." + name
		if !slices.Contains(person.Fields, name) {
			ps.add("profile."+fieldName(name), CodeUnknownField, "is no field of a profile; own fields go into profile.custom")
			continue
		}
		v, ok := value(in[name])
		if !ok {
			ps.add(field, CodeInvalid, "must be valid JSON in UTF-8")
			continue
		}
		if v, ok = normalizeField(ps, field, name, v); ok {
			out[name] = v
		}
	}
	normalizePhone(out)
	return out
}

// fieldName keeps a name that somebody sent fit for an error: names are echoed only when they look like names.
func fieldName(name string) string {
	if customKey.MatchString(name) {
		return name
	}
	return "(unreadable)"
}

// normalizeField reads one own field; null and empty text clear.
func normalizeField(ps *Problems, field, name string, v any) (any, bool) {
	if text, is := v.(string); v == nil || is && strings.TrimSpace(text) == "" {
		return nil, true
	}
	if slices.Contains(person.Numbers, name) {
		n, ok := number(v)
		if !ok || n < 0 || n > maxNumber {
			ps.add(field, CodeInvalid, "must be a number, at least 0")
			return nil, false
		}
		return n, true
	}
	text, ok := v.(string)
	if !ok {
		ps.add(field, CodeInvalid, "must be a text")
		return nil, false
	}
	if text, ok = line(ps, field, text, maxField); !ok {
		return nil, false
	}
	return normalizeText(ps, field, name, text)
}

// normalizeText reads the fields whose text means something.
func normalizeText(ps *Problems, field, name, text string) (any, bool) {
	switch name {
	case "country":
		return normalizeCountry(text), true
	case "company_domain":
		host, ok := normalizeDomain(strings.TrimPrefix(hostOf(text), "www."))
		if !ok {
			ps.add(field, CodeInvalid, "must be a domain such as example.com")
			return nil, false
		}
		return host, true
	case "time_zone":
		if _, err := time.LoadLocation(text); err != nil || text == "Local" {
			ps.add(field, CodeInvalid, "must be an IANA time zone such as Europe/Berlin")
			return nil, false
		}
	case "language":
		tag, err := language.Parse(text)
		if err != nil {
			ps.add(field, CodeInvalid, "must be a BCP 47 language such as en or pt-BR")
			return nil, false
		}
		return tag.String(), true
	}
	return text, true
}

// hostOf is the host of what may have been given as a URL.
func hostOf(text string) string {
	text = strings.ToLower(text)
	if _, rest, ok := strings.Cut(text, "://"); ok {
		text = rest
	}
	if i := strings.IndexAny(text, "/?#"); i >= 0 {
		text = text[:i]
	}
	return text
}

// normalizePhone writes a number as E.164 when it can be read with the country given beside it. What cannot be read
// stays as it was written: a person can still dial it.
func normalizePhone(out map[string]any) {
	phone, ok := out["phone"].(string)
	if !ok {
		return
	}
	country, _ := out["country"].(string)
	if len(country) != 2 {
		country = ""
	}
	n, err := phonenumbers.Parse(phone, country)
	if err == nil && phonenumbers.IsValidNumber(n) && n.GetExtension() == "" {
		out["phone"] = phonenumbers.Format(n, phonenumbers.E164)
	}
}

// normalizeCustom reads the own fields of a house: texts, numbers and truth values under short keys.
func normalizeCustom(ps *Problems, raw json.RawMessage, out map[string]any) {
	v, ok := value(raw)
	fields, is := v.(map[string]any)
	if !ok || !is {
		ps.add("profile.custom", CodeInvalid, "must be an object; to clear a field give it as null")
		return
	}
	if len(fields) > maxCustomKeys {
		ps.add("profile.custom", CodeTooLarge, "at most %d fields at once", maxCustomKeys)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if !customKey.MatchString(key) {
			ps.add("profile.custom", CodeInvalid, "keys are 1 to 64 of a-z A-Z 0-9 _ -")
			continue
		}
		if v, ok := normalizeCustomValue(ps, "profile.custom."+key, fields[key]); ok {
			out["custom."+key] = v
		}
	}
}

func normalizeCustomValue(ps *Problems, field string, v any) (any, bool) {
	switch v := v.(type) {
	case nil, bool, float64:
		return v, true
	case string:
		text, ok := block(ps, field, v, maxCustom)
		if text == "" {
			return nil, ok
		}
		return text, ok
	}
	ps.add(field, CodeInvalid, "must be a text, a number, true, false or null")
	return nil, false
}
