package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Rules see a lead as it was known when sales were asked: nothing that was learned, received or taken back later.
func TestRuleCases_seeWhatWasKnownAtTheDecision(t *testing.T) {
	s, ctx := floor(t), t.Context()
	publish(t, s, `{"mql": {"score": 50}, "fit": [{"id": "industry", "field": "industry", "equals": "software", "points": 20}], "engagement": [
		{"id": "pricing", "on": "page_view", "where": [{"field": "path", "prefix": "/pricing"}], "points": 10}, {"id": "webinar", "on": "webinar_attendance", "points": 5}]}`)
	rep := newRep(t, s, "ann", nil)
	start := time.Now().UTC().AddDate(0, 0, -20).Truncate(time.Second)
	at := func(day int) time.Time { return start.AddDate(0, 0, day) }
	learn := func(lead, value string, day int) {
		exec(t, s, "INSERT INTO profile_values (lead_id, field, value, learned_at, source) VALUES ($1, 'industry', $2::jsonb, $3, 'api')", lead, value, at(day))
	}
	did := func(lead, kind, path string, happened, received int, voided *time.Time) {
		exec(t, s, `INSERT INTO events (id, lead_id, client_id, type, occurred_at, received_at, properties, voided_at, void_reason)
			VALUES ($1::uuid, $2, $1::text, $3, $4, $5, jsonb_build_object('path', $6::text), $7, CASE WHEN $7::timestamptz IS NOT NULL THEN 'scanner' END)`, newID(), lead, kind, at(happened), at(received), path, voided)
	}
	offered := func(lead string, cycle, day int) {
		exec(t, s, `INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, state, offered_at, decided_at)
			VALUES ($1::uuid, $1::uuid || '', $2, $3, 1, $4, 'accepted', $5, $5)`, newID(), lead, cycle, rep, at(day))
	}
	ended := func(lead, kind, reason, said string, day int) {
		exec(t, s, "INSERT INTO outcomes (lead_id, cycle, kind, at, reason, one_thing) VALUES ($1, 1, $2, $3, $4, nullif($5, ''))", lead, kind, at(day), reason, said)
	}
	won, lost := inStage(t, s, lifecycle.StageWon, 1)[0], inStage(t, s, lifecycle.StageLost, 1)[0]
	exec(t, s, "UPDATE leads SET created_at = $1", at(0))
	exec(t, s, "UPDATE events_kept SET since = $1", at(-1))
	learn(won, `"software"`, 1)
	learn(won, `"mining"`, 9)
	did(won, "page_view", "/pricing", 1, 1, nil)
	did(won, "page_view", "/pricing", 2, 2, new(at(8))) // taken back after the decision: it counted
	did(won, "page_view", "/pricing", 2, 2, new(at(3))) // and before: it did not
	did(won, "page_view", "/pricing", 2, 7, nil)        // came late
	did(won, "page_view", "/about", 2, 2, nil)
	did(won, "webinar_attendance", "", 7, 7, nil)
	offered(won, 1, 5)
	ended(won, "won", "decision", "your Webinar, and the price", 12)
	learn(lost, `"software"`, 9)
	did(lost, "page_view", "/pricing", 1, 1, nil)
	ended(lost, "rejected", "no_budget", "", 6)
	ended(lost, "lost", "price", "a webinar would have helped", 7)
	forgot := inStage(t, s, lifecycle.StageWon, 1)[0]
	exec(t, s, "UPDATE leads SET created_at = $2 WHERE id = $1", forgot, at(-9))
	ended(forgot, "won", "", "", 3)
	gone := inStage(t, s, lifecycle.StageWon, 1)[0]
	ended(gone, "won", "", "", 4)
	exec(t, s, "UPDATE leads SET stage = 'erased', email = NULL WHERE id = $1", gone)
	routed := inStage(t, s, lifecycle.StageWorking, 1)[0]
	ended(routed, "rejected", "no_capacity", "", 4) // and went on to somebody else

	got, err := s.RuleCases(ctx, record.CaseFilter{})
	require.NoError(t, err)
	require.Equal(t, 1, got.Forgot)
	require.Equal(t, 1, got.Open)
	require.False(t, got.More)
	require.Len(t, got.Items, 2)
	first, second := got.Items[0], got.Items[1]
	require.Equal(t, []any{lost, false, at(6)}, []any{first.LeadID, first.Won, first.DecidedAt})
	require.Equal(t, []float64{0, 10, 0}, first.Sight.Points)
	require.Equal(t, []string{"lost:price", "rejected:no_budget"}, first.Reasons)
	require.False(t, first.Answered, "what would have helped did not")
	require.Equal(t, []any{won, true, at(5)}, []any{second.LeadID, second.Won, second.DecidedAt})
	require.Empty(t, second.Reasons, "who was won was neither refused nor lost, though the outcome keeps a why")
	require.Equal(t, []float64{20, 20, 0}, second.Sight.Points)
	require.Equal(t, []int{1, 2, 0}, second.Sight.Events)
	require.Equal(t, 40, second.Sight.Score)
	require.True(t, second.Answered)
	require.Equal(t, []bool{false, false, true}, second.Named, "the webinar is what helped; a price is not pricing")

	exec(t, s, "UPDATE models SET state = 'retired'")
	_, err = s.RuleCases(ctx, record.CaseFilter{})
	require.ErrorContains(t, err, "no model is published")
	exec(t, s, "UPDATE models SET state = 'published' WHERE version = (SELECT max(version) FROM models)")

	only, err := s.RuleCases(ctx, record.CaseFilter{From: at(5), To: at(6)})
	require.NoError(t, err)
	require.Len(t, only.Items, 1)
	require.Equal(t, won, only.Items[0].LeadID)
	_, err = s.RuleCases(ctx, record.CaseFilter{Model: 99})
	require.ErrorIs(t, err, record.ErrNotFound)

	all, err := s.PeopleNow(ctx, false)
	require.NoError(t, err)
	require.Len(t, all.Items, 4)
	open, err := s.PeopleNow(ctx, true)
	require.NoError(t, err)
	require.Len(t, open.Items, 1)
}
