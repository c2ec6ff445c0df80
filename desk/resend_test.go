package desk

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

func TestResend_answersWhatWaited(t *testing.T) {
	t.Parallel()
	p, r := newPaper(lifecycle.StageHandoff), &run{answers: []error{noServer, nil}}
	d := newDesk(p, r)
	first := decided(t, d, accept)
	require.NoError(t, d.Resend(t.Context()))
	require.Equal(t, Applied, p.decisions[0].State)
	require.Equal(t, []string{first.DecisionID, first.DecisionID}, []string{r.asked[0].UpdateID, r.asked[1].UpdateID})
	require.Equal(t, r.asked[0].Args, r.asked[1].Args)
	require.NoError(t, d.Resend(t.Context()))
	require.Len(t, r.asked, 2)
}

// What took effect in a task that may be lost is asked again, until the run has said that it knows of it; what it says otherwise changes nothing.
func TestResend_whatIsNotKnownToBeKept(t *testing.T) {
	t.Parallel()
	refused := refusedBy(lifecycle.CodeWrongStage, wire.RefusalDetails{})
	for name, c := range map[string]struct {
		version int64
		silent  error
		answer  error
		asked   int
		unkept  int64
	}{
		"the run has come so far, and is not asked to decide a second time": {version: 7, answer: nil, asked: 0, unkept: 0},
		"there is no run":                     {silent: noRun, answer: nil, asked: 0, unkept: 0},
		"the task was lost":                   {version: 6, answer: nil, asked: 1, unkept: 0},
		"the task was lost and the run ended": {version: 6, answer: noRun, asked: 1, unkept: 0},
		"the run refuses, and has yet to tell what became of that version": {version: 6, answer: refused, asked: 1, unkept: 7},
		"nobody answers": {silent: noServer, answer: nil, asked: 0, unkept: 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, r := newPaper(lifecycle.StageWorking), &run{answers: []error{noServer, c.answer}, version: c.version, silent: c.silent}
			d := newDesk(p, r)
			decided(t, d, accept)
			p.decisions[0].State, p.decisions[0].Unkept = Applied, 7 // by the task that the server then lost
			require.NoError(t, d.Resend(t.Context()))
			require.Equal(t, []any{Applied, c.unkept, c.asked}, []any{p.decisions[0].State, p.decisions[0].Unkept, len(r.asked) - 1})
			if c.unkept > 0 {
				require.Positive(t, p.deferred[p.decisions[0].ID])
			}
		})
	}
}

// Whoever asks the same again, such as a bulk action that was killed, is told what is stored; that says nothing of whether it was kept.
func TestDecide_whatIsStoredIsNotKnownToBeKept(t *testing.T) {
	t.Parallel()
	p, r := newPaper(lifecycle.StageWorking), &run{answers: []error{noServer}}
	d := newDesk(p, r)
	again := accept
	again.ID = decided(t, d, accept).DecisionID
	p.decisions[0].State, p.decisions[0].Unkept = Applied, 7
	require.Equal(t, Applied, decided(t, d, again).State)
	require.Equal(t, int64(7), p.decisions[0].Unkept)
}

// After an outage thousands wait: they are worked off one batch after the other.
func TestResend_goesOnUntilNothingIsDue(t *testing.T) {
	t.Parallel()
	p, r := newPaper(lifecycle.StageHandoff), &run{answers: []error{nil}}
	for i := range 3*resendBatch + 1 {
		p.decisions = append(p.decisions, record.Decision{ID: fmt.Sprint(i), LeadID: leadA, Kind: "resume", Body: []byte(`{}`), State: Pending})
	}
	require.NoError(t, newDesk(p, r).Resend(t.Context()))
	require.Len(t, r.asked, 3*resendBatch+1)
}

func TestResend_aRefusalIsAnAnswer(t *testing.T) {
	t.Parallel()
	p, r := newPaper(lifecycle.StageHandoff), &run{answers: []error{noServer, refusedBy(lifecycle.CodeNotYourOffer, wire.RefusalDetails{})}}
	d := newDesk(p, r)
	decided(t, d, accept)
	require.NoError(t, d.Resend(t.Context()))
	require.Equal(t, lifecycle.CodeNotYourOffer, p.decisions[0].Code)
}

func TestResend_waitsLongerEachTimeAndNeverGivesUp(t *testing.T) {
	t.Parallel()
	p, r := newPaper(lifecycle.StageHandoff), &run{answers: []error{noServer}}
	d := newDesk(p, r)
	id := decided(t, d, accept).DecisionID
	var pauses []time.Duration
	for range 9 {
		require.NoError(t, d.Resend(t.Context()))
		pauses = append(pauses, p.deferred[id])
	}
	s := time.Second
	require.Equal(t, []time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 60 * s, 60 * s, 60 * s}, pauses)
	require.Equal(t, time.Minute, d.backoff(1_000_000))
}

func TestResend_aRoundWithoutTemporalIsShort(t *testing.T) {
	t.Parallel()
	p, r := newPaper(lifecycle.StageHandoff), &run{answers: []error{noServer}}
	for i := range resendBatch {
		p.decisions = append(p.decisions, record.Decision{ID: fmt.Sprint(i), LeadID: leadA, Kind: "resume", Body: []byte(`{}`), State: Pending})
	}
	require.NoError(t, newDesk(p, r).Resend(t.Context()))
	require.LessOrEqual(t, len(r.asked), 2*resendAtOnce)
	require.Len(t, p.deferred, resendBatch, "all are put back")
}

func TestResend_anErasedLeadHasNoDecisions(t *testing.T) {
	t.Parallel()
	p, r := newPaper(lifecycle.StageHandoff), &run{answers: []error{noServer, noRun}}
	d := newDesk(p, r)
	decided(t, d, accept)
	p.leadErr = record.ErrErased
	require.NoError(t, d.Resend(t.Context()))
	require.Equal(t, lifecycle.CodeErased, p.decisions[0].Code)
}
