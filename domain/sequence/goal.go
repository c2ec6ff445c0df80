package sequence

import (
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/span"
)

// settleAfter is how long the results of a split wait for a goal that does not say so itself.
const settleAfter = 14 * span.Day

// Window is how long after an arm was drawn a conversion counts for it.
func (g Goal) Window() time.Duration {
	if g.Within > 0 {
		return g.Within.Duration()
	}
	return settleAfter
}

// ByEvents is the type of engagement, and how often, that alone makes the goal reached; "" where it asks anything else.
func (g Goal) ByEvents() (kind string, count int) {
	e := g.When.Engagement
	if e == nil || e.Within > 0 {
		return "", 0
	}
	if c := g.When; len(c.Band)+len(c.Grade)+len(c.Membership) > 0 || c.Score != nil || c.Field != "" {
		return "", 0
	}
	return e.Type, max(1, e.Count)
}

// jump finds the goals that are reached by now. The lead goes on from the last of them in the document, or leaves.
func (w *walk) jump() (to string, jumps bool) {
	leaves := false
	for i, step := range w.s.Steps {
		if step.Goal == nil || w.f.reached(step.ID) || !step.Goal.When.Holds(w.f, w.now) {
			continue
		}
		w.effect(Effect{Step: step.ID, Goal: step.Goal.Name})
		jumps, to = true, w.s.or(step.Next, i)
		w.move.Via = append(w.move.Via, step.ID)
		if step.Goal.Exit {
			leaves, w.move.Why = true, WhyGoal+step.Goal.Name
		}
	}
	if leaves {
		to = End
	}
	return to, jumps
}

// goal is where a lead goes on that came to a goal step by the way of the steps.
func (w *walk) goal(i int) string {
	step := w.s.Steps[i]
	switch {
	case w.hasReached(step.ID):
		return w.s.or(step.Next, i)
	case !step.Goal.When.Holds(w.f, w.now):
		return w.s.or(step.Else, i)
	}
	w.effect(Effect{Step: step.ID, Goal: step.Goal.Name}) // by what an earlier step of this move did
	if step.Goal.Exit {
		w.move.Why = WhyGoal + step.Goal.Name
		return End
	}
	return w.s.or(step.Next, i)
}

func (w *walk) hasReached(step string) bool {
	return w.f.reached(step) || slices.ContainsFunc(w.move.Effects, func(e Effect) bool { return e.Step == step && e.Goal != "" })
}

// watch lets a lead that rests be looked at as soon as a goal it has not reached may be.
func (w *walk) watch() {
	for _, step := range w.s.Steps {
		if step.Goal == nil || w.hasReached(step.ID) {
			continue
		}
		if e := step.Goal.When.Engagement; e != nil && !slices.Contains(w.move.Any, e.Type) {
			w.move.Any = append(w.move.Any, e.Type)
		}
		for _, band := range step.Goal.When.Band {
			if !slices.Contains(w.move.Bands, band) {
				w.move.Bands = append(w.move.Bands, band)
			}
		}
	}
}
