package intake

import (
	"regexp"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Limits of where somebody came from, in characters.
const (
	maxSource = 255
	maxURL    = 2000
)

var sourceCode = regexp.MustCompile(`^[a-z0-9._-]{1,64}$`)

// SourceCode is the channel as search attributes and filters have it: a short code, or other.
func SourceCode(channel string) string {
	if code := strings.ToLower(strings.TrimSpace(channel)); sourceCode.MatchString(code) {
		return code
	}
	return "other"
}

func normalizeSource(ps *Problems, in record.Source) record.Source {
	for _, f := range []struct {
		name string
		text *string
		most int
	}{
		{"channel", &in.Channel, maxSource},
		{"campaign", &in.Campaign, maxSource},
		{"medium", &in.Medium, maxSource},
		{"term", &in.Term, maxSource},
		{"content", &in.Content, maxSource},
		{"referrer", &in.Referrer, maxURL},
		{"landing_page", &in.LandingPage, maxURL},
	} {
		*f.text, _ = line(ps, "source."+f.name, *f.text, f.most)
	}
	return in
}
