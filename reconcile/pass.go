package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Store is what is asked of Postgres.
type Store interface {
	// OpenStandings reads leads of some stages in the order of their ids, after one.
	OpenStandings(ctx context.Context, stages []string, after string, rows int) ([]record.Standing, error)
	// StandingsOf reads some leads; who is not known is left out.
	StandingsOf(ctx context.Context, ids []string) ([]record.Standing, error)
	CountLeads(ctx context.Context, stages []string) (int, error)
}

const (
	atOnce  = 8    // runs asked at once
	batch   = 200  // leads read at once
	page    = 500  // runs listed at once
	holding = 2000 // leads kept for another look at once: more are looked at again first
)

// Waits are the pauses before each further look at what differed. The last two looks must agree.
var Waits = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second}

// Pass is one comparison of everything.
type Pass struct {
	Store  Store
	Client client.Client
	Waits  []time.Duration                    // nil: Waits
	Differ func(record.RunDifference)         // told of each difference
	Tell   func(what string, done, total int) // what: leads, runs

	out      record.Reconciled
	suspects map[string][]record.RunDifference // as they were seen last
}

// ErrNoWorker says that nobody answers for runs.
var ErrNoWorker = fmt.Errorf("no worker polls the task queue %s: runs cannot be asked", wire.TaskQueue)

// Run compares all leads whose lives are not over, then all open runs, and looks again at what differed.
func (p *Pass) Run(ctx context.Context) (record.Reconciled, error) {
	p.out = record.Reconciled{By: map[string]int{}}
	p.suspects = map[string][]record.RunDifference{}
	polled, err := p.Client.DescribeTaskQueue(ctx, wire.TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return p.out, err
	}
	if len(polled.GetPollers()) == 0 {
		return p.out, ErrNoWorker
	}
	for _, part := range []func(context.Context) error{p.leads, p.runs, p.settle} {
		if err := part(ctx); err != nil {
			return p.out, err
		}
	}
	return p.out, nil
}

func open() []string {
	var out []string
	for _, stage := range lifecycle.Stages {
		if !stage.Terminal() {
			out = append(out, string(stage))
		}
	}
	return out
}

// leads looks from Postgres' side.
func (p *Pass) leads(ctx context.Context) error {
	total, err := p.Store.CountLeads(ctx, open())
	if err != nil {
		return err
	}
	for after := ""; ; {
		some, err := p.Store.OpenStandings(ctx, open(), after, batch)
		if err != nil || len(some) == 0 {
			return err
		}
		after = some[len(some)-1].ID
		seen, err := p.look(ctx, ids(some), some)
		if err != nil {
			return err
		}
		p.out.Leads += len(some)
		for _, s := range some {
			if s.Stage == lifecycle.StageCaptured && s.Untold {
				p.out.Waiting++
			}
		}
		for id, found := range seen {
			if len(found) > 0 {
				p.suspects[id] = found
			}
		}
		p.Tell("leads", p.out.Leads, max(total, p.out.Leads))
		if len(p.suspects) >= holding {
			if err := p.settle(ctx); err != nil {
				return err
			}
		}
	}
}

func ids(some []record.Standing) []string {
	out := make([]string, len(some))
	for i, s := range some {
		out[i] = s.ID
	}
	return out
}

// look compares some leads, a few at once. Who is not among the standings is not known to Postgres.
func (p *Pass) look(ctx context.Context, ids []string, standings []record.Standing) (map[string][]record.RunDifference, error) {
	known := map[string]*record.Standing{}
	for i := range standings {
		known[standings[i].ID] = &standings[i]
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	seen, next := make(map[string][]record.RunDifference, len(ids)), make(chan string)
	var mu sync.Mutex
	var failed error
	var all sync.WaitGroup
	for range min(atOnce, len(ids)) {
		all.Go(func() {
			for id := range next {
				run, err := ask(ctx, p.Client, id)
				found := compare(id, known[id], run, time.Now())
				mu.Lock()
				if seen[id] = found; err != nil && failed == nil {
					failed = err
					stop() // Temporal is away: the others need not wait for it
				}
				mu.Unlock()
			}
		})
	}
	for _, id := range ids {
		next <- id
	}
	close(next)
	all.Wait()
	return seen, failed
}

// runs looks from Temporal's side: for runs that no open lead stands behind.
func (p *Pass) runs(ctx context.Context) error {
	query := "WorkflowType = '" + wire.TypeLead + "' AND ExecutionStatus = 'Running'"
	counted, err := p.Client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: query})
	if err != nil {
		return err
	}
	for token := []byte(nil); ; {
		got, err := p.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: page, NextPageToken: token})
		if err != nil {
			return err
		}
		var named []string
		for _, e := range got.GetExecutions() {
			if id, is := strings.CutPrefix(e.GetExecution().GetWorkflowId(), wire.WorkflowID("")); is {
				named = append(named, id)
			}
		}
		if err := p.owned(ctx, named); err != nil {
			return err
		}
		p.out.Runs += len(named)
		p.Tell("runs", p.out.Runs, max(int(counted.GetCount()), p.out.Runs))
		if token = got.GetNextPageToken(); len(token) == 0 {
			return nil
		}
	}
}

// owned makes those suspects that no open lead stands behind: the list of runs is a moment behind Temporal itself.
func (p *Pass) owned(ctx context.Context, ids []string) error {
	known, err := p.Store.StandingsOf(ctx, ids)
	if err != nil {
		return err
	}
	alive := map[string]bool{}
	for _, s := range known {
		alive[s.ID] = !s.Stage.Terminal()
	}
	for _, id := range ids {
		if !alive[id] && p.suspects[id] == nil {
			p.suspects[id] = []record.RunDifference{{LeadID: id, What: StrayRun}}
		}
	}
	return nil
}

// settle looks at suspects again until they agree, or differ in the same way twice. What was seen last is told; who changed
// between the last two looks is only counted.
func (p *Pass) settle(ctx context.Context) error {
	waits := p.Waits
	if waits == nil {
		waits = Waits
	}
	for i, wait := range waits {
		if len(p.suspects) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		if err := p.again(ctx, i == len(waits)-1); err != nil {
			return err
		}
	}
	return nil
}

// again looks at all suspects once more, in pieces; the last time it tells.
func (p *Pass) again(ctx context.Context, last bool) error {
	all := make([]string, 0, len(p.suspects))
	for id := range p.suspects {
		all = append(all, id)
	}
	slices.Sort(all)
	for some := range slices.Chunk(all, batch) {
		known, err := p.Store.StandingsOf(ctx, some)
		if err != nil {
			return err
		}
		seen, err := p.look(ctx, some, known)
		if err != nil {
			return err
		}
		for _, id := range some {
			before, now := p.suspects[id], seen[id]
			switch {
			case len(now) == 0:
				delete(p.suspects, id)
			case !last:
				p.suspects[id] = now
			default:
				delete(p.suspects, id)
				p.say(before, now)
			}
		}
	}
	return nil
}

// say tells what was there at both looks.
func (p *Pass) say(before, now []record.RunDifference) {
	told := false
	for _, d := range now {
		if slices.Contains(before, d) {
			told = true
			p.out.By[d.What]++
			p.Differ(d)
		}
	}
	if told {
		p.out.Different++
	} else {
		p.out.Moving++
	}
}
