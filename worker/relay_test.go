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
}

func (r *rows) ClaimOutbox(context.Context, int, time.Duration) ([]record.OutboxRow, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	due := r.due
	r.due = nil
	return due, nil
}

func (r *rows) SentOutbox(_ context.Context, sent []record.OutboxRow) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, sent...)
	return nil
}

func (r *rows) DeferOutbox(_ context.Context, id string, _ time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deferred = append(r.deferred, id)
	return nil
}

func (r *rows) OutboxState(context.Context) (int, time.Duration, error) { return 0, 0, nil }

func relay(o Outbox, c client.Client) *Relay {
	return &Relay{Outbox: o, Client: c, Log: slog.New(slog.DiscardHandler), bells: newBells("outbox")}
}

func TestRelay_startsOrSignalsWithTheTriggersInOrder(t *testing.T) {
	t.Parallel()
	c := mocks.NewClient(t)
	want := wire.Engagement{Seq: 9, Score: 70, Band: "warm", Triggers: []wire.Trigger{{Kind: "capture", Seq: 3}, {Kind: "mql", Seq: 9}}}
	c.On("SignalWithStartWorkflow", mock.Anything, "lead/a", wire.SignalEngagement, want, mock.MatchedBy(func(o client.StartWorkflowOptions) bool {
		return o.ID == "lead/a" && o.TaskQueue == wire.TaskQueue
	}), wire.TypeLead, wire.LeadInput{LeadID: "a"}).Return(nil, nil).Once()
	o := &rows{due: []record.OutboxRow{{LeadID: "a", Seq: 9, Score: 70, Band: "warm", Stage: "captured", SourceCode: "web", Triggers: map[string]int64{"mql": 9, "capture": 3}}}}
	n, err := relay(o, c).pass(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
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
	_, err := relay(o, c).pass(t.Context())
	require.NoError(t, err)
	require.Len(t, o.sent, 4)
}

func TestRelay_putsBackWhatTemporalDidNotTake(t *testing.T) {
	t.Parallel()
	c := mocks.NewClient(t)
	c.On("SignalWithStartWorkflow", mock.Anything, "lead/a", mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil, errors.New("away"))
	c.On("SignalWithStartWorkflow", mock.Anything, "lead/b", mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil, nil)
	o := &rows{due: []record.OutboxRow{{LeadID: "a", Stage: "nurturing", SourceCode: "x"}, {LeadID: "b", Stage: "nurturing", SourceCode: "x"}}}
	_, err := relay(o, c).pass(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, o.deferred)
	require.True(t, len(o.sent) == 1 && o.sent[0].LeadID == "b", "only what was taken is deleted")
}

func TestBackoff_growsToAMinuteAndIsSpread(t *testing.T) {
	t.Parallel()
	for attempts := range 100 {
		d := backoff(attempts)
		require.GreaterOrEqual(t, d, 500*time.Millisecond)
		require.LessOrEqual(t, d, 90*time.Second)
	}
	seen := map[time.Duration]bool{}
	for range 20 {
		seen[backoff(5)] = true
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
