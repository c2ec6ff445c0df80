package desk

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

const (
	leadA = "0190b0a0-0000-7000-8000-00000000000a"
	rep1  = "0190b0a0-0000-7000-8000-000000000001"
	rep2  = "0190b0a0-0000-7000-8000-000000000002"
	rep9  = "0190b0a0-0000-7000-8000-000000000009" // left
	team1 = "0190b0a0-0000-7000-8000-00000000000e"
	offer = "0190b0a0-0000-7000-8000-0000000000ff"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// paper is a store on paper: the rules of the port, nothing of Postgres.
type paper struct {
	mu      sync.Mutex
	lead    record.Lead
	leadErr error

	irrevocable string
	vocabulary  lifecycle.Vocabulary
	decisions   []record.Decision
	next        map[string]time.Duration
	poked       []string
	deferred    map[string]time.Duration
}

func newPaper(stage lifecycle.Stage) *paper {
	return &paper{
		lead: record.Lead{ID: leadA, Stage: stage},
		next: map[string]time.Duration{}, deferred: map[string]time.Duration{},
	}
}

func (p *paper) Lead(context.Context, string) (record.Lead, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lead, p.leadErr
}

func (p *paper) ActivePolicy(context.Context) (lifecycle.Policy, error) {
	return lifecycle.Policy{Vocabulary: p.vocabulary, Recycle: lifecycle.Recycling{Reasons: map[string]lifecycle.Reason{"on_holiday": {Path: lifecycle.PathReroute}}}}, nil
}

func (p *paper) Rep(_ context.Context, id string) (record.Rep, error) {
	if id == rep1 || id == rep2 || id == rep9 {
		return record.Rep{ID: id, Active: id != rep9}, nil
	}
	return record.Rep{}, record.ErrNotFound
}

func (p *paper) Team(_ context.Context, id string) (record.Team, error) {
	if id == team1 {
		return record.Team{ID: id}, nil
	}
	return record.Team{}, record.ErrNotFound
}

func (p *paper) StoreDecision(_ context.Context, d record.Decision, next time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.decisions = append(p.decisions, d)
	p.next[d.ID] = next
	return nil
}

func (p *paper) find(newestFirst bool, fits func(record.Decision) bool) (record.Decision, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.Clone(p.decisions)
	if newestFirst {
		slices.Reverse(all)
	}
	if i := slices.IndexFunc(all, fits); i >= 0 {
		return all[i], nil
	}
	return record.Decision{}, record.ErrNotFound
}

func (p *paper) PendingDecision(_ context.Context, lead, fingerprint string) (record.Decision, error) {
	return p.find(false, func(d record.Decision) bool {
		return d.State == Pending && d.LeadID == lead && d.Fingerprint == fingerprint
	})
}

func (p *paper) LastDecision(context.Context, string) (record.Decision, error) {
	return p.find(true, func(d record.Decision) bool { return d.State == Applied })
}

func (p *paper) Decision(_ context.Context, id string) (record.Decision, error) {
	return p.find(false, func(d record.Decision) bool { return d.ID == id })
}

func (p *paper) AnswerDecision(_ context.Context, id, state, code string) (record.Decision, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.decisions {
		if d := &p.decisions[i]; d.ID == id {
			if d.State == Pending {
				d.State, d.Code = state, code
			}
			if state == Applied {
				d.Unkept = 0
			}
			return *d, nil
		}
	}
	return record.Decision{}, record.ErrNotFound
}

func (p *paper) ClaimDecisions(_ context.Context, limit int, _ time.Duration) ([]record.Decision, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []record.Decision
	for i := range p.decisions {
		if d := p.decisions[i]; (d.State == Pending || d.Unkept > 0) && len(out) < limit {
			p.decisions[i].Attempts++
			out = append(out, p.decisions[i])
		}
	}
	return out, nil
}

func (p *paper) KeepDecision(_ context.Context, id string, version int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.decisions {
		if d := &p.decisions[i]; d.ID == id && d.Unkept <= version {
			d.Unkept = 0
		}
	}
	return nil
}

func (p *paper) DeferDecision(_ context.Context, id string, after time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deferred[id] = after
	return nil
}

func (p *paper) StoreUndo(ctx context.Context, d record.Decision, after time.Duration) (string, error) {
	if p.irrevocable != "" {
		return p.irrevocable, nil
	}
	return "", p.StoreDecision(ctx, d, after)
}

func (p *paper) Poke(_ context.Context, id string) error {
	p.poked = append(p.poked, id)
	return nil
}

func (p *paper) states() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, d := range p.decisions {
		out = append(out, d.State)
	}
	return out
}

// run answers updates as a lead's run would: with the next of its answers, the last one for ever.
type run struct {
	mu      sync.Mutex
	answers []error
	late    bool // the answer comes with the handle, as for one that was accepted
	asked   []client.UpdateWorkflowOptions
	then    func()
	started []client.StartWorkflowOptions
	version int64 // that it says it has come to
	silent  error // to who asks for that
}

func (r *run) QueryWorkflow(context.Context, string, string, string, ...any) (converter.EncodedValue, error) {
	return said(r.version), r.silent
}

// said is a version that a run has come to.
type said int64

func (s said) HasValue() bool { return true }

func (s said) Get(into any) error {
	into.(*wire.State).Version = int64(s)
	return nil
}

func (r *run) UpdateWorkflow(ctx context.Context, o client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	r.mu.Lock()
	r.asked = append(r.asked, o)
	answer := r.answers[min(len(r.asked), len(r.answers))-1]
	if r.then != nil {
		r.then()
	}
	r.mu.Unlock()
	if errors.Is(answer, errSilent) {
		<-ctx.Done()
		return nil, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(ctx.Err())
	}
	var app *temporal.ApplicationError
	if answer == nil || errors.As(answer, &app) {
		return handle{err: answer}, nil
	}
	return nil, answer
}

func (r *run) NewWithStartWorkflowOperation(o client.StartWorkflowOptions, _ any, _ ...any) client.WithStartWorkflowOperation {
	r.started = append(r.started, o)
	return nil
}

func (r *run) UpdateWithStartWorkflow(ctx context.Context, o client.UpdateWithStartWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	return r.UpdateWorkflow(ctx, o.UpdateOptions)
}

// errSilent makes a run not answer in time.
var errSilent = errors.New("silent")

type handle struct {
	client.WorkflowUpdateHandle
	err error
}

func (h handle) Get(context.Context, any) error { return h.err }

func refusedBy(code string, d wire.RefusalDetails) error {
	return temporal.NewNonRetryableApplicationError("no", code, nil, d)
}

func request(kind string, body any) Request {
	raw, _ := json.Marshal(body)
	return Request{LeadID: leadA, Kind: kind, Body: raw, KeyID: "0190b0a0-0000-7000-8000-0000000000aa"}
}

func newDesk(p *paper, r *run) *Desk {
	return New(p, r, Config{Wait: 300 * time.Millisecond, Now: func() time.Time { return noon }})
}

func decided(t *testing.T, d *Desk, r Request) Answer {
	t.Helper()
	a, err := d.Decide(t.Context(), r)
	require.NoError(t, err)
	return a
}
