package scoring

import (
	"fmt"
	"slices"
	"time"
)

// part is an item while its points are whole numbers.
type part struct {
	Item
	rule   int
	points micro
}

func items(parts []part) []Item {
	out := make([]Item, len(parts))
	for i, p := range parts {
		out[i] = p.Item
		out[i].Points = p.points.points()
	}
	return out
}

// maxNamed is how many events of one rule in one cycle have an item of their own.
const maxNamed = 100

// shares gives each event of a rule its part of what the rule gives before its cap, oldest first. Events that give
// nothing any more are named, too.
func (r *rule) shares(events []Event, value micro, at int64) []part {
	var parts []part
	for _, e := range events {
		if e.Type == r.On && r.takes(e) {
			parts = append(parts, part{Item: Item{
				Rule: r.ID, Axis: AxisEngagement, Raw: r.Points, EventID: e.ID, OccurredAt: new(time.UnixMicro(e.micros()).UTC()),
			}})
		}
	}
	if r.Count > 0 {
		return r.counted(parts, value)
	}
	for i := range parts {
		p := &parts[i]
		moment := p.OccurredAt.UnixMicro()
		p.Why = r.On
		switch {
		case r.halfLife > 0:
			life, weight := decaying(moment, r.halfLife)
			p.points = r.decayed([]int64{life}, []int64{weight}, at)
			p.Why += fmt.Sprintf(", halves every %s", r.HalfLife)
		case r.within > 0 && moment <= at-r.within:
			p.Why += fmt.Sprintf(", longer ago than %s", r.Within)
		case r.within > 0 && len(parts)-i > r.keep:
			p.Why += fmt.Sprintf("; only the newest %d count", r.keep)
		default:
			p.points = r.points
		}
	}
	level(parts, value)
	return parts
}

// counted lets the newest event stand for those that were counted.
func (r *rule) counted(parts []part, value micro) []part {
	if value == 0 || len(parts) == 0 {
		return nil
	}
	p := parts[len(parts)-1]
	p.points, p.Why = value, fmt.Sprintf("%s, %d of them", r.On, r.Count)
	if r.within > 0 {
		p.Why += fmt.Sprintf(" within %s", r.Within)
	}
	p.Why += r.unlessWhy()
	return []part{p}
}

// level moves the millionths that rounding each part by itself has left over to the newest part that has points.
func level(parts []part, want micro) {
	for _, p := range parts {
		want -= p.points
	}
	if want == 0 {
		return
	}
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i].points != 0 || i == 0 {
			parts[i].points += want
			return
		}
	}
}

// limit takes from the newest parts what is over a cap, so that the oldest fill it.
func limit(parts []part, want micro, why string) {
	limitIf(parts, want, why, func(part) bool { return true })
}

func limitIf(parts []part, want micro, why string, of func(part) bool) {
	over := -want
	for _, p := range parts {
		if of(p) {
			over += p.points
		}
	}
	for i := len(parts) - 1; i >= 0 && over != 0; i-- {
		p := &parts[i]
		if !of(*p) || (p.points > 0) != (over > 0) || p.points == 0 {
			continue
		}
		take := min(over, p.points)
		if over < 0 {
			take = max(over, p.points)
		}
		p.points -= take
		over -= take
		p.Why += "; " + why
	}
}

// named bounds an explanation: what is older than the newest parts of a rule becomes one part that names no event.
func (x *explainer) named(r *rule, parts []part) []part {
	over := len(parts) - maxNamed
	if over <= 0 {
		return parts
	}
	one := part{rule: parts[0].rule, Item: Item{
		Rule: r.ID, Axis: AxisEngagement, OccurredAt: parts[over-1].OccurredAt, Why: fmt.Sprintf("%d earlier %s events", over, r.On),
	}}
	var raw micro
	for _, p := range parts[:over] {
		one.points += p.points
		raw += r.points
	}
	one.Raw = raw.points()
	if one.points != 0 {
		x.complete = false
	}
	return slices.Insert(parts[over:], 0, one)
}
