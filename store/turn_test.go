package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// shortModel has points that are gone in seconds.
const shortModel = `{"mql": {"score": 100}, "bands": {"hot": 100, "warm": 40, "hysteresis": 10}, "grades": {"A": 45, "B": 30, "C": 15},
	"engagement": [{"id": "view", "on": "page_view", "points": 50, "half_life": "10d"}, {"id": "click", "on": "email_click", "points": 45, "within": "2s"},
		{"id": "form", "on": "form_submit", "points": 45}, {"id": "bounce", "on": "email_bounce", "points": -20, "within": "2s"},
		{"id": "complaint", "on": "complaint", "points": -30}]}`

func turned(t *testing.T, s *Store) {
	t.Helper()
	_, err := s.Turn(t.Context(), time.Second)
	require.NoError(t, err)
}

func until(t *testing.T, s *Store, want string, sql string, args ...any) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		after, err := s.Turn(t.Context(), time.Second)
		require.NoError(t, err)
		require.LessOrEqual(t, after, time.Second)
		if got := one[string](t, s, sql, args...); got == want {
			return
		} else if time.Now().After(deadline) {
			require.Equal(t, want, got)
		}
		<-time.After(min(after, 20*time.Millisecond))
	}
}

func TestAScoreTurnsByItself(t *testing.T) {
	s := house(t)
	publish(t, s, shortModel)
	cooling, rising, idle := newLead(t, s, "cooling@example.com"), newLead(t, s, "rising@example.com"), newLead(t, s, "idle@example.com")
	ingest(t, s, record.Event{LeadID: cooling, Type: "email_click"}, record.Event{LeadID: rising, Type: "form_submit"},
		record.Event{LeadID: rising, Type: "email_bounce", Properties: map[string]any{"kind": "soft"}}, record.Event{LeadID: idle, Type: "form_submit"})
	const state = "SELECT score || ' ' || band FROM scores WHERE lead_id = $1"
	require.Equal(t, "45 warm", one[string](t, s, state, cooling))
	require.Equal(t, "25 cold", one[string](t, s, state, rising))
	require.Nil(t, one[*time.Time](t, s, "SELECT turns_at FROM scores WHERE lead_id = $1", idle), "it never turns")
	due := one[time.Time](t, s, "SELECT turns_at FROM scores WHERE lead_id = $1", cooling)
	require.Zero(t, due.Nanosecond())
	require.WithinDuration(t, one[time.Time](t, s, "SELECT occurred_at FROM events WHERE lead_id = $1", cooling).Add(2*time.Second), due, time.Second)
	exec(t, s, "DELETE FROM outbox")

	turned(t, s)
	require.Equal(t, "45 warm", one[string](t, s, state, cooling), "not before its time")
	until(t, s, "0 cold", state, cooling)
	require.False(t, one[time.Time](t, s, "SELECT evaluated_at FROM scores WHERE lead_id = $1", cooling).Before(due))
	until(t, s, "45 warm", state, rising)
	for _, id := range []string{cooling, rising} {
		require.Equal(t, "", heard(t, s, id), "of the band, and of no trigger")
		require.Nil(t, one[*time.Time](t, s, "SELECT turns_at FROM scores WHERE lead_id = $1", id))
	}
	require.Equal(t, "nothing", heard(t, s, idle))
	require.Equal(t, "0 cold", one[string](t, s, "SELECT score || ' ' || band FROM outbox WHERE lead_id = $1", cooling))
	require.Nil(t, one[*time.Time](t, s, "SELECT mql_at FROM scores WHERE lead_id = $1", rising))
}

// Nobody worked for days; who had cooled meanwhile cools at once, and once, however many workers look.
func TestWorkersThatComeBackFindWhoIsOverdueOnce(t *testing.T) {
	s := house(t)
	publish(t, s, shortModel)
	var events []record.Event
	for i := range 700 {
		events = append(events, record.Event{LeadID: newLead(t, s, fmt.Sprintf("p%d@example.com", i)), Type: "page_view"})
	}
	ingest(t, s, events...)
	require.Equal(t, 700, one[int](t, s, "SELECT count(*) FROM scores WHERE band = 'warm' AND turns_at > now() + interval '6 days'"))
	exec(t, s, "DELETE FROM outbox")
	// Time passes: everything lies 30 days back.
	exec(t, s, `UPDATE scores SET turns_at = turns_at - interval '30 days', evaluated_at = evaluated_at - interval '30 days'`)
	alter(t, s, func(acc *scoring.Accumulators) {
		acc.Newest -= (30 * 24 * time.Hour).Microseconds()
		acc.Tallies[0].Lives[0] -= 3
	})
	before := one[int64](t, s, "SELECT last_value FROM outbox_seq")
	together(t, 4, func(int) error {
		_, err := s.Turn(t.Context(), time.Second)
		return err
	})
	require.Equal(t, 700, one[int](t, s, "SELECT count(*) FROM scores WHERE band = 'cold' AND score = 6 AND turns_at IS NULL"))
	require.Equal(t, 700, one[int](t, s, "SELECT count(*) FROM outbox WHERE band = 'cold' AND triggers = '{}'"))
	require.Equal(t, before+700, one[int64](t, s, "SELECT last_value FROM outbox_seq"), "each was told once")
}

// A lead that is touched before its moment is looked at again and not told of what did not happen.
func TestALaterMomentIsAskedForWhenTheEarlierComes(t *testing.T) {
	s := house(t)
	publish(t, s, shortModel)
	ada := newLead(t, s, "ada@example.com")
	ingest(t, s, record.Event{LeadID: ada, Type: "page_view"})
	first := one[time.Time](t, s, "SELECT turns_at FROM scores")
	ingest(t, s, record.Event{LeadID: ada, Type: "page_view", OccurredAt: time.Now().Add(-5 * 24 * time.Hour)}) // 35 more: still warm
	require.Equal(t, first, one[time.Time](t, s, "SELECT turns_at FROM scores"), "the index is left alone")
	exec(t, s, "DELETE FROM outbox; UPDATE scores SET turns_at = now() - interval '1 second'")
	turned(t, s)
	require.Equal(t, "nothing", heard(t, s, ada))
	require.True(t, one[time.Time](t, s, "SELECT turns_at FROM scores").After(first), "the true moment")
	ingest(t, s, record.Event{LeadID: ada, Type: "complaint"})
	require.True(t, one[time.Time](t, s, "SELECT turns_at FROM scores").Before(first), "an earlier one is written at once")
}

// Of scores an earlier release wrote nobody knows when they turn.
func TestScoresOfAnEarlierReleaseAreLookedAtOnce(t *testing.T) {
	s := house(t)
	publish(t, s, shortModel)
	ada := newLead(t, s, "ada@example.com")
	ingest(t, s, record.Event{LeadID: ada, Type: "page_view"})
	want := one[time.Time](t, s, "SELECT turns_at FROM scores")
	exec(t, s, "UPDATE scores SET turns_at = 'epoch'")
	turned(t, s)
	require.Equal(t, want, one[time.Time](t, s, "SELECT turns_at FROM scores"))
}

// A closed lead cools like any other, and nobody is told.
func TestClosedLeadsCoolInSilence(t *testing.T) {
	s := house(t)
	publish(t, s, shortModel)
	ada := newLead(t, s, "ada@example.com")
	exec(t, s, "UPDATE leads SET stage = 'won'")
	ingest(t, s, record.Event{LeadID: ada, Type: "email_click"})
	until(t, s, "0 cold", "SELECT score || ' ' || band FROM scores")
	require.Equal(t, "nothing", heard(t, s, ada))
}

// Who is held by somebody else for long keeps nobody waiting who is behind them, however many they are.
func TestScoresTurnBehindLeadsThatAreLocked(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 600)
	exec(t, s, "UPDATE scores SET turns_at = now() - CASE WHEN lead_id IN (SELECT lead_id FROM scores ORDER BY lead_id LIMIT 500) THEN interval '2 hours' ELSE interval '1 hour' END")
	tx, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	_, err = tx.Exec(t.Context(), "SELECT id FROM leads WHERE id IN (SELECT lead_id FROM scores ORDER BY lead_id LIMIT 500) FOR NO KEY UPDATE")
	require.NoError(t, err)
	turned(t, s)
	const overdue = "SELECT count(*) FROM scores WHERE turns_at < now()"
	require.Equal(t, 500, one[int](t, s, overdue))
	require.NoError(t, tx.Rollback(t.Context()))
	turned(t, s)
	require.Zero(t, one[int](t, s, overdue))
}
