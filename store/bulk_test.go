package store

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// bulkOver is a bulk pause over the nurtured leads of a channel, of which there are n; one more is of another.
func bulkOver(t *testing.T, n int) (*Store, record.Bulk) {
	t.Helper()
	s := house(t)
	for i := range n {
		capture(t, s, record.Capture{Email: fmt.Sprintf("zyxada%d@example.com", i), SourceCode: "ads"})
	}
	newLead(t, s, "other@example.com")
	ctx, key := acting(t, s)
	b, err := s.StartBulk(ctx, record.Bulk{Action: "pause", Body: json.RawMessage(`{}`), KeyID: &key, Pace: 5}, record.LeadFilter{Source: "ads", Query: "zyxada"})
	require.NoError(t, err)
	return s, b
}

func claimBulk(t *testing.T, s *Store) (record.Bulk, bool) {
	t.Helper()
	b, ok, err := s.ClaimBulk(t.Context())
	require.NoError(t, err)
	return b, ok
}

func done(states map[string]string) (out []record.BulkLead) {
	for id, state := range states {
		out = append(out, record.BulkLead{LeadID: id, State: state, Code: map[string]string{"refused": "wrong_stage"}[state]})
	}
	return out
}

func TestTheLeadsOfABulkAreFixedWhenItBegins(t *testing.T) {
	s, b := bulkOver(t, 3)
	require.Equal(t, []any{"queued", 3, 0}, []any{b.State, b.Total, b.Applied})
	capture(t, s, record.Capture{Email: "zyxada-late@example.com", SourceCode: "ads"})
	exec(t, s, "UPDATE leads SET source_code = 'moved' WHERE email = 'zyxada1@example.com'")
	leads, err := s.WaitingBulkLeads(t.Context(), b.ID, 10)
	require.NoError(t, err)
	require.Len(t, leads, 3)
	p, err := s.PreviewBulk(t.Context(), record.LeadFilter{Source: "ads"}, 2)
	require.NoError(t, err)
	require.Equal(t, []any{3, 2}, []any{p.Total, len(p.Sample)})
	none, err := s.PreviewBulk(t.Context(), record.LeadFilter{Owner: "nobody"}, 2)
	require.NoError(t, err)
	require.Zero(t, none.Total)

	require.NotContains(t, one[string](t, s, "SELECT to_jsonb(b)::text FROM bulks b"), "yxada", "words that were searched for are not kept")
	require.Contains(t, audited(t, s, record.AuditFilter{Object: "bulk"}), `created bulk [] {"action":"pause","total":3}`)
}

func TestABulkIsCarriedByOneUnderALease(t *testing.T) {
	s, _ := bulkOver(t, 3)
	ctx := t.Context()
	mine, ok := claimBulk(t, s)
	require.True(t, ok)
	_, ok = claimBulk(t, s)
	require.False(t, ok, "it is carried")
	require.NoError(t, s.ExtendBulk(ctx, mine))

	exec(t, s, "UPDATE bulks SET claimed_until = now() - interval '1 second'") // its carrier is dead
	theirs, ok := claimBulk(t, s)
	require.True(t, ok)
	leads, err := s.WaitingBulkLeads(ctx, mine.ID, 10)
	require.NoError(t, err)
	require.ErrorIs(t, s.ExtendBulk(ctx, mine), record.ErrNotFound)
	require.ErrorIs(t, s.NoteBulk(ctx, mine, done(map[string]string{leads[0]: "applied"})), record.ErrNotFound, "who comes back from the dead notes nothing")
	require.ErrorIs(t, s.FinishBulk(ctx, mine), record.ErrNotFound)

	require.NoError(t, s.NoteBulk(ctx, theirs, done(map[string]string{leads[0]: "applied", leads[1]: "refused"})))
	require.NoError(t, s.NoteBulk(ctx, theirs, done(map[string]string{leads[0]: "applied", leads[1]: "applied"})), "the same again counts nothing")
	now, err := s.Bulk(ctx, mine.ID)
	require.NoError(t, err)
	require.Equal(t, []any{"running", 1, 1, 0}, []any{now.State, now.Applied, now.Refused, now.Failed})
	require.NotNil(t, now.ETA)
	require.NoError(t, s.PutOffBulk(ctx, theirs, time.Hour))
	_, ok = claimBulk(t, s)
	require.False(t, ok, "it was put off")
}

func TestLateAnswersAreCounted(t *testing.T) {
	s, b := bulkOver(t, 3)
	ctx := t.Context()
	b, _ = claimBulk(t, s)
	leads, err := s.WaitingBulkLeads(ctx, b.ID, 10)
	require.NoError(t, err)
	var notes []record.BulkLead
	for _, lead := range leads {
		id := newID()
		require.NoError(t, s.StoreDecision(ctx, record.Decision{ID: id, LeadID: lead, Kind: "pause", Body: json.RawMessage(`{}`), Fingerprint: "f"}, time.Hour))
		notes = append(notes, record.BulkLead{LeadID: lead, State: "asked", DecisionID: &id})
	}
	require.NoError(t, s.NoteBulk(ctx, b, notes))
	open, err := s.SettleBulk(ctx, b)
	require.NoError(t, err)
	require.Equal(t, 3, open)
	_, err = s.AnswerDecision(ctx, *notes[0].DecisionID, "applied", "")
	require.NoError(t, err)
	_, err = s.AnswerDecision(ctx, *notes[1].DecisionID, "refused", "wrong_stage")
	require.NoError(t, err)
	require.NoError(t, s.EraseLead(ctx, leads[2], lifecycle.System))
	open, err = s.SettleBulk(ctx, b)
	require.NoError(t, err)
	require.Zero(t, open)
	require.NoError(t, s.FinishBulk(ctx, b))
	b, err = s.Bulk(ctx, b.ID)
	require.NoError(t, err)
	require.Equal(t, []any{"done", 1, 2, 0}, []any{b.State, b.Applied, b.Refused, b.Failed})
	errs, err := s.BulkErrors(ctx, b.ID, "", 10)
	require.NoError(t, err)
	require.Len(t, errs, 2)
	require.ElementsMatch(t, []string{"wrong_stage", "erased"}, []string{errs[0].Code, errs[1].Code})
	rest, err := s.BulkErrors(ctx, b.ID, errs[0].LeadID, 10)
	require.NoError(t, err)
	require.Equal(t, errs[1:], rest)
	_, err = s.CancelBulk(ctx, b.ID)
	require.ErrorIs(t, err, record.ErrConflict)
}

func TestACancelledBulkAsksNobodyMore(t *testing.T) {
	s, b := bulkOver(t, 2)
	ctx := t.Context()
	b, _ = claimBulk(t, s)
	leads, err := s.WaitingBulkLeads(ctx, b.ID, 1)
	require.NoError(t, err)
	by, _ := acting(t, s)
	for range 2 {
		now, err := s.CancelBulk(by, b.ID)
		require.NoError(t, err)
		require.Equal(t, "cancelled", now.State)
	}
	require.ErrorIs(t, s.NoteBulk(ctx, b, done(map[string]string{leads[0]: "applied"})), record.ErrDecided, "what was in hand is noted")
	now, err := s.Bulk(ctx, b.ID)
	require.NoError(t, err)
	require.Equal(t, 1, now.Applied)
	_, ok := claimBulk(t, s)
	require.False(t, ok)
	require.Contains(t, audited(t, s, record.AuditFilter{Object: "bulk"}), `changed bulk [state] {"action":"pause","state":"cancelled"}`)
}

// Which leads an old bulk action was about is forgotten when the house says so; its counts stay, and who is under way keeps theirs.
func TestLeadsOfOldBulksAreSwept(t *testing.T) {
	s, old := bulkOver(t, 3)
	ctx, key := acting(t, s)
	open, err := s.StartBulk(ctx, record.Bulk{Action: "resume", Body: json.RawMessage(`{}`), KeyID: &key, Pace: 5}, record.LeadFilter{Source: "ads"})
	require.NoError(t, err)
	exec(t, s, "UPDATE bulks SET state = 'done', applied = 3, finished_at = now() - interval '11 days' WHERE id = $1", old.ID)
	left := func() [2]int {
		return [2]int{one[int](t, s, "SELECT count(*) FROM bulk_leads WHERE bulk_id = $1", old.ID), one[int](t, s, "SELECT count(*) FROM bulk_leads WHERE bulk_id = $1", open.ID)}
	}
	for days, want := range map[int][2]int{0: {3, 3}, 12: {3, 3}} {
		s.keepBulks = time.Duration(days) * 24 * time.Hour
		require.NoError(t, s.Sweep(t.Context()))
		require.Equal(t, want, left(), days)
	}
	s.keepBulks = 10 * 24 * time.Hour
	require.NoError(t, s.Sweep(t.Context()))
	require.Equal(t, [2]int{0, 3}, left())
	require.Equal(t, 3, one[int](t, s, "SELECT applied FROM bulks WHERE id = $1", old.ID))
}
