// Package routing chooses who gets a lead. It decides from candidates that were read under a lock; it reads nothing itself,
// so the same candidates always give the same choice.
package routing

import "slices"

// Why a candidate was left out.
const (
	ExcludedPassed   = "passed"   // rejected or missed it in this cycle
	ExcludedCapacity = "capacity" // has as many open leads as they may
)

// Candidate is an active rep at the moment of the decision.
type Candidate struct {
	RepID    string `json:"rep_id"`
	Turn     int64  `json:"turn"` // the routing turn that came to them last; 0: none yet
	Open     int    `json:"open"` // leads they have open
	Capacity *int   `json:"capacity,omitempty"`
	Excluded string `json:"excluded,omitempty"`
}

// Choose is round robin: of those who may, the one whose last turn is longest ago, by id where that is equal. It returns
// the candidates with why each was left out, and the choice; empty when nobody may.
func Choose(candidates []Candidate, passed []string) (ledger []Candidate, choice string) {
	ledger = slices.Clone(candidates)
	best := -1
	for i := range ledger {
		c := &ledger[i]
		switch {
		case slices.Contains(passed, c.RepID):
			c.Excluded = ExcludedPassed
		case c.Capacity != nil && c.Open >= *c.Capacity:
			c.Excluded = ExcludedCapacity
		case best < 0 || c.Turn < ledger[best].Turn || c.Turn == ledger[best].Turn && c.RepID < ledger[best].RepID:
			best = i
		}
	}
	if best < 0 {
		return ledger, ""
	}
	return ledger, ledger[best].RepID
}
