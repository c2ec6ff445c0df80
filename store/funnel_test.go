package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Events tell a funnel by their own time: not by the order in which they come, nor how often.
func TestEventFactsAreDatedByTheEvents(t *testing.T) {
	s, ctx := house(t), t.Context()
	lead := capture(t, s, record.Capture{Email: "ada@example.com"}).LeadID
	now := one[time.Time](t, s, "SELECT now()").Truncate(time.Microsecond)
	at := func(d time.Duration) time.Time { return now.Add(-d) }
	of := func(id, step string, at time.Time) record.Event {
		return record.Event{ClientID: id, LeadID: lead, Type: "custom", OccurredAt: at, Properties: map[string]any{"step": step}}
	}
	visitor := of("v", "begun", at(time.Hour))
	visitor.LeadID, visitor.VisitorID = "", "a visitor whom nobody knows"
	_, err := s.Ingest(ctx, []record.Event{
		of("3", "done", at(time.Hour)), of("1", "begun", at(5*time.Hour)), of("2", "begun", at(3*time.Hour)), of("1", "begun", at(9*time.Hour)),
		of("4", "other", at(time.Hour)), visitor,
	})
	require.NoError(t, err)
	steps := []string{"begun", "done"}
	facts, err := s.EventFacts(ctx, "step", steps)
	require.NoError(t, err)
	require.Len(t, facts, 2)
	require.Equal(t, []funnel.Step{
		{Name: "begun", Reached: 1, Conversion: 1},
		{Name: "done", Reached: 1, Conversion: 1, Took: funnel.Took{N: 1, Median: 4 * time.Hour, P90: 4 * time.Hour}},
	}, funnel.Count(steps, facts))
}

// Stages are dated by the run, cycle by cycle; what leaves a lead where it is is no step.
func TestStageFactsAreTheFirstEntriesOfEachCycle(t *testing.T) {
	s, ctx := house(t), t.Context()
	lead := capture(t, s, record.Capture{Email: "ada@example.com"}).LeadID
	for _, e := range []struct {
		from, to string
		at       int
		cycle    int
	}{
		{"captured", "nurturing", 1, 1},
		{"nurturing", "nurturing", 2, 1},
		{"nurturing", "qualified", 3, 1},
		{"qualified", "nurturing", 4, 1},
		{"nurturing", "qualified", 5, 1},
		{"dormant", "nurturing", 8, 2},
	} {
		exec(t, s, `INSERT INTO timeline (lead_id, at, kind, from_stage, to_stage, actor_type, cycle)
			VALUES ($1, $2, 'x', $3, $4, 'system', $5)`, lead, time.Unix(int64(e.at), 0), e.from, e.to, e.cycle)
	}
	facts, err := s.StageFacts(ctx)
	require.NoError(t, err)
	created := one[time.Time](t, s, "SELECT created_at FROM leads")
	for i := range facts {
		facts[i].At = facts[i].At.UTC()
	}
	require.ElementsMatch(t, []funnel.Fact{
		{Subject: lead + "/1", Step: "captured", At: created.UTC()},
		{Subject: lead + "/1", Step: "nurturing", At: time.Unix(1, 0).UTC()},
		{Subject: lead + "/1", Step: "qualified", At: time.Unix(3, 0).UTC()},
		{Subject: lead + "/2", Step: "nurturing", At: time.Unix(8, 0).UTC()},
	}, facts)
}
