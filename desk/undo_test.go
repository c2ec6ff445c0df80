package desk

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

func TestUndo_aRunThatHasEndedIsBegunAnew(t *testing.T) {
	t.Parallel()
	p := newPaper(lifecycle.StageDisqualified)
	r := &run{answers: []error{noRun, nil}, then: func() { p.lead.Stage = lifecycle.StageWorking }}
	a := decided(t, newDesk(p, r), request("undo", map[string]any{"decision_id": offer}))
	require.Equal(t, Applied, a.State)
	require.Len(t, r.started, 1)
	require.Equal(t, wire.WorkflowID(leadA), r.started[0].ID)
	require.Equal(t, wire.TaskQueue, r.started[0].TaskQueue)
	require.Len(t, r.asked, 2)
	sent := r.asked[1].Args[0].(wire.Decision)
	require.Equal(t, offer, sent.Undoes)
	require.Equal(t, noon, sent.AskedAt)
	require.Equal(t, r.asked[0].UpdateID, r.asked[1].UpdateID)
}

func TestUndo_whatCannotBeTakenBackIsNotAsked(t *testing.T) {
	t.Parallel()
	for why, code := range map[string]string{"mail_sent": lifecycle.CodeIrrevocable, record.UndoFull: lifecycle.CodeAtCapacity} {
		p := newPaper(lifecycle.StageWorking)
		p.irrevocable = why
		r := &run{answers: []error{nil}}
		a := decided(t, newDesk(p, r), request("undo", map[string]any{}))
		require.Equal(t, Refused, a.State)
		require.Equal(t, code, a.Code)
		require.NotEmpty(t, a.Detail)
		require.Empty(t, r.asked)
		require.Empty(t, p.decisions)
	}
}

// What the reason means goes with the decision: the run may have begun before the house gave it to itself.
func TestDecide_theReasonSaysWhatItMeans(t *testing.T) {
	t.Parallel()
	p := newPaper(lifecycle.StageHandoff)
	p.vocabulary = lifecycle.Vocabulary{"reject": {
		"wrong_product": {Path: lifecycle.PathReroute, Title: "Wants another product"}, "twin": {Path: lifecycle.PathDuplicate}, "other": {Path: lifecycle.PathRecycle, Retired: true},
	}}
	r := &run{answers: []error{nil}}
	a := decided(t, newDesk(p, r), request("reject", map[string]any{"rep_id": rep1, "reason": "wrong_product"}))
	require.Equal(t, Applied, a.State)
	rule := r.asked[0].Args[0].(wire.Decision).Rule
	require.NotNil(t, rule)
	require.Equal(t, lifecycle.PathReroute, rule.Path)
	require.Empty(t, rule.Title, "what people read does not travel")

	require.Equal(t, []string{"reason unknown_reason"}, wrong(t, newDesk(p, r), request("reject", map[string]any{"rep_id": rep1, "reason": "other"})))
	require.Equal(t, []string{"duplicate_of required"}, wrong(t, newDesk(p, r), request("reject", map[string]any{"rep_id": rep1, "reason": "twin"})))
	require.Equal(t, []string{"duplicate_of invalid"}, wrong(t, newDesk(p, r), request("reject", map[string]any{"rep_id": rep1, "reason": "twin", "duplicate_of": leadA})))
}

func wrong(t *testing.T, d *Desk, r Request) (out []string) {
	t.Helper()
	_, err := d.Decide(t.Context(), r)
	var ps Problems
	require.ErrorAs(t, err, &ps)
	for _, p := range ps {
		out = append(out, p.Field+" "+p.Code)
	}
	return out
}
