package worker

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Relay tells runs what the outbox holds, and starts those that do not run. A row is deleted only as it was sent; while
// Temporal is away rows wait for ever.
type Relay struct {
	Outbox    Outbox
	Client    client.Client
	TaskQueue string
	Log       *slog.Logger
	Parallel  int // calls to Temporal at once; 0 is 8

	bells bells
}

const (
	relayBatch = 100
	relayLease = 30 * time.Second
	relayIdle  = 2 * time.Second // a look without a ring: what was deferred, what another process lost
)

// Run relays until the context ends.
func (r *Relay) Run(ctx context.Context) error {
	for {
		n, err := r.pass(ctx)
		if err != nil && ctx.Err() == nil {
			r.Log.Warn("the outbox cannot be read; it is tried again", "error", err)
		}
		if n == relayBatch && err == nil {
			continue
		}
		if !r.bells.wait(ctx, "outbox", relayIdle) {
			return nil
		}
	}
}

// pass works off one batch and answers how many rows it held.
func (r *Relay) pass(ctx context.Context) (int, error) {
	rows, err := r.Outbox.ClaimOutbox(ctx, relayBatch, relayLease)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	sent := make([]bool, len(rows))
	var g errgroup.Group
	g.SetLimit(max(1, r.Parallel))
	for i, row := range rows {
		g.Go(func() error {
			err := r.tell(ctx, row)
			if err == nil {
				sent[i] = true
				return nil
			}
			wait := backoff(row.Attempts)
			r.Log.Debug("a lead's run was not told; it is tried again", "lead", row.LeadID, "in", wait, "error", errorKind(err))
			return r.Outbox.DeferOutbox(context.WithoutCancel(ctx), row.LeadID, wait)
		})
	}
	deferred := g.Wait()
	var done []record.OutboxRow
	for i, row := range rows {
		if sent[i] {
			done = append(done, row)
		}
	}
	if len(done) > 0 {
		err = r.Outbox.SentOutbox(context.WithoutCancel(ctx), done)
	}
	return len(rows), errors.Join(err, deferred)
}

// tell signals the lead's run, starting it where it should run and does not.
func (r *Relay) tell(ctx context.Context, row record.OutboxRow) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	id, body := wire.WorkflowID(row.LeadID), engagement(row)
	if !starts(row) {
		err := r.Client.SignalWorkflow(ctx, id, "", wire.SignalEngagement, body)
		var none *serviceerror.NotFound
		if errors.As(err, &none) {
			return nil // there is no run, and there should be none
		}
		return err
	}
	_, err := r.Client.SignalWithStartWorkflow(ctx, id, wire.SignalEngagement, body, client.StartWorkflowOptions{
		ID: id, TaskQueue: r.queue(),
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes:    startAttributes(row),
		StaticSummary:            "Lead from " + row.SourceCode,
	}, wire.TypeLead, wire.LeadInput{LeadID: row.LeadID})
	return err
}

func (r *Relay) queue() string {
	if r.TaskQueue == "" {
		return wire.TaskQueue
	}
	return r.TaskQueue
}

// starts reports whether the lead should have a run. What has ended needs none; only a new capture brings a
// disqualified lead back.
func starts(row record.OutboxRow) bool {
	switch lifecycle.Stage(row.Stage) {
	case lifecycle.StageWon, lifecycle.StageErased:
		return false
	case lifecycle.StageDisqualified:
		return row.Triggers[wire.TriggerCapture] > 0
	}
	return true
}

func engagement(row record.OutboxRow) wire.Engagement {
	e := wire.Engagement{Seq: row.Seq, Score: row.Score, Band: row.Band}
	for kind, seq := range row.Triggers {
		e.Triggers = append(e.Triggers, wire.Trigger{Kind: kind, Seq: seq})
	}
	slices.SortFunc(e.Triggers, func(a, b wire.Trigger) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), strings.Compare(a.Kind, b.Kind))
	})
	return e
}

// startAttributes are what the run would write first: set at the start they cost it no event.
func startAttributes(row record.OutboxRow) temporal.SearchAttributes {
	stage := row.Stage
	if stage == string(lifecycle.StageCaptured) {
		stage = string(lifecycle.StageNurturing)
	}
	return temporal.NewSearchAttributes(
		temporal.NewSearchAttributeKeyKeyword(wire.AttrStage).ValueSet(stage),
		temporal.NewSearchAttributeKeyKeyword(wire.AttrSource).ValueSet(row.SourceCode),
		temporal.NewSearchAttributeKeyInt64(wire.AttrCycle).ValueSet(int64(max(1, row.Cycle))),
	)
}

// backoff doubles from a second to a minute, with jitter so that an outage does not end in a thundering herd.
func backoff(attempts int) time.Duration {
	d := min(time.Minute, time.Second<<min(attempts, 6))
	return d/2 + time.Duration(rand.Int64N(int64(d)))
}

// errorKind names an error without what it says: messages of servers may quote what they were sent.
func errorKind(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "deadline exceeded"
	}
	var busy *serviceerror.ResourceExhausted
	var away *serviceerror.Unavailable
	switch {
	case errors.As(err, &busy):
		return "resource exhausted"
	case errors.As(err, &away):
		return "unavailable"
	}
	return "refused"
}
