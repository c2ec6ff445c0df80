package routing

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// because is how a pool chooses, in words.
var because = map[Strategy]string{
	RoundRobin: "whose last turn is longest ago", Weighted: "whose weight says that it is their turn",
	LeastLoaded: "who has the fewest open leads", FirstAvailable: "who is at work first",
}

// left is why a candidate was left out, in words.
func (c Candidate) left() string {
	count := func(n *int) string {
		if n == nil {
			return "?"
		}
		return strconv.Itoa(*n)
	}
	switch c.Excluded {
	case ExcludedPassed:
		return "passed it before in this cycle"
	case ExcludedInactive:
		return "takes no leads any more"
	case ExcludedAway:
		return "was away"
	case ExcludedCapacity:
		return fmt.Sprintf("had %s leads open of at most %s", count(c.Open), count(c.Capacity))
	case ExcludedPerDay:
		return fmt.Sprintf("was offered %s that day of at most %s", count(c.Today), count(c.PerDay))
	case ExcludedTags:
		return "lacks a tag of the pool"
	case ExcludedLanguage:
		return "does not speak the lead's language"
	case ExcludedTerritory:
		return "does not cover where the lead is"
	case ExcludedWeight:
		return "has no weight"
	case ExcludedClosed:
		return "has no working hours ahead"
	}
	return ""
}

// said is what decided between those who were left.
func (c Candidate) said(s Strategy) string {
	switch {
	case s == RoundRobin && c.Turn == 0:
		return "no turn yet"
	case s == RoundRobin:
		return fmt.Sprintf("last turn %d", c.Turn)
	case s == Weighted:
		return fmt.Sprintf("weight %d, %.2f leads owed before", c.Weight, float64(c.Credit)/Whole)
	case s == LeastLoaded && c.Open != nil:
		return fmt.Sprintf("%d open", *c.Open)
	case s == FirstAvailable && c.OpensAt != nil:
		return "at work from " + c.OpensAt.UTC().Format("2006-01-02 15:04 MST")
	}
	return ""
}

// Words say a decision: by which rule, who was asked, why each was left out, and who has it. Names are those of reps by id.
func Words(document int, in *Input, d Decision, names map[string]string) []string {
	name := func(id string) string { return cmp.Or(names[id], id) }
	by := "nothing is published, so everybody goes in turn"
	if document > 0 {
		by = fmt.Sprintf("routing document %d", document)
	} else if d.Rule == RuleTeam {
		by = "somebody gave it to a team"
	}
	out := []string{fmt.Sprintf("By rule %s: %s.", d.Rule, by)}
	pool := ""
	for _, c := range d.Ledger {
		if c.Pool != pool {
			pool = c.Pool
			out = append(out, asked(pool))
		}
		line := name(c.RepID)
		switch {
		case c.Excluded != "":
			line += " was left out: " + c.left() + "."
		case c.RepID == d.Rep:
			line += suffixed(" was chosen", c.said(d.Strategy))
		default:
			line += suffixed(" might have had it", c.said(d.Strategy))
		}
		out = append(out, line)
	}
	if in != nil && len(in.Read) > 0 && len(d.Ledger) == 0 {
		out = append(out, "Nobody is in the pools that were asked: "+strings.Join(in.Read, ", ")+".")
	}
	switch why, chosen := because[d.Strategy], d.Rep != ""; {
	case !chosen:
		out = append(out, "Nobody may have it now: it waits, and is tried again.")
	case d.Pool == PoolAccount:
		out = append(out, name(d.Rep)+" has it, who works with the lead's company already.")
	case why == "":
		out = append(out, name(d.Rep)+" has it, whom the rule names.")
	default:
		out = append(out, fmt.Sprintf("%s has it: of those who may, the one %s.", name(d.Rep), why))
	}
	return out
}

func asked(pool string) string {
	switch {
	case pool == PoolAccount:
		return "Asked first: who works with the lead's company."
	case pool == PoolRep:
		return "Asked: the person whom the rule names."
	case strings.HasPrefix(pool, ofTeam):
		return "Asked: the team."
	}
	return "Asked: pool " + pool + "."
}

func suffixed(line, more string) string {
	if more == "" {
		return line + "."
	}
	return line + ": " + more + "."
}
