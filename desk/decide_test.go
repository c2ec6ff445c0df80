package desk

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

var (
	accept   = request("accept", map[string]any{"rep_id": rep1})
	win      = request("win", map[string]any{"amount": "10.00", "currency": "EUR"})
	noRun    = serviceerror.NewNotFound("workflow execution already completed")
	noServer = serviceerror.NewUnavailable("connection refused")
	cutOff   = temporal.NewNonRetryableApplicationError("over", typeCutOff, nil)
	leaving  = temporal.NewApplicationError("leaving", typeHandedOver)
)

func TestDecide_applied(t *testing.T) {
	t.Parallel()
	p := newPaper(lifecycle.StageHandoff)
	r := &run{answers: []error{nil}, then: func() { p.lead.Stage = lifecycle.StageWorking }}
	a := decided(t, newDesk(p, r), accept)
	require.Equal(t, Answer{State: Applied, DecisionID: p.decisions[0].ID, Lead: p.lead}, a)
	require.Equal(t, lifecycle.StageWorking, a.Lead.Stage, "the lead as it results")
	require.Equal(t, []string{Applied}, p.states())
	require.Equal(t, 600*time.Millisecond, p.next[a.DecisionID], "the sweep does not ask beside us")
}

func TestDecide_refused(t *testing.T) {
	t.Parallel()
	for _, code := range refusalCodes {
		p := newPaper(lifecycle.StageHandoff)
		no := fmt.Errorf("update: %w", refusedBy(code, wire.RefusalDetails{Stage: lifecycle.StageWorking, DecidedBy: rep2}))
		a := decided(t, newDesk(p, &run{answers: []error{no}}), accept)
		require.Equal(t, Refused, a.State)
		require.Equal(t, code, a.Code)
		require.NotEmpty(t, a.Detail)
		require.Equal(t, lifecycle.StageWorking, a.Stage)
		require.Equal(t, rep2, a.DecidedBy)
		require.Equal(t, Refused, p.decisions[0].State)
		require.Equal(t, code, p.decisions[0].Code)
	}
}

func TestDecide_pendingWhateverTemporalDoes(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]error{
		"away": noServer, "silent": errSilent, "defect": temporal.NewApplicationError("panic", "PanicError"),
		"not ready": serviceerror.NewWorkflowNotReady("x"), "full": serviceerror.NewResourceExhausted(0, "x"),
		"leaving for ever": leaving, "namespace": serviceerror.NewNamespaceNotFound("x"), "odd": errors.New("odd"),
	} {
		p := newPaper(lifecycle.StageHandoff)
		a := decided(t, newDesk(p, &run{answers: []error{trouble}}), accept)
		require.Equal(t, Pending, a.State, name)
		require.NotEmpty(t, a.DecisionID)
		require.Equal(t, []string{Pending}, p.states())
		require.Empty(t, p.poked)
	}
}

func TestDecide_aRunThatIsMissingIsStarted(t *testing.T) {
	t.Parallel()
	p := newPaper(lifecycle.StageHandoff)
	a := decided(t, newDesk(p, &run{answers: []error{noRun}}), accept)
	require.Equal(t, Pending, a.State)
	require.Equal(t, []string{leadA}, p.poked)
	require.Equal(t, map[string]time.Duration{a.DecisionID: time.Second}, p.deferred, "it begins in a moment, and is asked then")
}

func TestDecide_theNextRunIsAsked(t *testing.T) {
	t.Parallel()
	for _, first := range []error{leaving, cutOff} {
		p, r := newPaper(lifecycle.StageWorking), &run{answers: []error{first, nil}}
		require.Equal(t, Applied, decided(t, newDesk(p, r), win).State)
		require.Len(t, r.asked, 2)
		require.Equal(t, r.asked[0].UpdateID, r.asked[1].UpdateID)
	}
}

func TestDecide_aClosedLeadIsJudgedFromPostgres(t *testing.T) {
	t.Parallel()
	lingers := refusedBy(lifecycle.CodeWrongStage, wire.RefusalDetails{Stage: lifecycle.StageWon}) // a run stays a little after its end
	for _, over := range []error{noRun, cutOff, lingers} {
		p, r := newPaper(lifecycle.StageWorking), &run{answers: []error{nil, over}}
		d := newDesk(p, r)
		won := decided(t, d, win)
		p.lead.Stage = lifecycle.StageWon
		p.decisions[0].RepID = new(rep1)

		again := decided(t, d, win)
		require.Equal(t, Applied, again.State, "the same decision again")
		require.NotEqual(t, won.DecisionID, again.DecisionID)

		other := decided(t, d, request("win", map[string]any{"amount": "11.00", "currency": "EUR"}))
		require.Equal(t, Refused, other.State)
		require.Equal(t, lifecycle.CodeWrongStage, other.Code)
		require.Equal(t, lifecycle.StageWon, other.Stage)
		require.Equal(t, []string{Applied, Applied, Refused}, p.states())
	}
}

func TestDecide_aRunThatDecidedAndEndedHasDecided(t *testing.T) {
	t.Parallel()
	p := newPaper(lifecycle.StageWorking)
	r := &run{answers: []error{noRun}}
	r.then = func() { p.lead.Stage, p.decisions[0].State = lifecycle.StageWon, Applied }
	require.Equal(t, Applied, decided(t, newDesk(p, r), win).State)
}

func TestDecide_theSameWhileTheFirstIsPending(t *testing.T) {
	t.Parallel()
	p, r := newPaper(lifecycle.StageHandoff), &run{answers: []error{noServer, noServer, nil}}
	d := newDesk(p, r)
	first := decided(t, d, accept)
	second := decided(t, d, request("accept", map[string]any{"rep_id": rep1, "assignment_id": nil}))
	require.Equal(t, Pending, second.State)
	require.Equal(t, first.DecisionID, second.DecisionID)
	third := decided(t, d, accept)
	require.Equal(t, Applied, third.State)
	require.Equal(t, first.DecisionID, third.DecisionID)
	require.Len(t, p.decisions, 1)
	require.Equal(t, Applied, p.decisions[0].State)
}

func TestDecide_aReassignmentThatStandsIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	p, r := newPaper(lifecycle.StageWorking), &run{answers: []error{nil}}
	d := newDesk(p, r)
	to := request("reassign", map[string]any{"rep_id": rep2})
	first := decided(t, d, to)
	p.lead.Owner = new(rep2)
	again := decided(t, d, to)
	require.Equal(t, Applied, again.State)
	require.Equal(t, first.DecisionID, again.DecisionID)
	require.Len(t, r.asked, 1)
	p.lead.Owner = new(rep1) // went elsewhere since
	decided(t, d, to)
	require.Len(t, r.asked, 2)
}

func TestDecide_noSuchLead(t *testing.T) {
	t.Parallel()
	for _, gone := range []error{record.ErrNotFound, record.ErrErased} {
		p := newPaper("")
		p.leadErr = gone
		_, err := newDesk(p, &run{answers: []error{nil}}).Decide(t.Context(), accept)
		require.ErrorIs(t, err, gone)
	}
	p := newPaper(lifecycle.StageHandoff)
	r := &run{answers: []error{refusedBy(lifecycle.CodeErased, wire.RefusalDetails{Stage: lifecycle.StageErased})}}
	r.then = func() { p.leadErr = record.ErrErased }
	_, err := newDesk(p, r).Decide(t.Context(), accept)
	require.ErrorIs(t, err, record.ErrErased, "erased meanwhile")
}

// Whatever the run says that asking again would not change is an answer, also where it has no code that people read: who takes a lead in the
// moment in which it goes elsewhere hears that it is elsewhere.
func TestDecide_overtaken(t *testing.T) {
	t.Parallel()
	for _, code := range []string{lifecycle.CodeOvertaken, "timeout"} {
		p := newPaper(lifecycle.StageQualified)
		r := &run{answers: []error{refusedBy(code, wire.RefusalDetails{Stage: lifecycle.StageQualified})}}
		a := decided(t, newDesk(p, r), accept)
		require.Equal(t, []any{Refused, lifecycle.CodeWrongStage, lifecycle.StageQualified}, []any{a.State, a.Code, a.Stage}, code)
		require.NotEmpty(t, a.Detail)
		require.Equal(t, Refused, p.decisions[0].State)
	}
}
