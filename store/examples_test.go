package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Nothing that was learned after sales were asked is in an example.
func TestExamples_knowWhatWasKnownAtTheDecision(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "ann", nil)
	at := func(day int) time.Time { return time.Date(2026, 3, day, 12, 0, 0, 0, time.UTC) }
	learn := func(lead, field, value string, day int) {
		exec(t, s, "INSERT INTO profile_values (lead_id, field, value, learned_at, source) VALUES ($1, $2, $3::jsonb, $4, 'api')", lead, field, value, at(day))
	}
	offered := func(lead string, cycle, day int) {
		exec(t, s, `INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, state, offered_at, decided_at)
			VALUES ($1::uuid, $1::uuid || '', $2, $3, 1, $4, 'accepted', $5, $5)`, newID(), lead, cycle, rep, at(day))
	}
	ended := func(lead string, cycle int, kind string, day int) {
		exec(t, s, "INSERT INTO outcomes (lead_id, cycle, kind, at) VALUES ($1, $2, $3, $4)", lead, cycle, kind, at(day))
	}
	won, lost := inStage(t, s, lifecycle.StageWon, 1)[0], inStage(t, s, lifecycle.StageLost, 1)[0]
	learn(won, "industry", `"software"`, 1)
	learn(won, "industry", `"finance"`, 2)
	learn(won, "industry", `"mining"`, 9)
	learn(won, "custom.visits", `7`, 2)
	learn(won, "custom.list", `["a"]`, 2)
	learn(won, "custom.tag", `"will buy"`, 6)
	happened := func(lead, kind string, day int, voided any) string {
		return one[string](t, s, `INSERT INTO events (id, lead_id, type, occurred_at, received_at, voided_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id::text`,
			newID(), lead, kind, at(1), at(day), voided)
	}
	happened(won, "page_view", 2, nil)
	happened(won, "page_view", 4, at(8)) // taken back only afterwards
	happened(won, "page_view", 4, at(4)) // taken back before
	happened(won, "page_view", 6, nil)   // heard of only afterwards, although it happened before
	happened(won, "chat", 5, nil)
	exec(t, s, "UPDATE events SET inherited_at = $2 WHERE id = $1", happened(won, "form_submit", 3, nil), at(7)) // came with a visitor afterwards
	happened(lost, "call", 4, nil)
	exec(t, s, "UPDATE leads SET created_at = $1", at(1))
	exec(t, s, "UPDATE leads SET source_code = 'ads' WHERE id = $1", won)
	offered(won, 1, 5)
	ended(won, 1, "won", 20)
	learn(lost, "industry", `"retail"`, 1)
	learn(lost, "industry", `null`, 2)
	ended(lost, 1, "disqualified", 3) // nobody was asked

	routed := inStage(t, s, lifecycle.StageWorking, 1)[0]
	ended(routed, 1, "rejected", 4) // and went on to somebody else
	gone := inStage(t, s, lifecycle.StageWon, 1)[0]
	ended(gone, 1, "won", 4)
	exec(t, s, "UPDATE leads SET stage = 'erased', email = NULL WHERE id = $1", gone)
	again := inStage(t, s, lifecycle.StageWon, 1)[0]
	exec(t, s, "UPDATE leads SET cycle = 2 WHERE id = $1", again)
	ended(again, 1, "rejected", 6)
	ended(again, 2, "won", 7)
	twin := inStage(t, s, lifecycle.StageDisqualified, 1)[0]
	exec(t, s, "INSERT INTO outcomes (lead_id, cycle, kind, at, duplicate_of) VALUES ($1, 1, 'disqualified', $2, $3)", twin, at(8), won)

	none := map[string]int{}
	got, err := s.Examples(t.Context(), 1000)
	require.NoError(t, err)
	require.Equal(t, 1, got.Open)
	for i := range got.Items {
		got.Items[i].DecidedAt, got.Items[i].EndedAt = got.Items[i].DecidedAt.UTC(), got.Items[i].EndedAt.UTC()
	}
	require.Equal(t, []record.Example{
		{LeadID: lost, Cycle: 1, DecidedAt: at(3), EndedAt: at(3), Source: "other", Values: map[string]string{}, Later: []string{}, Events: none},
		{
			LeadID: won, Cycle: 1, Won: true, DecidedAt: at(5), EndedAt: at(20), Source: "ads", Values: map[string]string{"industry": "finance", "custom.visits": "7"},
			Later: []string{"custom.tag"}, Events: map[string]int{"page_view": 2, "chat": 1},
		},
		{LeadID: again, Cycle: 1, DecidedAt: at(6), EndedAt: at(6), Source: "other", Values: map[string]string{}, Later: []string{}, Events: none},
		{LeadID: again, Cycle: 2, Won: true, DecidedAt: at(7), EndedAt: at(7), Source: "other", Values: map[string]string{}, Later: []string{}, Events: none},
	}, got.Items)

	few, err := s.Examples(t.Context(), 2)
	require.NoError(t, err)
	require.Equal(t, []string{again, again}, []string{few.Items[0].LeadID, few.Items[1].LeadID}, "the newest, and the older of them first")
	require.Equal(t, []int{1, 2}, []int{few.Items[0].Cycle, few.Items[1].Cycle})

	// Of who was there before the oldest event that is kept nobody knows how often.
	exec(t, s, "UPDATE events_kept SET since = $1", at(2))
	got, err = s.Examples(t.Context(), 1000)
	require.NoError(t, err)
	require.Nil(t, got.Items[1].Events)
}

// A model with a predictor gives its points as it is published, by capture as by scoring everybody anew, and explains them.
func TestPredictive_axisOfAPublishedModel(t *testing.T) {
	s, ctx := house(t), t.Context()
	lead := capture(t, s, record.Capture{Email: "ann@example.com", Profile: map[string]any{"industry": "software"}}).LeadID
	was, err := s.ExplainScore(ctx, lead, time.Time{}, 0)
	require.NoError(t, err)
	require.Nil(t, was.Prediction)
	const predictor = `{"target": "won", "outcomes": 200, "positive": 50, "intercept": 0, "features": [
		{"field": "industry", "levels": [{"value": "Software", "weight": 2}], "other": -1, "missing": -1}], "calibration": {"method": "platt", "b": 1}}`
	with := func(use string) {
		publish(t, s, fmt.Sprintf(`%s, "predictive": {%s, "predictor": %s}}`, testModel[:len(testModel)-1], use, predictor))
		require.NoError(t, s.Rescore(ctx))
	}
	with(`"use": "axis", "points": 50`)
	got, err := s.ExplainScore(ctx, lead, time.Time{}, 0)
	require.NoError(t, err)
	require.InDelta(t, 50*0.880797, got.Fit-was.Fit, 1e-4)
	require.InDelta(t, 0.880797, got.Prediction.Probability, 1e-6)
	require.Equal(t, "industry is Software", got.Prediction.Reasons[0].Why)
	require.InDelta(t, got.Fit, one[float64](t, s, "SELECT fit FROM scores WHERE lead_id = $1", lead), 1e-9)
	next := capture(t, s, record.Capture{Email: "bob@example.com", Profile: map[string]any{"industry": "mining"}}).LeadID
	require.InDelta(t, 50*0.268941, one[float64](t, s, "SELECT fit FROM scores WHERE lead_id = $1", next), 1e-4)
	with(`"use": "shadow"`)
	got, err = s.ExplainScore(ctx, lead, time.Time{}, 0)
	require.NoError(t, err)
	require.InDelta(t, was.Fit, got.Fit, 1e-9, "a shadow has no effect")
	require.NotNil(t, got.Prediction)
	require.InDelta(t, was.Fit, one[float64](t, s, "SELECT fit FROM scores WHERE lead_id = $1", lead), 1e-9)
}
