package worker

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// rows is an outbox in memory.
type rows struct {
	mu       sync.Mutex
	due      []record.OutboxRow
	sent     []record.OutboxRow
	deferred []string
	released []string
	most     int // rows claimed and not settled, at the worst time
	open     int
}

func (r *rows) ClaimOutbox(_ context.Context, limit int, _ time.Duration) ([]record.OutboxRow, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(limit, len(r.due))
	due := r.due[:n]
	r.due = r.due[n:]
	r.open += n
	r.most = max(r.most, r.open)
	return due, nil
}

func (r *rows) SentOutbox(_ context.Context, sent []record.OutboxRow) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, sent...)
	r.open -= len(sent)
	return nil
}

func (r *rows) DeferOutbox(_ context.Context, row record.OutboxRow, _ time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deferred = append(r.deferred, row.LeadID)
	r.open--
	return nil
}

func (r *rows) ReleaseOutbox(_ context.Context, back []record.OutboxRow) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, row := range back {
		r.released = append(r.released, row.LeadID)
	}
	r.open -= len(back)
	return nil
}

func (r *rows) settled() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.sent) + len(r.deferred) + len(r.released)
}

func relay(o Outbox, c client.Client) *Relay {
	return &Relay{Outbox: o, Client: c, Log: slog.New(slog.DiscardHandler), bells: newBells("outbox")}
}

// relayed runs a relay until so many rows are settled.
func relayed(t *testing.T, r *Relay, o *rows, n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	require.Eventually(t, func() bool { return o.settled() >= n }, 10*time.Second, time.Millisecond)
	cancel()
	require.NoError(t, <-done)
}

func TestRelay_startsOrSignalsWithTheTriggersInOrder(t *testing.T) {
	t.Parallel()
	c := mocks.NewClient(t)
	want := wire.Engagement{Seq: 9, Score: 70, Band: "warm", Triggers: []wire.Trigger{{Kind: "capture", Seq: 3}, {Kind: "mql", Seq: 9}}}
	c.On("SignalWithStartWorkflow", mock.Anything, "lead/a", wire.SignalEngagement, want, mock.MatchedBy(func(o client.StartWorkflowOptions) bool {
		return o.ID == "lead/a" && o.TaskQueue == wire.TaskQueue
	}), wire.TypeLead, wire.LeadInput{LeadID: "a"}).Return(nil, nil).Once()
	o := &rows{due: []record.OutboxRow{{LeadID: "a", Seq: 9, Score: 70, Band: "warm", Stage: "captured", SourceCode: "web", Triggers: map[string]int64{"mql": 9, "capture": 3}}}}
	relayed(t, relay(o, c), o, 1)
	require.Len(t, o.sent, 1)
}

// What has ended is never started again by a late row; its run, if there still is one, is told.
func TestRelay_startsNothingForWhatHasEnded(t *testing.T) {
	t.Parallel()
	c := mocks.NewClient(t)
	c.On("SignalWorkflow", mock.Anything, mock.Anything, "", wire.SignalEngagement, mock.Anything).Return(&serviceerror.NotFound{}).Times(3)
	c.On("SignalWithStartWorkflow", mock.Anything, "lead/back", mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil, nil).Once()
	o := &rows{due: []record.OutboxRow{
		{LeadID: "won", Stage: "won", Triggers: map[string]int64{"capture": 1}},
		{LeadID: "erased", Stage: "erased", Triggers: map[string]int64{"erased": 1}},
		{LeadID: "out", Stage: "disqualified", Triggers: map[string]int64{"mql": 1}},
		{LeadID: "back", Stage: "disqualified", SourceCode: "web", Triggers: map[string]int64{"capture": 1}},
	}}
	relayed(t, relay(o, c), o, 4)
	require.Len(t, o.sent, 4)
}

func TestRelay_putsBackWhatTemporalDidNotTake(t *testing.T) {
	t.Parallel()
	c := mocks.NewClient(t)
	c.On("SignalWithStartWorkflow", mock.Anything, "lead/a", mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil, errors.New("away"))
	c.On("SignalWithStartWorkflow", mock.Anything, "lead/b", mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil, nil)
	o := &rows{due: []record.OutboxRow{{LeadID: "a", Stage: "nurturing", SourceCode: "x"}, {LeadID: "b", Stage: "nurturing", SourceCode: "x"}}}
	relayed(t, relay(o, c), o, 2)
	require.Equal(t, []string{"a"}, o.deferred)
	require.True(t, len(o.sent) == 1 && o.sent[0].LeadID == "b", "only what was taken is deleted")
}

// A call that hangs holds up nobody: all the others go out meanwhile, and what is stopped then is given back.
func TestRelay_aSlowCallHoldsUpNobody(t *testing.T) {
	t.Parallel()
	c := mocks.NewClient(t)
	c.On("SignalWithStartWorkflow", mock.Anything, "lead/slow", mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything).
		Run(func(args mock.Arguments) { <-args.Get(0).(context.Context).Done() }).Return(nil, context.Canceled)
	c.On("SignalWithStartWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil, nil)
	o := &rows{due: []record.OutboxRow{{LeadID: "slow", Stage: "nurturing", SourceCode: "x"}}}
	for range 500 {
		o.due = append(o.due, record.OutboxRow{LeadID: "quick", Stage: "nurturing", SourceCode: "x"})
	}
	r := relay(o, c)
	r.Parallel = 8
	relayed(t, r, o, 500)
	require.Len(t, o.sent, 500)
	require.Equal(t, []string{"slow"}, o.released)
	require.LessOrEqual(t, o.most, 8+2*8+100, "what is claimed is bounded: calls, one round ahead, one group being deleted")
}

// A row that waited so long that its call could outlive its lease is not sent: another relay may have it by then.
func TestRelay_sendsNothingWhoseLeaseRunsOut(t *testing.T) {
	t.Parallel()
	o := &rows{}
	s := &relaying{Relay: relay(o, mocks.NewClient(t)), pace: newPace(4), idle: true}
	s.ready = []claimed{{record.OutboxRow{LeadID: "late"}, time.Now().Add(relayCall - time.Second)}}
	s.begin(t.Context())
	require.Equal(t, []string{"late"}, o.released)
	require.Zero(t, s.flying)
}

func TestConcernsAll_isAwayOrBusyAndNotOneLead(t *testing.T) {
	t.Parallel()
	for err, all := range map[error]bool{
		serviceerror.NewUnavailable("x"):      true,
		serviceerror.NewDeadlineExceeded("x"): true,
		context.DeadlineExceeded:              true,
		serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_RPS_LIMIT, "x"):     true,
		serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW, "x"): false,
		serviceerror.NewPermissionDenied("x", "x"):                                             true,
		serviceerror.NewNamespaceNotFound("x"):                                                 true,
		serviceerror.NewInvalidArgument("x"):                                                   false,
		errors.New("x"):                                                                        false,
	} {
		require.Equal(t, all, concernsAll(err), "%T %v", err, err)
	}
}

func TestBackoff_growsToTheMostAndIsSpread(t *testing.T) {
	t.Parallel()
	for attempts := range 100 {
		d := backoff(attempts, time.Minute)
		require.GreaterOrEqual(t, d, 500*time.Millisecond)
		require.LessOrEqual(t, d, 90*time.Second)
	}
	seen := map[time.Duration]bool{}
	for range 20 {
		seen[backoff(5, time.Minute)] = true
	}
	require.Greater(t, len(seen), 10)
}

func TestBells_keepARingForALoopThatIsBusy(t *testing.T) {
	t.Parallel()
	b := newBells("outbox")
	b.ring("outbox")
	b.ring("outbox")
	b.ring("nobody")
	require.True(t, b.wait(t.Context(), "outbox", time.Hour), "rung before it waited")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.False(t, b.wait(ctx, "outbox", time.Hour))
}

func TestRegister_replayerTakesWhatProductionRuns(t *testing.T) {
	t.Parallel()
	c, err := client.NewLazyClient(client.Options{HostPort: "localhost:1"})
	require.NoError(t, err)
	for _, deployment := range []string{"", "leads"} {
		require.NotPanics(t, func() { New(c, Options{Deployment: deployment, BuildID: "b"}, NewActivities(nil), nil) })
	}
	require.True(t, slices.Contains(wire.UpdateNames, wire.UpdateErase))
}
