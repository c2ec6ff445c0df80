package lifecycle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// lateTaken is an offer to ann, made at noon and to be taken away at five, whose run is woken at ten.
func lateTaken(t *testing.T) (Lead, Outcome) {
	t.Helper()
	l := New("l")
	l.Stage = StageNurturing
	l, _ = applied(t, l, Event{Kind: Triggered, Trigger: "demo_request"})
	l, _ = applied(t, l, Event{Kind: Offered, Command: "l/1/offer/1", Offer: offer(1, "ann", noon)})
	return passAll(t, l, noon.Add(10*time.Hour))
}

// passAll lets all that is due then pass, in a run that may ask.
func passAll(t *testing.T, l Lead, now time.Time) (Lead, Outcome) {
	t.Helper()
	var last Outcome
	for {
		next, k, late, ok := l.PopDue(now)
		if !ok {
			return l, last
		}
		l, last, _ = next.Apply(Event{Kind: Passed, At: now, Clock: k, Late: late, Asks: true}, rules())
	}
}

func answered(t *testing.T, l Lead, cmd Command, at time.Time, waits bool) (Lead, Outcome) {
	t.Helper()
	l, out, err := l.Apply(Event{Kind: Checked, At: at, Command: cmd.ID, Clock: cmd.Clock, Waits: waits}, rules())
	require.NoError(t, err)
	return l, out
}

// A rep accepts in time while Temporal is away. When it is back the deadline is there first, and waits.
func TestInTime_whatWasDecidedIsHeardOfFirst(t *testing.T) {
	t.Parallel()
	l, out := lateTaken(t)
	require.Equal(t, "ann", l.Owner, "nobody takes it away before it is asked")
	require.Equal(t, SLABreached, l.SLA.State)
	ask := only(t, out, CommandCheck)
	require.Equal(t, noon.Add(5*time.Hour), ask.Clock.Was, "in time is before it was due")
	back := noon.Add(10 * time.Hour)

	l, out = answered(t, l, ask, back, true)
	require.Equal(t, "ann", l.Owner)
	require.Empty(t, out.Entries)
	require.Equal(t, back.Add(hearIn), l.Due(), "it is looked at again")

	accept := func(asked time.Time) Event {
		return Event{Kind: Accepted, At: back.Add(4 * time.Second), Asked: asked, Decision: Decision{ID: "d", By: "ann", Assignment: "assignment-ann"}}
	}
	taken, _, err := l.Apply(accept(noon.Add(3*time.Hour)), rules())
	require.NoError(t, err)
	require.Equal(t, StageWorking, taken.Stage)
	require.Equal(t, SLAMet, taken.SLA.State)
	require.False(t, taken.has(ClockAccept))

	taken, _, err = l.Apply(accept(noon.Add(4*time.Hour+time.Minute)), rules())
	require.NoError(t, err)
	require.Equal(t, SLABreached, taken.SLA.State, "in time to have it, not to meet the deadline")

	again, _ := answered(t, taken, ask, back.Add(5*time.Second), false)
	require.Equal(t, taken, again, "the question is answered")
}

// Where nobody decided, or what waits never comes, the offer is taken away as ever.
func TestInTime_nobodyDecided(t *testing.T) {
	t.Parallel()
	l, out := lateTaken(t)
	missed, after := answered(t, l, only(t, out, CommandCheck), noon.Add(10*time.Hour), false)
	require.Empty(t, missed.Owner)
	require.Equal(t, []string{"l/1/offer/2"}, commands(after, CommandOffer))
	require.Equal(t, []string{"missed", "accept_reassign", "assignment-ann"}, []string{after.Entries[0].Outcome, after.Entries[0].Why, after.Entries[0].Assignment})
	require.Equal(t, noon.Add(5*time.Hour), after.Entries[0].Due)
	require.Equal(t, Passed, after.Entries[0].Kind)

	asked := 0
	for now := noon.Add(10 * time.Hour); l.Owner != ""; asked++ {
		require.Less(t, asked, 100, "a decision that nobody answers holds it for ever")
		l, _ = answered(t, l, only(t, out, CommandCheck), now, true)
		if l.Owner != "" {
			now = l.Due()
			l, out = passAll(t, l, now)
		}
	}
	require.Equal(t, int(hearFor/hearIn)+1, asked)
}

// What is on time is believed, and so is what an older run is told: its history has no such question.
func TestInTime_isAskedOfLateOnesOnly(t *testing.T) {
	t.Parallel()
	l := handedTo(t, "ann")
	for _, e := range []Event{
		{Asks: true, At: noon.Add(5*time.Hour + time.Second)},
		{Asks: false, At: noon.Add(10 * time.Hour)},
	} {
		e.Kind, e.Clock = Passed, Clock{Kind: ClockAccept, Level: LevelReassign, At: noon.Add(5 * time.Hour)}
		missed, out, err := l.Apply(e, rules())
		require.NoError(t, err)
		require.Empty(t, missed.Owner)
		require.Len(t, commands(out, CommandOffer), 1)
	}
}

// An answer about an offer that is over says nothing of the next.
func TestInTime_anAnswerAboutAnotherOffer(t *testing.T) {
	t.Parallel()
	l, out := lateTaken(t)
	ask := only(t, out, CommandCheck)
	l, _ = applied(t, l, away("assignment-ann"))
	l, _ = applied(t, l, Event{Kind: Offered, Command: "l/1/offer/2", Offer: offer(2, "bob", noon.Add(10*time.Hour))})
	same, _ := answered(t, l, ask, noon.Add(10*time.Hour), false)
	require.Equal(t, l, same)
}

// A pause holds the question with the rest.
func TestInTime_underAPause(t *testing.T) {
	t.Parallel()
	l, out := lateTaken(t)
	ask := only(t, out, CommandCheck)
	l, _, err := l.Apply(Event{Kind: Paused, At: noon.Add(10 * time.Hour)}, rules())
	require.NoError(t, err)
	l, _ = answered(t, l, ask, noon.Add(10*time.Hour), false)
	require.Equal(t, "ann", l.Owner)
	require.True(t, l.has(ClockAccept), "asked again at resume")
}
