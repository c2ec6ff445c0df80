package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func TestBacklog_isEmptyInAnEmptyHouse(t *testing.T) {
	got, err := newStore(t).Backlog(t.Context())
	require.NoError(t, err)
	got.EventsKept = 0 // since it was made
	require.Equal(t, record.Backlog{Due: map[string]int{}, Imports: map[string]int{}, Held: map[string]string{}}, got)
}

func TestBacklog_tellsWhatWaits(t *testing.T) {
	s := house(t)
	lead := capture(t, s, record.Capture{Email: "ada@example.com"}).LeadID
	exec(t, s, `UPDATE outbox SET created_at = now() - interval '1 minute'`)
	exec(t, s, `INSERT INTO decisions (id, lead_id, kind, body, fingerprint, state, created_at) VALUES
		($1, $3, 'win', '{}', 'a', 'pending', now() - interval '2 minutes'), ($2, $3, 'win', '{}', 'b', 'applied', now() - interval '1 day')`, newID(), newID(), lead)
	for i, d := range [][3]string{{"bulk", "queued", "-1 s"}, {"bulk", "queued", "-1 s"}, {"alert", "queued", "-1 s"}, {"alert", "queued", "1 hour"}, {"bulk", "sent", "-1 s"}, {"bulk", "unknown", "-1 s"}} {
		exec(t, s, `INSERT INTO deliveries (id, key, lane, channel, kind, state, not_before) VALUES ($1, $2, $3, 'mail', 'x', $4, now() + $5::interval)`, newID(), string(rune('a'+i)), d[0], d[1], d[2])
	}
	exec(t, s, `INSERT INTO imports (id, state, mapping, columns) VALUES ($1, 'running', '{}', '{}'), ($2, 'done', '{}', '{}')`, newID(), newID())
	exec(t, s, `UPDATE leads SET stage = 'handoff', sla_state = 'running', sla_due_at = now() - interval '3 minutes'`)
	exec(t, s, `INSERT INTO timeline (lead_id, at, kind, actor_type, cycle) VALUES ($1, now(), 'given_up', 'system', 1), ($1, now() - interval '8 days', 'given_up', 'system', 1)`, lead)
	require.NoError(t, s.HoldLanes(t.Context(), []string{"webhook"}))
	got, err := s.Backlog(t.Context())
	require.NoError(t, err)
	got.EventsKept = 0
	for want, age := range map[time.Duration]*time.Duration{time.Minute: &got.OutboxOldest, 2 * time.Minute: &got.DecisionsOldest, 3 * time.Minute: &got.SLALate} {
		require.InDelta(t, want, *age, float64(30*time.Second))
		*age = 0
	}
	require.Equal(t, record.Backlog{
		Outbox: 1, Decisions: 1, Due: map[string]int{"bulk": 2, "alert": 1}, Unknown: 1, Imports: map[string]int{"running": 1}, GivenUp: 1,
		Held: map[string]string{"webhook": "operator"},
	}, got)
	exec(t, s, `UPDATE outbox SET import_id = $1, not_before = 'infinity'`, newID())
	exec(t, s, `UPDATE leads SET sla_state = 'breached'`)
	got, err = s.Backlog(t.Context())
	require.NoError(t, err)
	require.Equal(t, []any{1, time.Duration(0)}, []any{got.Outbox, got.OutboxOldest}, "a start that an import holds back is not late")
	require.Zero(t, got.SLALate, "a deadline that a run looked at is late by somebody, not by the system")
}
