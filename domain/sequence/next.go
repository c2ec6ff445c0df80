package sequence

import (
	"slices"
	"time"
)

// The values of Move.Why.
const (
	WhyEnd         = "end"
	WhyExit        = "exit:" // followed by the rule
	WhyGoal        = "goal:" // followed by its name
	WhyLoop        = "loop"
	WhyUnknownStep = "unknown_step"
)

// Next takes a lead as far as it can go at this moment. See the package documentation for what each step does.
func Next(s Sequence, p Position, f Facts, now time.Time) Move {
	if rule, ok := s.left(f, now); ok {
		return Move{Done: true, Why: WhyExit + string(rule)}
	}
	if p.Step == "" {
		if len(s.Steps) == 0 {
			return Move{Done: true, Why: WhyEnd}
		}
		p = Position{Step: s.Steps[0].ID, Since: now}
	}
	if f.Holds.open(now) {
		return Move{Rest: p, At: now.Add(lookAgain), Held: true}
	}
	w := walk{s: s, f: f, now: now, open: s.hours(f)}
	if to, jumps := w.jump(); jumps {
		if to == End {
			return w.done(w.move.Why)
		}
		p = Position{Step: to, Since: now}
	}
	return w.from(p)
}

// from walks on step by step until the lead rests or the sequence ends.
func (w *walk) from(p Position) Move {
	for range len(w.s.Steps) + 1 {
		to, rests := w.stop(p)
		switch {
		case rests:
			return w.move
		case to == "":
			return w.done(WhyUnknownStep)
		}
		w.move.Via = append(w.move.Via, p.Step)
		if to == End {
			return w.done(w.move.Why)
		}
		p = Position{Step: to, Since: w.now}
	}
	return w.done(WhyLoop)
}

// left is the first exit rule that holds.
func (s Sequence) left(f Facts, now time.Time) (Exit, bool) {
	for _, rule := range s.Exit {
		if kind := rule.engagement(); kind != "" && f.engaged([]string{kind}, f.Entered, now) > 0 {
			return rule, true
		}
	}
	return "", false
}

// walk is one move under way.
type walk struct {
	s    Sequence
	f    Facts
	now  time.Time
	open hours
	move Move
	due  time.Time // when the wait before came due, which may be long ago; zero: just now
}

func (w *walk) done(why string) Move {
	if why == "" {
		why = WhyEnd
	}
	w.move.Done, w.move.Why = true, why
	return w.move
}

// rest stops here. What reaches a goal makes the lead due as well.
func (w *walk) rest(p Position, at time.Time, wakers *WaitFor) (string, bool) {
	w.move.Rest, w.move.At = p, at
	if wakers != nil {
		w.move.Any, w.move.Bands = slices.Clone(wakers.Any), slices.Clone(wakers.Band)
	}
	w.watch()
	return "", true
}

// stop is what one step does: where the lead goes on to, or that it rests. Neither means there is no such step.
func (w *walk) stop(p Position) (to string, rests bool) {
	i, ok := w.s.step(p.Step)
	if !ok {
		return "", false
	}
	step := w.s.Steps[i]
	switch {
	case step.Mail != nil:
		return w.mail(i, p)
	case step.WaitUntil != nil:
		return w.waitUntil(i, p)
	case step.WaitFor != nil:
		return w.waitFor(i, p)
	case len(step.Branch) > 0:
		return w.branch(i), false
	case len(step.Split) > 0:
		return w.split(step), false
	case step.Notify != nil:
		w.effect(Effect{Step: step.ID, Notify: step.Notify})
		return w.s.or(step.Next, i), false
	case step.SetField != nil:
		w.set(step)
		return w.s.or(step.Next, i), false
	case step.Goal != nil:
		return w.goal(i), false
	}
	return w.wait(i, p)
}

func (w *walk) effect(e Effect) { w.move.Effects = append(w.move.Effects, e) }

// set writes a field, which what follows in the same move reads.
func (w *walk) set(step Step) {
	w.effect(Effect{Step: step.ID, SetField: step.SetField})
	before, set := w.f.Field, *step.SetField
	w.f.Field = func(name string) (any, bool) {
		if name == set.Field {
			return set.Value, true
		}
		if before == nil {
			return nil, false
		}
		return before(name)
	}
}

func (w *walk) mail(i int, p Position) (string, bool) {
	to, due := w.s.or(w.s.Steps[i].Next, i), p.Since
	if !w.due.IsZero() {
		due = w.due
	}
	due = w.open.next(due)
	if w.f.Holds.dropped(due) {
		w.due, w.move.Left = due, append(w.move.Left, p.Step)
		return to, false
	}
	if w.move.Mail != "" {
		return w.rest(p, w.now, nil)
	}
	from := w.now
	if at := w.f.Holds.released(w.f.Lead, due); at.After(due) && at.After(from) {
		from = at
	}
	if at := w.mayGo(p.Step, from); at.After(w.now) {
		return w.rest(p, at, nil)
	}
	w.move.Mail = p.Step
	return to, false
}

func (w *walk) branch(i int) string {
	for _, c := range w.s.Steps[i].Branch {
		if c.If.Holds(w.f, w.now) {
			return c.To
		}
	}
	return w.s.or(w.s.Steps[i].Else, i)
}
