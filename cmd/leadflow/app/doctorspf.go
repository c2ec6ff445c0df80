package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// spfLookups is how many questions a receiver asks before it gives up (RFC 7208, 4.6.4).
const spfLookups = 10

// spf looks whether the domain of the return path says who may send for it, in a form that receivers can read. Whether the
// mail server is one of them only its own address can tell, which we do not know.
func (d *mailDoctor) spf(ctx context.Context) Check {
	c := Check{Name: "spf", Mend: `publish one TXT record at ` + d.path + `, such as "v=spf1 include:your-mail-server.example -all"`}
	record, err := d.spfOf(ctx, d.path)
	if err != nil {
		c.Says = d.path + ": " + err.Error()
		return c
	}
	n, err := d.count(ctx, d.path, record, nil)
	terms := strings.Fields(strings.ToLower(record))
	switch {
	case err != nil:
		c.Says = d.path + ": " + err.Error()
	case n > spfLookups:
		c.Says, c.Mend = fmt.Sprintf("%s asks %d questions of the DNS; receivers give up after %d", d.path, n, spfLookups), "take out includes that are not needed, or write their addresses as ip4: and ip6:"
	case slices.Contains(terms, "+all") || slices.Contains(terms, "all"):
		c.Says, c.Mend = d.path+" lets everybody send for it (+all)", "end it with -all or ~all"
	case !slices.ContainsFunc(terms, func(t string) bool { return strings.HasSuffix(t, "all") || strings.HasPrefix(t, "redirect=") }):
		c.Says, c.Mend = d.path+" says nothing about all others", "end it with -all or ~all"
	default:
		c.OK, c.Says, c.Mend = true, fmt.Sprintf("%s: %s (%d of %d questions)", d.path, record, n, spfLookups), ""
		d.spfPasses = true
	}
	return c
}

// spfOf is the one SPF record of a domain.
func (d *mailDoctor) spfOf(ctx context.Context, domain string) (string, error) {
	texts, err := d.dns.LookupTXT(ctx, domain)
	if err != nil {
		return "", fmt.Errorf("%s", whyNot(err))
	}
	var found []string
	for _, text := range texts {
		if first, _, _ := strings.Cut(text, " "); strings.EqualFold(first, "v=spf1") {
			found = append(found, text)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("there is no SPF record")
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("there are %d SPF records, which receivers take for an error", len(found))
}

// count is how many questions a receiver may have to ask.
func (d *mailDoctor) count(ctx context.Context, domain, record string, within []string) (n int, err error) {
	if slices.Contains(within, domain) {
		return 0, fmt.Errorf("%s includes itself", domain)
	}
	within = append(within, domain)
	for _, term := range strings.Fields(strings.ToLower(record))[1:] {
		term = strings.TrimLeft(term, "+-~?")
		name, value, _ := strings.Cut(strings.Replace(term, "=", ":", 1), ":")
		name, _, _ = strings.Cut(name, "/")
		switch name {
		case "a", "mx", "ptr", "exists":
			n++
		case "include", "redirect":
			n++
			if strings.Contains(value, "%") || n > spfLookups {
				continue // a macro, which depends on the mail
			}
			other, err := d.spfOf(ctx, value)
			if err != nil {
				return n, fmt.Errorf("its %s of %s: %w", name, value, err)
			}
			more, err := d.count(ctx, value, other, within)
			if n += more; err != nil {
				return n, err
			}
		}
	}
	return n, nil
}
