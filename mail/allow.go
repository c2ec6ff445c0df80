package mail

import (
	"fmt"
	"strings"

	"golang.org/x/net/idna"
)

// Allow is whom mail may go to in safe mode: addresses, and patterns such as *@example.com, *@*.example.com and *.
type Allow []string

// ReadAllow reads patterns that stand with commas between them. Nothing allows nobody.
func ReadAllow(text string) (Allow, error) {
	var out Allow
	for _, p := range strings.Split(text, ",") {
		if p = strings.ToLower(strings.TrimSpace(p)); p == "" {
			continue
		}
		local, domain, ok := strings.Cut(p, "@")
		if p != "*" && (!ok || local == "" || local != "*" && strings.Contains(local, "*") ||
			strings.TrimPrefix(domain, "*.") == "" || domain != "*" && strings.Contains(strings.TrimPrefix(domain, "*."), "*")) {
			return nil, fmt.Errorf("pattern %d is none such as ada@example.com, *@example.com, *@*.example.com or *", len(out)+1)
		}
		if ok {
			p = local + "@" + asciiDomain(domain)
		}
		out = append(out, p)
	}
	return out, nil
}

// Allows reports whether mail may go to an address.
func (a Allow) Allows(address string) bool {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return false
	}
	local, domain := strings.ToLower(address[:at]), asciiDomain(strings.ToLower(address[at+1:]))
	for _, p := range a {
		wanted, host, _ := strings.Cut(p, "@")
		below, wild := strings.CutPrefix(host, "*.")
		if p == "*" || (wanted == "*" || wanted == local) && (host == "*" || host == domain || wild && strings.HasSuffix(domain, "."+below)) {
			return true
		}
	}
	return false
}

// asciiDomain is a domain as mail systems write it, with the wildcards of a pattern as they are. One that is none stays.
func asciiDomain(domain string) string {
	if ascii(domain) {
		return domain
	}
	below, wild := strings.CutPrefix(domain, "*.")
	converted, err := idna.Lookup.ToASCII(below)
	switch {
	case err != nil:
		return domain
	case wild:
		return "*." + converted
	}
	return converted
}
