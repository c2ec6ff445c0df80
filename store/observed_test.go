package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/fitting"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// What is seen of a lead is what it did and what was done, and nothing of who it is.
func TestObserve_whatHappenedAndNothingOfWho(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "ann", nil)
	at := func(hour int) time.Time { return time.Date(2026, 3, 2, hour, 0, 0, 0, time.UTC) }
	id := inStage(t, s, lifecycle.StageWon, 1)[0]
	exec(t, s, `UPDATE leads SET created_at = $2, source_code = 'ads', profile = '{"first_name": "Ada", "company": "Acme", "title": "Head", "custom": {"size": 3}}' WHERE id = $1`, id, at(1))
	happened := func(kind string, hour int, properties string, voided any) {
		exec(t, s, `INSERT INTO events (id, lead_id, type, occurred_at, received_at, properties, voided_at) VALUES ($1, $2, $3, $4, now(), $5::jsonb, $6)`, newID(), id, kind, at(hour), properties, voided)
	}
	happened("page_view", 3, `{"path": "/pricing", "visitor": "secret"}`, nil)
	happened("page_view", 2, `{}`, nil)
	happened("email_click", 4, `{}`, at(5)) // a scanner's
	exec(t, s, "DELETE FROM timeline WHERE lead_id = $1", id)
	for hour, to := range map[int]string{5: "handoff", 6: "working", 7: "won"} {
		exec(t, s, `INSERT INTO timeline (lead_id, at, kind, from_stage, to_stage, actor_type, cycle) VALUES ($1, $2, 'x', 'nurturing', $3, 'system', 1)`, id, at(hour), to)
	}
	exec(t, s, `INSERT INTO timeline (lead_id, at, kind, from_stage, to_stage, actor_type, cycle) VALUES ($1, $2, 'x', 'won', 'won', 'system', 1)`, id, at(8))
	offered := func(state, reason string, hour int, due any) {
		exec(t, s, `INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, state, reason, offered_at, decided_at, due_at)
			VALUES ($1::uuid, $1::uuid || '', $2, 1, 1, $3, $4, $5, $6, $7, $8)`, newID(), id, rep, state, reason, at(hour), at(hour+1), due)
	}
	offered("missed", "accept", 5, at(9))
	offered("missed", "idle_final", 6, at(9)) // it was accepted, and left to lie
	offered("accepted", "", 7, nil)           // out of the queue
	exec(t, s, "INSERT INTO outcomes (lead_id, cycle, kind, at, reason) VALUES ($1, 1, 'won', $2, '')", id, at(7))
	exec(t, s, `INSERT INTO deliveries (id, key, lane, channel, kind, state, lead_id, sent_at) VALUES ($1::uuid, $1::uuid || '', 'bulk', 'mail', 'nurture', 'sent', $2, $3)`, newID(), id, at(2))
	exec(t, s, `INSERT INTO deliveries (id, key, lane, channel, kind, state, lead_id) VALUES ($1::uuid, $1::uuid || '', 'bulk', 'mail', 'nurture', 'suppressed', $2)`, newID(), id)
	imported := inStage(t, s, lifecycle.StageNurturing, 1)[0]
	exec(t, s, "UPDATE leads SET created_at = $2, alert = false WHERE id = $1", imported, at(1))
	gone := inStage(t, s, lifecycle.StageWon, 1)[0]
	exec(t, s, "UPDATE leads SET created_at = $2, stage = 'erased', email = NULL, external_id = NULL, profile = '{}' WHERE id = $1", gone, at(1))

	got, err := s.Observe(t.Context(), at(0), at(23), []string{"title", "custom.size", "country"}, []string{"path"}, 10)
	require.NoError(t, err)
	require.Equal(t, []int{1, 1}, []int{got.Captured, got.Imported})
	require.Len(t, got.Leads, 1)
	raw, err := json.Marshal(got)
	require.NoError(t, err)
	for _, private := range []string{"Ada", "Acme", "secret", id} {
		require.NotContains(t, string(raw), private)
	}
	l := got.Leads[0]
	require.Equal(t, map[string]any{"title": "Head", "custom.size": 3.0}, l.Profile)
	require.Equal(t, "ads", l.Source)
	require.Equal(t, []fitting.Event{{Type: "page_view", At: at(2)}, {Type: "page_view", At: at(3), Properties: map[string]any{"path": "/pricing"}}}, utc(l.Events))
	require.Len(t, l.Moves, 3)
	require.Equal(t, "won", l.Moves[2].Stage)
	require.Len(t, l.Mails, 1)
	var states []string
	for _, o := range l.Offers {
		require.Equal(t, rep, o.Rep)
		states = append(states, o.State)
	}
	require.Equal(t, []string{"missed", "accepted", "accepted"}, states)
	require.Equal(t, []bool{false, false, true}, []bool{l.Offers[0].Claimed, l.Offers[1].Claimed, l.Offers[2].Claimed})
	require.Equal(t, "won", l.Ends[0].Kind)

	got, err = s.Observe(t.Context(), at(2), at(23), nil, nil, 10)
	require.NoError(t, err)
	require.Empty(t, got.Leads)
}

func utc(events []fitting.Event) []fitting.Event {
	for i := range events {
		events[i].At = events[i].At.UTC()
	}
	return events
}

// A house of few leads gets a behaviour that can be played, of its own reps under numbers.
func TestFitBehaviour_ofAFewSaysSoAndCanBePlayed(t *testing.T) {
	s := floor(t)
	newRep(t, s, "ann", nil)
	inStage(t, s, lifecycle.StageNurturing, 3)
	assumed, err := document.ParseBehaviour(document.DefaultBehaviour)
	require.NoError(t, err)
	got, err := s.FitBehaviour(t.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour), assumed)
	require.NoError(t, err)
	require.Equal(t, 3, got.Leads)
	reps, err := s.Reps(t.Context(), "", 200)
	require.NoError(t, err)
	require.Len(t, got.Behaviour.Sales.Reps, len(reps.Items))
	require.Equal(t, "rep-1", got.Behaviour.Sales.Reps[0].Name)
	raw, err := document.WriteBehaviour(got.Behaviour)
	require.NoError(t, err)
	again, err := document.ParseBehaviour([]byte(raw))
	require.NoError(t, err)
	require.Equal(t, got.Behaviour.Sales.Reps[0].Name, again.Sales.Reps[0].Name)
	for _, r := range reps.Items {
		require.NotContains(t, raw, r.Name)
		require.NotContains(t, raw, r.ID)
	}
}
