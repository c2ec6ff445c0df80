package deadline

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// A policy may name a century, and a level at a hundred times that: no clock of it is due before it began, nor a level before the one
// below it.
func TestClocks_thatAreVeryFarAreNotDueAtOnce(t *testing.T) {
	t.Parallel()
	const century = span.Span(36_600 * 24 * time.Hour)
	at := time.Date(2026, 11, 26, 17, 0, 0, 0, time.UTC)
	chase := lifecycle.Chase{RemindAt: []float64{0.5}, Escalate: []lifecycle.Escalation{{At: 1, To: lifecycle.ToOwner}, {At: 100, To: lifecycle.ToManager}}}
	terms := lifecycle.SLA{Accept: lifecycle.AcceptSLA{Within: century, RemindAt: chase.RemindAt, Escalate: chase.Escalate, ReassignAfter: century, MaxOffers: 2}}
	terms.FirstTouch = lifecycle.TouchSLA{Within: century, Then: lifecycle.ThenTeamQueue, Chase: chase}
	terms.FirstTouch.ReassignAfter = century
	terms.Idle = lifecycle.Idle{Working: century, Opportunity: century, AfterManager: century, Finally: lifecycle.StageDormant, Chase: chase}
	p := lifecycle.Policy{SLA: terms, Stale: lifecycle.Stale{TeamQueue: century}}
	hours, err := calendar.New(calendar.Spec{Name: "rare", TimeZone: "UTC", Weekly: map[string][]calendar.Hours{"mon": {{From: "09:00", To: "09:01"}}}}, time.UTC)
	require.NoError(t, err)
	for _, h := range []*calendar.Calendar{calendar.Always, hours} {
		clocks, due, err := Offer(h, p, terms, at)
		require.NoError(t, err)
		require.Greater(t, due.Sub(at), 90*365*24*time.Hour)
		for _, kind := range []lifecycle.ClockKind{lifecycle.ClockAccept, lifecycle.ClockTouch, lifecycle.ClockIdle, lifecycle.ClockQueue} {
			more, err := Plan(lifecycle.Command{Since: at, Clocks: []lifecycle.Clock{{Kind: kind}}}, h, p, terms)
			require.NoError(t, err)
			require.NotEmpty(t, more)
			clocks = append(clocks, more...)
		}
		for _, k := range clocks {
			require.Greater(t, k.At.Sub(at), 40*365*24*time.Hour, "%+v", k)
			_, err := k.At.MarshalJSON()
			require.NoError(t, err, "%+v", k)
		}
	}
}
