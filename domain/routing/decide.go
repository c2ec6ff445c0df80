package routing

import "slices"

// Input is all that a decision is made from. The ledger keeps it.
type Input struct {
	Facts      Facts       `json:"facts,omitempty"`
	Passed     []string    `json:"passed,omitempty"` // reps who rejected or missed it in this cycle
	Owner      string      `json:"owner,omitempty"`  // who works with the lead's account
	Read       []string    `json:"read,omitempty"`   // pools whose candidates were read; a pool may have none
	Candidates []Candidate `json:"candidates,omitempty"`
}

// Step is a pool whose candidates a decision needs.
type Step struct {
	Pool string
	Of   Pool
}

// Decision is who gets the lead, and why.
type Decision struct {
	Rule     string
	Pool     string           // that was asked last
	Strategy Strategy         // by which it chose; empty: the pool is one person
	Rep      string           // empty: nobody may have it
	Ledger   []Candidate      // all that were read, each with why it was left out
	Credits  map[string]int64 // weighted: what the pool owes from now on, of those who might have had it
	Need     *Step            // this pool has to be read first; nothing is decided yet
}

// Steps are the pools that a lead is offered to, in order: the owner of its account, then what its rule says.
func Steps(d Document, in Input) (rule string, steps []Step) {
	if in.Owner != "" && d.Account.Owner != OwnerNone {
		steps = append(steps, Step{PoolAccount, Pool{Reps: []string{in.Owner}}})
	}
	r, ok := d.rule(in.Facts)
	if !ok {
		return "", steps
	}
	if r.Rep != "" {
		steps = append(steps, Step{PoolRep, Pool{Reps: []string{r.Rep}}})
	} else {
		steps = append(steps, Step{r.Pool, d.Pools[r.Pool]})
	}
	for _, name := range r.Fallback {
		steps = append(steps, Step{name, d.Pools[name]})
	}
	return r.ID, steps
}

// Decide follows the document. Where it has to know the candidates of a pool that was not read it says so: they are read, and
// it is asked again.
func Decide(d Document, in Input) Decision {
	rule, steps := Steps(d, in)
	out := Decision{Rule: rule}
	for _, s := range steps {
		if !slices.Contains(in.Read, s.Pool) {
			out.Need = &s
			return out
		}
		out.Pool, out.Strategy = s.Pool, s.Of.Strategy
		var who []Candidate
		for _, c := range in.Candidates {
			if c.Pool == s.Pool {
				c.Excluded = c.barred(s.Of, in)
				who = append(who, c)
			}
		}
		out.Ledger = append(out.Ledger, who...)
		who = slices.DeleteFunc(slices.Clone(who), func(c Candidate) bool { return c.Excluded != "" })
		if len(who) > 0 {
			out.Rep, out.Credits = s.Of.choose(who)
			return out
		}
	}
	return out
}
