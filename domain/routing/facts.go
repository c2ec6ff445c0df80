package routing

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Facts are what a document asks of a lead, by field. What is not known is absent.
type Facts map[string]any

func (f Facts) text(field string) string {
	t, _ := f[field].(string)
	return strings.TrimSpace(t)
}

// Own are the fields that a condition may name beside those of a profile. account.owner holds the id of the rep who works with
// the lead's company already.
var Own = []string{
	"source.channel", "source.campaign", "source.medium", "source.term", "source.content", "source.referrer", "source.landing_page",
	"score", "fit", "engagement", "band", "grade", "cycle", "account.domain", "account.owner",
}

// Known reports whether a condition may name a field.
func Known(field string) bool { return slices.Contains(Own, field) || person.Known(field) }

// Fields are those that the document asks for, each once.
func (d Document) Fields() []string {
	var out []string
	for _, r := range d.Rules {
		for _, c := range r.When {
			out = append(out, c.Field)
		}
	}
	for _, p := range d.Pools {
		if p.Speaks {
			out = append(out, "language")
		}
		if p.Covers != "" {
			out = append(out, p.Covers)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Only keeps of the facts what the document asks for: the ledger holds no more of a person than its decision took.
func (f Facts) Only(d Document) Facts {
	out := Facts{}
	for _, field := range d.Fields() {
		if v, ok := f[field]; ok && v != nil && v != "" {
			out[field] = v
		}
	}
	return out
}

// meets reports whether all conditions of a rule hold.
func (r Rule) meets(f Facts) bool {
	return !slices.ContainsFunc(r.When, func(c scoring.Condition) bool {
		v, there := f[c.Field]
		return !c.Holds(v, there)
	})
}

// rule is the first that the lead meets; false where none is, which a valid document does not let happen.
func (d Document) rule(f Facts) (Rule, bool) {
	for _, r := range d.Rules {
		if r.meets(f) {
			return r, true
		}
	}
	return Rule{}, false
}

//go:embed freemail.txt
var freeMail string // its first lines, after #, say where it comes from

// providers are the domains of that file. To look for one in the text itself takes longer than all else in a decision.
var providers = sync.OnceValue(func() map[string]struct{} {
	out := map[string]struct{}{}
	for line := range strings.Lines(freeMail) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out[line] = struct{}{}
		}
	}
	return out
})

// FreeMail reports whether anybody gets an address of the domain, in lower case: then it says nothing about a company.
func FreeMail(domain string) bool {
	_, is := providers()[domain]
	return is
}

// AccountOf is the domain by which a lead's company is known; empty: by none.
func (d Document) AccountOf(companyDomain, email string) string {
	if d.Account.Owner == OwnerNone {
		return ""
	}
	domain := strings.ToLower(strings.TrimSpace(companyDomain))
	if domain == "" {
		_, after, _ := strings.Cut(email, "@")
		domain = strings.ToLower(after)
	}
	if FreeMail(domain) || among(d.Account.FreeMail, domain) {
		return ""
	}
	return domain
}
