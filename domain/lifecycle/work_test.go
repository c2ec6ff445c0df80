package lifecycle_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

type levels = map[lifecycle.Level]float64

const (
	touch, idle = lifecycle.ClockTouch, lifecycle.ClockIdle
	remind      = lifecycle.LevelRemind
	owner       = lifecycle.LevelOwner
	manager     = lifecycle.LevelManager
	escalate    = lifecycle.LevelEscalate
	reassign    = lifecycle.LevelReassign
	final       = lifecycle.LevelFinal
)

// touchAt and idleAt are all levels of clocks that began so many hours after noon.
func touchAt(from float64) levels {
	return levels{remind: from + 4, owner: from + 8, escalate: from + 12, reassign: from + 16}
}

func idleAt(from, within float64) levels {
	return levels{remind: from + within*3/4, owner: from + within, manager: from + within + 24, final: from + within + 48}
}

// Whatever happens in one breath, in whatever order the plans are answered: all levels are there, from when they run, less the holds.
func TestWork_clocksAreThereAfter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plain bool
		story func(w *worklife)
		touch levels
		idle  levels
	}{
		"acceptance alone": {story: func(*worklife) {}, touch: touchAt(0), idle: idleAt(0, 48)},
		"terms in flight over a qualification": {
			story: func(w *worklife) { w.decides(lifecycle.Qualified); w.terms(); w.rest() }, touch: touchAt(0), idle: idleAt(0, 96),
		},
		"a qualification hours later": {
			story: func(w *worklife) { w.after(7); w.decides(lifecycle.Qualified); w.rest(); w.terms(); w.rest() },
			touch: levels{remind: 7, owner: 8, escalate: 12, reassign: 16}, idle: idleAt(7, 96), // what was to come before comes at once: nobody let it pass here
		},
		"a qualification between a pause and its plan": {
			story: func(w *worklife) {
				w.after(1)
				w.decides(lifecycle.Paused)
				w.after(1)
				w.decides(lifecycle.Resumed)
				w.after(1)
				w.decides(lifecycle.Qualified)
				w.rest()
			},
			touch: touchAt(1), idle: idleAt(3, 96),
		},
		"a pause before the plan of a qualification": {
			story: func(w *worklife) {
				w.decides(lifecycle.Qualified)
				first := w.wish("plan/")
				w.decides(lifecycle.Paused)
				w.after(2)
				w.decides(lifecycle.Resumed)
				w.rest()
				w.planned(first)
			},
			touch: touchAt(2), idle: idleAt(2, 96),
		},
		"terms at the end of a pause": {
			story: func(w *worklife) {
				w.after(1)
				w.decides(lifecycle.Paused)
				w.after(20)
				w.decides(lifecycle.Resumed)
				w.terms()
				w.rest()
			},
			touch: touchAt(20), idle: idleAt(20, 48),
		},
		"terms in flight over a pause": {
			story: func(w *worklife) {
				w.terms()
				of := w.wish("plan/")
				w.after(1)
				w.decides(lifecycle.Paused)
				w.after(20)
				w.decides(lifecycle.Resumed)
				w.rest()
				w.planned(of)
			},
			touch: touchAt(20), idle: idleAt(20, 48),
		},
		"a pause in a snooze": {
			story: func(w *worklife) {
				w.after(1)
				w.decides(lifecycle.Snoozed) // for an hour
				w.decides(lifecycle.Paused)
				w.after(2)
				w.decides(lifecycle.Resumed)
				w.after(1)
				w.pass()
				w.rest()
			},
			touch: touchAt(3), idle: idleAt(3, 48),
		},
		"a snooze that a qualification ends": {
			story: func(w *worklife) {
				w.after(3)
				w.decides(lifecycle.Snoozed)
				w.after(0.5)
				w.decides(lifecycle.Qualified)
				w.rest()
			},
			touch: touchAt(0.5), idle: idleAt(3.5, 96),
		},
		"an undo before the plans were answered": {
			story: func(w *worklife) {
				w.decides(lifecycle.Qualified)
				w.decides(lifecycle.Disqualified)
				w.wishes = nil // whoever answers them is told that the lead waits for nothing
				w.decides(lifecycle.Undone)
				w.rest()
			},
			touch: touchAt(0), idle: idleAt(0, 96),
		},
		"an undo before the end of a pause was planned": {
			story: func(w *worklife) {
				w.after(1)
				w.decides(lifecycle.Paused)
				w.after(20)
				w.decides(lifecycle.Resumed)
				w.decides(lifecycle.Disqualified)
				w.wishes = nil
				w.decides(lifecycle.Undone)
				w.rest()
			},
			touch: touchAt(20), idle: idleAt(20, 48),
		},
		"an undo under the clocks of the first release": {
			plain: true,
			story: func(w *worklife) {
				w.decides(lifecycle.Undone) // of the acceptance
				w.decides(lifecycle.Accepted)
				w.decides(lifecycle.Disqualified)
				w.wishes = nil
				w.decides(lifecycle.Undone)
				w.rest()
			},
			touch: levels{owner: 8}, idle: levels{owner: 48, manager: 72, final: 96},
		},
		"the plan of an acceptance that was undone": {
			story: func(w *worklife) {
				w.terms()
				of := w.wish("plan/")
				w.decides(lifecycle.Undone)
				w.after(1)
				w.decides(lifecycle.Accepted)
				w.rest()
				w.decides(lifecycle.Qualified)
				w.rest()
				w.planned(of)
			},
			touch: touchAt(1), idle: idleAt(1, 96),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := chasing()
			if c.plain {
				p = plain()
			}
			w := working(t, p)
			c.story(w)
			require.Equal(t, c.touch, w.clocks(touch))
			require.Equal(t, c.idle, w.clocks(idle))
		})
	}
}
