package lifecycle

import (
	"maps"
	"slices"
)

// Vocabulary is the reasons a house has given itself: for each kind of decision (reject, lose, disqualify) by code. One that
// has the code of a built-in reason takes its place, also where it is retired.
type Vocabulary map[string]map[string]Reason

// Reasoned are the kinds of decisions that want a reason, by the names people know them by.
var Reasoned = map[string]EventKind{"reject": Rejected, "lose": Lost, "disqualify": Disqualified}

// called is the name of a kind of decision that wants a reason.
func called(k EventKind) string {
	switch k {
	case Rejected:
		return "reject"
	case Lost:
		return "lose"
	case Disqualified:
		return "disqualify"
	}
	return ""
}

// own is a reason of the house.
func (p Policy) own(k EventKind, reason string) (Reason, bool) {
	r, ok := p.Vocabulary[called(k)][reason]
	return r, ok
}

// With is the policy with more reasons of the house; one that it has already is replaced. The policy itself stays as it is.
func (p Policy) With(more Vocabulary) Policy {
	if len(more) == 0 {
		return p
	}
	all := Vocabulary{}
	for _, from := range []Vocabulary{p.Vocabulary, more} {
		for kind, reasons := range from {
			if all[kind] == nil {
				all[kind] = map[string]Reason{}
			}
			maps.Copy(all[kind], reasons)
		}
	}
	p.Vocabulary = all
	return p
}

// Listed is one reason as it may be given.
type Listed struct {
	Code   string
	Origin string // built_in, policy (its document), or house
	Reason        // as it would be acted on; Retired: it may not be given any more
}

// Reasons lists all that a kind of decision knows or knew, by code.
func (p Policy) Reasons(k EventKind) []Listed {
	origin := map[string]string{}
	for code := range builtIn[k] {
		origin[code] = "built_in"
	}
	for code := range p.Recycle.Reasons {
		if p.Knows(k, code) || origin[code] != "" {
			origin[code] = "policy"
		}
	}
	for code := range p.Vocabulary[called(k)] {
		origin[code] = "house"
	}
	out := make([]Listed, 0, len(origin))
	for _, code := range slices.Sorted(maps.Keys(origin)) {
		r := p.Reason(k, code)
		if r.Path != PathRecycle {
			r.CoolDown, r.Score, r.Sequence = 0, "", ""
		}
		own, ok := p.own(k, code)
		if !ok {
			own = p.Recycle.Reasons[code]
		}
		r.Title, r.Retired = own.Title, !p.Knows(k, code)
		out = append(out, Listed{Code: code, Origin: origin[code], Reason: r})
	}
	return out
}

// reason is what the reason of a decision leads to.
func (c *change) reason(k EventKind) Reason {
	if c.e.Rule != nil && c.e.Rule.Path != "" && fits(k, c.e.Rule.Path) {
		return c.p.inStage(c.Stage, k, c.e.Decision.Reason, *c.e.Rule)
	}
	return c.p.ReasonIn(c.Stage, k, c.e.Decision.Reason)
}

// Leads reports whether a kind of decision can take a path.
func Leads(k EventKind, path Path) bool {
	return fits(k, path) && (k != Disqualified || path == PathDisqualify)
}
