package intake

import (
	"net/mail"
	"slices"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Limits of RFC 5321, in bytes.
const (
	maxAddress = 254
	maxLocal   = 64
)

// addressRules turn an address into the identity it stands for.
type addressRules struct {
	stripTags   bool
	stripDotsAt []string
}

func newAddressRules(cfg Config) addressRules {
	return addressRules{stripTags: cfg.StripTags, stripDotsAt: cfg.StripDotsAt}
}

// NormalizeAddress makes the identity of a bare address: trimmed, lower case, domain in ASCII, dots and tags kept unless
// configured. It answers false for what is no address: display names, quoted local parts, domain literals and domains
// without a dot are not taken.
func (s *Service) NormalizeAddress(text string) (string, bool) { return s.address.normalize(text) }

func (r addressRules) normalize(text string) (string, bool) {
	text = norm.NFC.String(strings.TrimSpace(text))
	if len(text) > 4*maxAddress || !cleanText(text) {
		return "", false
	}
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Name != "" || parsed.Address != text {
		return "", false
	}
	at := strings.LastIndexByte(text, '@')
	local, domain := strings.ToLower(text[:at]), text[at+1:]
	domain, ok := normalizeDomain(domain)
	if !ok {
		return "", false
	}
	if r.stripTags {
		if i := strings.IndexByte(local, '+'); i > 0 {
			local = local[:i]
		}
	}
	if slices.Contains(r.stripDotsAt, domain) {
		local = strings.ReplaceAll(local, ".", "")
	}
	whole := local + "@" + domain
	return whole, local != "" && len(local) <= maxLocal && len(whole) <= maxAddress
}

// normalizeDomain makes the ASCII form of a host name with at least one dot.
func normalizeDomain(text string) (string, bool) {
	ascii, err := idna.Lookup.ToASCII(text)
	if err != nil || len(ascii) > 253 || !strings.Contains(ascii, ".") || strings.HasPrefix(ascii, ".") || strings.HasSuffix(ascii, ".") {
		return "", false
	}
	return ascii, true
}
