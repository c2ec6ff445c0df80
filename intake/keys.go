package intake

import (
	"regexp"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// maxExternal bounds the value of an external id, in characters.
const maxExternal = 200

var (
	externalSource = regexp.MustCompile(`^[a-z0-9._-]{1,64}$`)
	visitorAlpha   = regexp.MustCompile(`^[A-Za-z0-9_-]{22,128}$`)
	purpose        = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
	wording        = regexp.MustCompile(`^[A-Za-z0-9._:-]{0,64}$`)
	onlyHex        = regexp.MustCompile(`^[0-9a-fA-F-]+$`)
)

// normalizeExternalID reads source:value. The source is a code in lower case, the value is kept as it is written.
func normalizeExternalID(ps *Problems, text string) string {
	text, ok := line(ps, "external_id", text, maxExternal+65)
	if !ok || text == "" {
		return ""
	}
	source, id, found := strings.Cut(text, ":")
	source, id = strings.ToLower(source), strings.TrimSpace(id)
	if !found || id == "" || !externalSource.MatchString(source) {
		ps.add("external_id", CodeInvalid, "must be source:value, the source being 1 to 64 of a-z 0-9 . _ -")
		return ""
	}
	return source + ":" + id
}

// visitorIsSecret reports whether the id has room for the 128 bits that keep visitors from being guessed: 22 characters of
// base64url, or 32 hexadecimal digits.
func visitorIsSecret(id string) bool {
	if !visitorAlpha.MatchString(id) {
		return false
	}
	return !onlyHex.MatchString(id) || len(strings.ReplaceAll(id, "-", "")) >= 32
}

func checkVisitor(ps *Problems, id string) {
	if id != "" && !visitorIsSecret(id) {
		ps.add("visitor_id", CodeInvalid, "must be a random secret of at least 128 bits: 22 or more characters of base64url or 32 or more hexadecimal digits")
	}
}

func checkConsent(ps *Problems, c *record.Consent) {
	if c != nil && !purpose.MatchString(c.Purpose) {
		ps.add("consent.purpose", CodeInvalid, "must be marketing, tracking or a topic: 1 to 64 of a-z 0-9 _ -")
	}
	if c != nil && !wording.MatchString(c.Wording) {
		ps.add("consent.wording", CodeInvalid, "must be a version of at most 64 of A-Z a-z 0-9 . _ : -")
	}
	if c != nil && c.DoubleOptIn && !c.Granted {
		ps.add("consent.double_opt_in", CodeInvalid, "is about a yes: a no counts at once")
	}
}
