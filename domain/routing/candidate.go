package routing

import (
	"slices"
	"strings"
	"time"
)

// Why a candidate was left out. The codes are part of the ledger.
const (
	ExcludedPassed    = "passed"    // rejected or missed it in this cycle
	ExcludedInactive  = "inactive"  // takes no leads any more
	ExcludedAway      = "away"      // absent at this moment
	ExcludedCapacity  = "capacity"  // has as many open leads as they may
	ExcludedPerDay    = "per_day"   // was given as many today as they may
	ExcludedTags      = "tags"      // lacks a tag of the pool
	ExcludedLanguage  = "language"  // does not speak the lead's
	ExcludedTerritory = "territory" // does not cover the lead's
	ExcludedWeight    = "weight"    // weighs nothing
	ExcludedClosed    = "closed"    // never opens again
)

// Candidate is a rep at the moment of the decision, as one pool sees them.
type Candidate struct {
	Pool        string     `json:"pool,omitempty"`
	RepID       string     `json:"rep_id"`
	Turn        int64      `json:"turn"`             // the turn of the pool that came to them last; 0: none yet
	Credit      int64      `json:"credit,omitempty"` // weighted: what the pool owes them, in leads by Whole
	Weight      int        `json:"weight,omitempty"`
	Open        *int       `json:"open,omitempty"` // leads they have open; nil: nobody asked, for it does not matter
	Capacity    *int       `json:"capacity,omitempty"`
	Today       *int       `json:"today,omitempty"` // offers since their midnight
	PerDay      *int       `json:"per_day,omitempty"`
	Inactive    bool       `json:"inactive,omitempty"`
	Away        bool       `json:"away,omitempty"`
	Tags        []string   `json:"tags,omitempty"`
	Languages   []string   `json:"languages,omitempty"`   // BCP 47
	Territories []string   `json:"territories,omitempty"` // values of the field that pools cover by
	OpensAt     *time.Time `json:"opens_at,omitempty"`    // first_available: when they are at work next; nil: never
	Excluded    string     `json:"excluded,omitempty"`
}

// barred is why a candidate may not have the lead; empty: they may.
func (c Candidate) barred(p Pool, in Input) string {
	switch {
	case c.Inactive:
		return ExcludedInactive
	case slices.Contains(in.Passed, c.RepID):
		return ExcludedPassed
	case c.Away:
		return ExcludedAway
	case c.Capacity != nil && c.Open != nil && *c.Open >= *c.Capacity:
		return ExcludedCapacity
	case c.PerDay != nil && c.Today != nil && *c.Today >= *c.PerDay:
		return ExcludedPerDay
	case slices.ContainsFunc(p.Tags, func(tag string) bool { return !among(c.Tags, tag) }):
		return ExcludedTags
	case p.Speaks && !c.speaks(in.Facts.text("language")):
		return ExcludedLanguage
	case p.Covers != "" && !c.covers(in.Facts.text(p.Covers)):
		return ExcludedTerritory
	case p.Strategy == Weighted && c.Weight < 1:
		return ExcludedWeight
	case p.Strategy == FirstAvailable && c.OpensAt == nil:
		return ExcludedClosed
	}
	return ""
}

// speaks reports whether one of their languages is the lead's, or the one that the lead's is a kind of: de speaks de-AT. A
// language that nobody knows shuts out nobody.
func (c Candidate) speaks(language string) bool {
	language = strings.ToLower(language)
	return language == "" || slices.ContainsFunc(c.Languages, func(mine string) bool {
		mine = strings.ToLower(mine)
		return language == mine || strings.HasPrefix(language, mine+"-")
	})
}

func (c Candidate) covers(place string) bool { return place == "" || among(c.Territories, place) }

func among(list []string, one string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, one) })
}
