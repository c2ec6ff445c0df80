package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/life"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// A life is told from what the run recorded: each turn with the score of its moment, mails and offers in their cycle.
func TestALifeIsToldWithWhatItsTurnsWereScored(t *testing.T) {
	s := house(t)
	id := newLead(t, s, "ada@example.com")
	exec(t, s, "UPDATE leads SET created_at = now() - interval '10 days'")
	ago := func(d time.Duration) time.Time { return one[time.Time](t, s, "SELECT now()").Add(-d) }
	ingest(t, s, record.Event{LeadID: id, Type: "webinar_attendance", OccurredAt: ago(5 * 24 * time.Hour)}, record.Event{LeadID: id, Type: "form_submit", OccurredAt: ago(24 * time.Hour)})
	exec(t, s, "UPDATE events SET received_at = occurred_at") // as if they had come then
	turn := func(days, cycle int, kind, from, to, why string) {
		exec(t, s, `INSERT INTO timeline (lead_id, at, kind, from_stage, to_stage, actor_type, why, cycle) VALUES ($1, now() - make_interval(days => $2), $3, $4, $5, 'system', $6, $7)`,
			id, days, kind, nullable(from), nullable(to), why, cycle)
	}
	turn(9, 1, "started", "captured", "nurturing", "captured")
	turn(4, 1, "checked", "nurturing", "dormant", "stale")
	turn(2, 2, "passed", "dormant", "nurturing", "cool_down_over")
	exec(t, s, `INSERT INTO deliveries (id, key, lane, channel, kind, state, lead_id, cycle, sequence, sequence_version, step, sent_at)
		VALUES ($1, 'd', 'bulk', 'mail', 'nurture', 'sent', $2, 2, 'welcome', 3, 'hello', now() - interval '1 day')`, newID(), id)
	rep := newID()
	exec(t, s, "INSERT INTO reps (id, name, email) VALUES ($1, 'Rep', 'rep@example.com')", rep)
	exec(t, s, `INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, state, offered_at, decided_at, reason) VALUES ($1, 'k', $2, 1, 1, $3, 'rejected', now() - interval '5 days', now() - interval '4 days', 'not_ready')`, newID(), id, rep)

	l, err := s.Life(t.Context(), id)
	require.NoError(t, err)
	require.Len(t, l.Cycles, 2)
	first, second := l.Cycles[0], l.Cycles[1]
	stages := func(c life.Cycle) (out []lifecycle.Stage) {
		for _, s := range c.Stays {
			out = append(out, s.Stage)
		}
		return out
	}
	require.Equal(t, []lifecycle.Stage{"captured", "nurturing", "dormant"}, stages(first))
	require.InDelta(t, 5*24*3600, first.Stays[1].Seconds, 2)
	require.Equal(t, []lifecycle.Stage{"nurturing"}, stages(second))
	require.Zero(t, first.Stays[1].Score.Score, "nothing had happened")
	require.Equal(t, 20, first.Stays[2].Score.Score)
	require.Equal(t, "webinar", first.Stays[2].Score.Top[0].Rule)
	require.Equal(t, 20, second.Stays[0].Score.Score, "what came later does not count")
	require.Equal(t, []any{"Rep", "not_ready"}, []any{first.Offers[0].Rep, first.Offers[0].Reason})
	require.Empty(t, first.Mails)
	require.Equal(t, "hello", second.Mails[0].Step)

	require.NoError(t, s.EraseLead(t.Context(), id, lifecycle.System))
	_, err = s.Life(t.Context(), id)
	require.ErrorIs(t, err, record.ErrErased)
	_, err = s.Life(t.Context(), newID())
	require.ErrorIs(t, err, record.ErrNotFound)
}
