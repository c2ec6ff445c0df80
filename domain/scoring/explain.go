package scoring

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Item is one part of a score. The points of all items add up to the score.
type Item struct {
	Rule       string     `json:"rule"`
	Axis       string     `json:"axis"`   // fit, engagement, limit
	Points     float64    `json:"points"` // after caps, decay and floor
	Raw        float64    `json:"raw"`    // before
	EventID    string     `json:"event_id,omitempty"`
	OccurredAt *time.Time `json:"occurred_at,omitempty"`
	Why        string     `json:"why"`
}

// Missing is what would bring a lead nearer to MQL.
type Missing struct {
	Rule   string  `json:"rule"`
	Points float64 `json:"points"`
	Why    string  `json:"why,omitempty"`
}

// Explanation is a result with every point of it.
type Explanation struct {
	Result
	Items    []Item
	Missing  []Missing
	Complete bool
}

// Explain scores a lead from all its events and names every point, its rule and its event. Its numbers are those of
// Evaluate over the same events.
func (s *Scorer) Explain(profile person.Profile, events []Event, adjustments []Adjustment, at time.Time, before string) Explanation {
	events = distinct(events)
	var items []Item
	fit := s.fitRaw(profile, func(r fitRule) {
		items = append(items, Item{Rule: r.ID, Axis: "fit", Points: r.Points, Raw: r.Points, Why: fitWhy(r)})
	})
	acc := s.Fold(Accumulators{}, adjustments, events...)
	raw := s.rulesRaw(acc, adjustments, at)
	t := s.total(fit, raw, adjustments, at, before)
	if t.dropsFit {
		for i := range items {
			items[i].Points, items[i].Why = 0, items[i].Why+"; no longer counted since the score was set to the floor"
		}
	}
	for i, r := range s.engage {
		items = append(items, s.ruleItems(r, events, adjustments, at, raw[i], t.rules[i])...)
	}
	items = append(items, s.limitItems(t)...)
	return Explanation{Result: t.Result, Items: items, Missing: s.missing(t, raw), Complete: true}
}

// ruleItems shares what a rule gives among its events, in proportion to what each gave before the cap.
func (s *Scorer) ruleItems(r engagementRule, events []Event, adjustments []Adjustment, at time.Time, raw, got float64) []Item {
	f := factors(adjustments, at)
	var items []Item
	for _, e := range events {
		if e.Type != r.On || !r.takes(e) {
			continue
		}
		one := Item{Rule: r.ID, Axis: "engagement", EventID: e.ID, OccurredAt: &e.OccurredAt}
		if r.Count > 0 {
			one.Why = fmt.Sprintf("one of the %d %s events the rule asks for", r.Count, e.Type)
			if r.Within == 0 || e.OccurredAt.UnixMilli() > at.UnixMilli()-r.Within.Duration().Milliseconds() {
				items = append(items, one)
			}
			continue
		}
		a := &Acc{}
		a.add(r, e.OccurredAt)
		one.Raw = f[segmentOf(e.OccurredAt, adjustments)] * r.value(a, at)
		if one.Raw != 0 {
			one.Points, one.Why = one.Raw, eventWhy(r, e, at)
			items = append(items, one)
		}
	}
	slices.SortStableFunc(items, func(a, b Item) int { return b.OccurredAt.Compare(*a.OccurredAt) })
	return share(r, items, raw, got)
}

func share(r engagementRule, items []Item, raw, got float64) []Item {
	if r.Count > 0 {
		if got == 0 || len(items) == 0 {
			return nil
		}
		items = items[:1] // the newest event stands for the group that completed the rule
		items[0].Points, items[0].Raw = got, raw
		items[0].Why = fmt.Sprintf("at least %d %s events%s", r.Count, r.On, within(r))
		return items
	}
	sum := 0.0
	for i := range items {
		if raw != 0 && raw != got {
			items[i].Points = items[i].Raw * got / raw
			items[i].Why += fmt.Sprintf("; capped at %s together", trim(got))
		}
		sum += items[i].Points
	}
	if rest := got - sum; len(items) > 0 && rest != 0 { // what decay in fixed point and forgotten moments leave over
		items[0].Points += rest
	}
	return items
}

func within(r engagementRule) string {
	if r.Within == 0 {
		return ""
	}
	return " within " + r.Within.String()
}

func (s *Scorer) limitItems(t tally) []Item {
	var items []Item
	add := func(rule, axis string, points float64, why string) {
		if points != 0 {
			items = append(items, Item{Rule: rule, Axis: axis, Points: points, Raw: points, Why: why})
		}
	}
	for _, name := range sortedKeys(t.groupTook) {
		add("group:"+name, "engagement", t.groupTook[name], fmt.Sprintf("the group %s gives at most %s", name, trim(s.Groups[name].Cap)))
	}
	add("cap:engagement", "engagement", t.axis, "engagement has a cap")
	if t.dropsFit {
		add("adjustment:floor", "limit", s.Floor, "recycling set the score to the floor")
	} else {
		add("cap:fit", "fit", t.fitTook, "fit has a cap")
	}
	add("floor", "limit", t.floorGave, "a score never falls below the floor")
	// The axes are told in millionths and the score in whole points: what lies between is said, too.
	whole := float64(t.Score)
	sum := t.fitRaw
	if t.dropsFit {
		sum = 0
	}
	for _, p := range t.rules {
		sum += p
	}
	for _, i := range items {
		sum += i.Points
	}
	add("rounding", "limit", whole-sum, "scores are whole points, half up")
	return items
}

func sortedKeys(m map[string]float64) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func fitWhy(r fitRule) string {
	if r.Persona != "" {
		return "is the persona " + r.Persona
	}
	if r.Missing {
		return r.Field + " is not known"
	}
	return r.Field + " fits"
}

func eventWhy(r engagementRule, e Event, at time.Time) string {
	why := e.Type
	if r.HalfLife > 0 {
		why += fmt.Sprintf(", %s ago, halves every %s", age(at.Sub(e.OccurredAt)), r.HalfLife)
	}
	return why
}

func age(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprintf("%.0f h", math.Max(0, d.Hours()))
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

func trim(x float64) string { return text(math.Round(x*100) / 100) }
