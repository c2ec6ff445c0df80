package lifecycle

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// largest is a lead that carries as much as any policy lets it: in the last offer of its cycle, every clock held.
func largest(offers, reminders int) Lead {
	id := func(n int) string { return fmt.Sprintf("0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a%02d", n) }
	at := time.Date(2026, 11, 25, 12, 30, 45, 123456789, time.UTC)
	l := Lead{
		ID: id(0), Source: "partner-newsletter", Stage: StageHandoff, Cycle: 12, Version: 12345, Seq: 123456789, CycleAt: at,
		Score: 123, Band: "warm", Reason: "out_of_territory", Owner: id(1), Team: id(2), Assignment: id(3), Left: id(7), Asked: offers, Made: offers, Void: 3,
		SLA: SLAClock{DueAt: at, State: SLABreached}, Paused: true, PausedAt: at, Pauses: 12, Pending: "webinar_registration",
		Muted: "unsubscribed", Position: Position{Sequence: "welcome-enterprise", Version: 12, Step: "after-webinar", Since: at, Move: 12},
		Last: Decision{ID: id(4), Kind: Reassigned, By: id(5), Assignment: id(6), Reason: "out_of_territory", Cycle: 12},
	}
	for n := range offers - 1 {
		l.Passed = append(l.Passed, id(n))
	}
	held := func(c Clock) {
		l.Clocks = append(l.Clocks, Clock{Kind: ClockAccept, Level: c.Level, N: c.N, Was: at, From: at})
	}
	for n := range reminders {
		held(Clock{Level: LevelRemind, N: n})
	}
	for _, level := range []Level{LevelDue, LevelEscalate, LevelReassign} {
		held(Clock{Level: level})
	}
	l.Clocks = append(l.Clocks, Clock{Kind: ClockPause, At: at})
	return l
}

// Every run is handed the state and every record writes it: it stays small, also with ids as long as they really are.
func TestLead_theStateStaysSmall(t *testing.T) {
	t.Parallel()
	for _, p := range []struct{ offers, reminders, most int }{
		{3, 3, 2048},
		{20, 9, 4096}, // the bounds of a policy document
	} {
		raw, err := json.Marshal(largest(p.offers, p.reminders))
		require.NoError(t, err)
		require.LessOrEqual(t, len(raw), p.most, "%d offers, %d reminders", p.offers, p.reminders)
	}
}

// What a decision took the lead away from is carried for as long as it can be undone.
func TestLead_anUndoStaysSmall(t *testing.T) {
	t.Parallel()
	l := largest(3, 3)
	before, err := json.Marshal(l)
	require.NoError(t, err)
	at := time.Date(2026, 11, 25, 12, 30, 45, 123456789, time.UTC)
	l.Undo = &Undo{
		Decision: l.Last.ID, Kind: Rejected, By: l.Owner, Until: at, Stage: StageHandoff, Owner: l.Owner, Team: l.Team, Assignment: l.Assignment,
		Reason: l.Reason, SLA: l.SLA, Clocks: l.Clocks, Position: l.Position, Paused: true,
	}
	after, err := json.Marshal(l)
	require.NoError(t, err)
	require.LessOrEqual(t, len(after)-len(before), 1792)
}
