package routing

import (
	"cmp"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Strategy is how a pool chooses among those who may have a lead.
type Strategy string

// The strategies. Where two are equal, the one whose last turn in the pool is longest ago is chosen.
const (
	RoundRobin     Strategy = "round_robin"     // in turn
	Weighted       Strategy = "weighted"        // in turn, by the weights of the reps
	LeastLoaded    Strategy = "least_loaded"    // who has the fewest open leads
	FirstAvailable Strategy = "first_available" // who is at work first, by their hours
)

// Strategies lists them.
var Strategies = []Strategy{RoundRobin, Weighted, LeastLoaded, FirstAvailable}

// Document says who gets which lead. Teams and reps are ids in it; the file form may name them (Resolve).
type Document struct {
	Name    string          `json:"name"`
	Account Account         `json:"account,omitzero"`
	Rules   []Rule          `json:"rules"` // the first whose conditions hold decides; the last has none
	Pools   map[string]Pool `json:"pools,omitempty"`
}

// Account says what becomes of leads of a company that somebody of ours works with already. A company is known by its domain:
// company_domain of the profile, else the domain of the address where that is no provider's (FreeMail).
type Account struct {
	Owner    string   `json:"owner,omitempty"`     // first (as when absent): offered to them first; none: they are not looked for
	FreeMail []string `json:"free_mail,omitempty"` // more domains that say nothing about a company
}

// What Account.Owner may be.
const (
	OwnerFirst = "first"
	OwnerNone  = "none"
)

// Rule sends leads to a pool or to a person.
type Rule struct {
	ID       string              `json:"id"`
	When     []scoring.Condition `json:"when,omitempty"` // all of them hold; none: everybody
	Pool     string              `json:"pool,omitempty"`
	Rep      string              `json:"rep,omitempty"`
	Fallback []string            `json:"fallback,omitempty"` // pools that are asked in turn where nobody may have it
}

// Pool is a group of reps and how one of them is chosen. With neither team nor reps it is everybody.
type Pool struct {
	Strategy Strategy `json:"strategy"`
	Team     string   `json:"team,omitempty"`
	Reps     []string `json:"reps,omitempty"`
	Tags     []string `json:"tags,omitempty"`   // whoever lacks one of them is left out
	Speaks   bool     `json:"speaks,omitempty"` // whoever does not speak the lead's language is left out
	Covers   string   `json:"covers,omitempty"` // a field of the lead, such as country: whose territories do not name its value is left out
}

// The pools that no document names. They keep no turns of their own but the first.
const (
	PoolEverybody = "everybody" // of the document that is built in
	PoolAccount   = "@account"  // the owner of the lead's account
	PoolRep       = "@rep"      // the person whom a rule names
)

// Default is what holds while no document is published: everybody in turn, of the lead's team where it has one.
func Default() Document {
	return Document{
		Name: "everybody in turn", Account: Account{Owner: OwnerNone},
		Rules: []Rule{{ID: "everybody", Pool: PoolEverybody}},
		Pools: map[string]Pool{PoolEverybody: {Strategy: RoundRobin}},
	}
}

// RuleTeam is the rule of a document that gives a lead to a team.
const RuleTeam = "team"

const ofTeam = "@team:"

// TeamOf is the team of OfTeam's pool.
func TeamOf(pool string) string { return strings.TrimPrefix(pool, ofTeam) }

// OfTeam is what holds when a person gives a lead to a team: its reps in turn.
func OfTeam(team string) Document {
	pool := ofTeam + team
	return Document{
		Name: "a team in turn", Account: Account{Owner: OwnerNone},
		Rules: []Rule{{ID: RuleTeam, Pool: pool}},
		Pools: map[string]Pool{pool: {Strategy: RoundRobin, Team: team}},
	}
}

// Names are the teams and reps that a document names, each once.
func (d Document) Names() (teams, reps []string) {
	for _, p := range d.Pools {
		if p.Team != "" {
			teams = append(teams, p.Team)
		}
		reps = append(reps, p.Reps...)
	}
	for _, r := range d.Rules {
		if r.Rep != "" {
			reps = append(reps, r.Rep)
		}
	}
	slices.Sort(teams)
	slices.Sort(reps)
	return slices.Compact(teams), slices.Compact(reps)
}

// Resolve puts ids in the place of names; what is not in the maps stays as it is.
func (d Document) Resolve(teams, reps map[string]string) Document {
	out := d
	out.Rules = slices.Clone(d.Rules)
	for i, r := range out.Rules {
		out.Rules[i].Rep = cmp.Or(reps[r.Rep], r.Rep)
	}
	out.Pools = make(map[string]Pool, len(d.Pools))
	for name, p := range d.Pools {
		p.Team = cmp.Or(teams[p.Team], p.Team)
		p.Reps = slices.Clone(p.Reps)
		for i, r := range p.Reps {
			p.Reps[i] = cmp.Or(reps[r], r)
		}
		out.Pools[name] = p
	}
	return out
}
