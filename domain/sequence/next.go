package sequence

import "time"

// The values of Move.Why.
const (
	WhyEnd         = "end"
	WhyExit        = "exit:" // followed by the rule
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
	w := walk{s: s, f: f, now: now}
	for range len(s.Steps) + 1 {
		to, rests := w.stop(p)
		switch {
		case rests:
			return w.move
		case to == "":
			return w.done(WhyUnknownStep)
		}
		w.move.Via = append(w.move.Via, p.Step)
		if to == End {
			return w.done(WhyEnd)
		}
		p = Position{Step: to, Since: now}
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

func (f Facts) engaged(types []string, from, to time.Time) int {
	if f.Engaged == nil || to.Before(from) {
		return 0
	}
	return f.Engaged(types, from, to)
}

// walk is one move under way.
type walk struct {
	s    Sequence
	f    Facts
	now  time.Time
	move Move
	due  time.Time // when the wait before came due, which may be long ago; zero: just now
}

func (w *walk) done(why string) Move {
	w.move.Done, w.move.Why = true, why
	return w.move
}

func (w *walk) rest(p Position, at time.Time, wakers ...string) (string, bool) {
	w.move.Rest, w.move.At, w.move.Any = p, at, wakers
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
	case step.WaitFor != nil:
		return w.waitFor(i, p)
	case len(step.Branch) > 0:
		return w.branch(i), false
	}
	return w.wait(i, p)
}

func (w *walk) mail(i int, p Position) (string, bool) {
	to := w.s.or(w.s.Steps[i].Next, i)
	due := p.Since
	if !w.due.IsZero() {
		due = w.due
	}
	due = w.s.Window.next(due, w.f.Zone)
	if w.f.Holds.dropped(due) {
		w.due, w.move.Left = due, append(w.move.Left, p.Step)
		return to, false
	}
	if w.move.Mail != "" {
		return w.rest(p, w.now)
	}
	from := w.now
	if at := w.f.Holds.released(w.f.Lead, due); at.After(from) {
		from = at
	}
	if at := w.s.Window.next(from, w.f.Zone); at.After(w.now) {
		return w.rest(p, at)
	}
	w.move.Mail = p.Step
	return to, false
}

func (w *walk) wait(i int, p Position) (string, bool) {
	to := w.s.or(w.s.Steps[i].Next, i)
	due := w.f.Holds.after(p.Since, w.s.Steps[i].Wait.Duration(), w.now)
	at := w.f.Holds.released(w.f.Lead, due)
	if !w.now.Before(at) {
		w.due = due
		return to, false
	}
	if n, ok := w.s.step(to); ok && w.s.Steps[n].Mail != nil {
		at = w.s.Window.next(at, w.f.Zone)
	}
	return w.rest(p, at)
}

func (w *walk) waitFor(i int, p Position) (string, bool) {
	step := w.s.Steps[i]
	until := w.f.Holds.after(p.Since, step.WaitFor.Timeout.Duration(), w.now)
	seen := until
	if w.now.Before(until) {
		seen = w.now
	}
	switch {
	case !p.Since.Before(w.now): // arrived in this move: a loop through here must not turn on one engagement
		return w.rest(p, until, step.WaitFor.Any...)
	case w.f.engaged(step.WaitFor.Any, p.Since, seen) > 0:
		return w.s.or(step.Then, i), false
	case w.now.Before(until):
		return w.rest(p, until, step.WaitFor.Any...)
	}
	if at := w.f.Holds.released(w.f.Lead, until); w.now.Before(at) {
		return w.rest(p, at, step.WaitFor.Any...)
	}
	w.due = until
	return w.s.or(step.Else, i), false
}

func (w *walk) branch(i int) string {
	for _, c := range w.s.Steps[i].Branch {
		if c.If.Holds(w.f, w.now) {
			return c.To
		}
	}
	return w.s.or(w.s.Steps[i].Else, i)
}
