package store

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// A policy changes under many leads: their runs are told so many a second, those first that are due first, and none before who
// becomes hot meanwhile, who takes the word along.
func TestAChangeForManyIsToldGently(t *testing.T) {
	s, ctx := floor(t), t.Context()
	const n = 3*gentlePace - 5
	leads := inStage(t, s, lifecycle.StageHandoff, n)
	exec(t, s, "UPDATE leads SET sla_due_at = now() + interval '1 day' - n * interval '1 minute' FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) WHERE u.id = leads.id AND n > 1", leads)
	_, err := s.CreatePolicy(ctx, record.Policy{Name: "another", Active: true, Source: "x", Document: json.RawMessage(testPolicy)})
	require.NoError(t, err)
	waves := map[int]int{}
	for i, lead := range leads {
		wave := one[int](t, s, "SELECT extract(epoch FROM not_before - created_at)::int FROM outbox WHERE lead_id = $1", lead)
		waves[wave]++
		require.Equal(t, (n-1-i)/gentlePace, wave, "%d: the last is due first, the first at no time", i)
	}
	require.Equal(t, map[int]int{0: gentlePace, 1: gentlePace, 2: gentlePace - 5}, waves)

	ingest(t, s, record.Event{LeadID: leads[0], Type: "demo_request"})
	rows, err := s.ClaimOutbox(ctx, 1, time.Minute)
	require.NoError(t, err)
	require.Equal(t, leads[0], rows[0].LeadID)
	require.ElementsMatch(t, []string{"demo_request", triggerTerms}, slices.Collect(maps.Keys(rows[0].Triggers)))
	capture(t, s, record.Capture{Email: "new@example.com", SourceCode: "ads"})
	rows, err = s.ClaimOutbox(ctx, 2, time.Minute)
	require.NoError(t, err)
	require.Contains(t, rows[0].Triggers, "capture")
	require.Equal(t, []string{triggerTerms}, slices.Collect(maps.Keys(rows[1].Triggers)), "who begins comes before it as well")
}
