package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/bench/load"
	"github.com/leadflow-dev/leadflow/bench/measure"
	"github.com/leadflow-dev/leadflow/bench/rig"
)

const (
	b10Deadlines = 20_000 // of either side, all due at one moment: harder than within ten minutes
	b10Pairs     = 1
	b10Queue     = "bench-timers"
	b10Stalled   = 3 * time.Minute // without any progress nothing will come of it
)

// trial is how many are begun first, to know how far ahead the moment is to be: of thousands more, for they are begun ever more slowly.
func (s *storm) trial() int { return max(100, min(500, s.n/20)) }

// b10 lets deadlines of offers fall due, all at one moment, against bare workflows that each wait for a timer and then run one
// local activity. A calendar that opens at that moment, and not before, gives all offers the same deadline, whenever they were made.
// A deadline is handled when its reminder is in the ledger and on the timeline: what sends it is held, and is B6's.
func b10(ctx context.Context, b *bench) ([]measure.Result, error) {
	h, err := b.newHouse(ctx, rest)
	if err != nil {
		return nil, err
	}
	defer h.close()
	s := &storm{house: h, n: b.size(b10Deadlines, 200)}
	if s.timers, err = newTimers(b); err != nil {
		return nil, err
	}
	defer s.timers.worker.Stop()
	ours := measure.Side{Name: "deadlines of offers", Unit: "deadlines", Measure: s.ours}
	bare := measure.Side{Name: "bare timer and local activity", Unit: "timers", Measure: s.bare}
	samples, err := b.inTurn(ctx, max(b10Pairs, min(b.pairs, 20_000/s.n)), ours, bare)
	if err != nil {
		return nil, err
	}
	r := measure.Compare("B10", fmt.Sprintf("%d deadlines due at one moment, each a reminder in the ledger, the timeline and the lead's row", s.n), measure.AtLeast(0.8), ours, bare, samples[0], samples[1])
	r.Notes = append(r.Notes, fmt.Sprintf("Missed %d, early %d, told twice %d. Lateness is in the columns of latency.", s.missed, s.early, s.twice))
	if s.missed+s.early+s.twice > 0 {
		return nil, fmt.Errorf("of %d deadlines %d were missed, %d early, %d told twice", s.n, s.missed, s.early, s.twice)
	}
	return []measure.Result{r}, nil
}

type storm struct {
	*house
	n, runs, alarms      int
	missed, early, twice int
	timers               *timers
}

// moment is when all deadlines fall due: as far ahead as beginning them takes on this machine now, by a trial of some.
func (s *storm) moment(ctx context.Context, begin func(n int) error) (time.Time, error) {
	if err := s.told(ctx); err != nil {
		return time.Time{}, err
	}
	if err := s.rig.Settle(ctx); err != nil {
		return time.Time{}, err
	}
	began := time.Now()
	if err := begin(s.trial()); err != nil {
		return time.Time{}, err
	}
	took := time.Since(began) * time.Duration(s.n) / time.Duration(s.trial()) * 2 // it gets slower, and what runs beside it may change
	due := time.Now().Add(took + 15*time.Second)
	s.tell("%d are begun for %s", s.n, due.Format(time.TimeOnly))
	return due, ctx.Err()
}

// The leads that are measured have terms of their own; the others wait for most of a day.
const b10Policy = `
name: storm-%[1]d-%[2]s
calendar: %[2]s
sla:
  accept: {within: 10h, reassign_after: 10h, max_offers: 2, then: team_queue}
  rules:
    - {sources: [storm-%[1]d], accept: {within: 10h, remind_at: [0.00001], reassign_after: 10h, max_offers: 2, then: team_queue}}
stale: {nurturing: 60d}
recycle: {max_cycles: 3, default: {path: recycle, cool_down: 30d, score: keep}}
`

const sqlOffersOf = `SELECT count(*) FROM assignments a JOIN leads l ON l.id = a.lead_id WHERE l.source_code = $1`

const sqlRemindedOf = `SELECT count(*) FROM timeline t JOIN leads l ON l.id = t.lead_id WHERE t.why = 'accept_remind' AND l.source_code = $1`

const sqlRemindersOf = `SELECT count(*), count(DISTINCT d.lead_id), count(*) FILTER (WHERE d.created_at < $2), coalesce(max(d.created_at), now())
FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE d.kind = 'reminder' AND d.channel = 'mail' AND l.source_code = $1`

const sqlLateness = `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY late), percentile_cont(0.99) WITHIN GROUP (ORDER BY late), max(late)
FROM (SELECT extract(epoch FROM d.created_at - $2)::float8 AS late FROM deliveries d JOIN leads l ON l.id = d.lead_id
	WHERE d.kind = 'reminder' AND d.channel = 'mail' AND l.source_code = $1) AS x`

func (s *storm) ours(ctx context.Context) (out measure.Sample, err error) {
	s.runs++
	channel := fmt.Sprintf("storm-%d", s.runs)
	if _, err := s.post(ctx, "/v1/lanes/alert/release", rig.Object{}); err != nil {
		return out, err
	}
	if err := s.rule(ctx, "always"); err != nil {
		return out, err
	}
	due, err := s.moment(ctx, func(n int) error { return s.offer(ctx, channel+"-trial", n) })
	if err != nil {
		return out, err
	}
	due = due.Truncate(time.Minute).Add(time.Minute).UTC() // calendars know no seconds
	if err := s.opensAt(ctx, due); err != nil {
		return out, err
	}
	if err := s.offer(ctx, channel, s.n); err != nil {
		return out, err
	}
	if _, err := s.post(ctx, "/v1/lanes/alert/hold", rig.Object{}); err != nil {
		return out, err
	}
	used, err := s.awaits(ctx, due)
	if err != nil {
		return out, err
	}
	if err := s.reach(ctx, s.n, "had their deadline handled", sqlRemindedOf, channel); err != nil {
		return out, err
	}
	out.CPU = load.Less(s.rig.CPU(), used)
	var mails, leads, early int
	var last time.Time
	if err := s.pool.QueryRow(ctx, sqlRemindersOf, channel, due).Scan(&mails, &leads, &early, &last); err != nil {
		return out, err
	}
	s.missed, s.early, s.twice = s.missed+s.n-leads, s.early+early, s.twice+mails-leads
	out.Units, out.Seconds = float64(mails), last.Sub(due).Seconds()
	var most float64
	err = s.pool.QueryRow(ctx, sqlLateness, channel, due).Scan(&out.P50, &out.P99, &most)
	out.P50, out.P99 = 1000*out.P50, 1000*out.P99
	return out.Rate(), err
}

// awaits rests until just before the moment, and answers the processor time used until then.
func (s *storm) awaits(ctx context.Context, due time.Time) (map[string]float64, error) {
	if err := s.rig.Settle(ctx); err != nil {
		return nil, err
	}
	left := time.Until(due)
	if left < 0 {
		return nil, fmt.Errorf("the moment, %s, was too near for this machine", due.Format(time.TimeOnly))
	}
	return s.rig.CPU(), pause(ctx, left)
}

// opensAt publishes a policy whose calendar has no hour before a moment, and some after it.
func (s *storm) opensAt(ctx context.Context, at time.Time) error {
	name := fmt.Sprintf("storm-%d", s.runs)
	openings := []rig.Object{{"date": at.Format(time.DateOnly), "from": at.Format("15:04"), "to": "24:00"}}
	for day := range 3 {
		openings = append(openings, rig.Object{"date": at.AddDate(0, 0, day+1).Format(time.DateOnly), "from": "00:00", "to": "24:00"})
	}
	if _, err := s.post(ctx, "/v1/calendars", rig.Object{"name": name, "spec": rig.Object{"time_zone": "UTC", "weekly": rig.Object{}, "openings": openings}}); err != nil {
		return err
	}
	return s.rule(ctx, name)
}

func (s *storm) rule(ctx context.Context, calendar string) error {
	_, err := s.post(ctx, "/v1/policies", rig.Object{"source": fmt.Sprintf(b10Policy, s.runs, calendar), "active": true})
	return err
}

// offer captures leads that qualify at once, and waits until each is offered.
func (s *storm) offer(ctx context.Context, channel string, n int) error {
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i := range n {
		g.Go(func() error {
			lead, err := s.post(within, "/v1/leads", rig.Object{"email": fmt.Sprintf("%s-%d@person.example", channel, i), "source": rig.Object{"channel": channel}, "consent": rig.Object{"purpose": "marketing", "granted": false}})
			if err == nil {
				_, err = s.post(within, "/v1/events", rig.Object{"lead_id": lead["id"], "type": "demo_request"})
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return s.reach(ctx, n, "were offered", sqlOffersOf, channel)
}

// reach looks at the count of a channel until it is there; that it does not grow any more is an error.
func (s *storm) reach(ctx context.Context, n int, what, sql, channel string) error {
	count, before, since := 0, 0, time.Now()
	for count < n {
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
		if err := s.pool.QueryRow(ctx, sql, channel).Scan(&count); err != nil {
			return err
		}
		if count > before {
			before, since = count, time.Now()
		}
		if time.Since(since) > b10Stalled {
			return fmt.Errorf("of %d leads %d %s", n, count, what)
		}
	}
	return nil
}

// timers are the bare side: how late each fired, and when the last did.
type timers struct {
	worker   worker.Worker
	last     atomic.Int64 // nanoseconds
	rang     sync.Map     // by workflow: a local activity runs again where its task was lost
	late     chan time.Duration
	lateness measure.Histogram
}

func newTimers(b *bench) (*timers, error) {
	c, err := dial(b)
	if err != nil {
		return nil, err
	}
	t := &timers{late: make(chan time.Duration, 1<<20)}
	t.worker = bareWorker(c, b10Queue)
	t.worker.RegisterWorkflowWithOptions(alarm, workflow.RegisterOptions{Name: "alarm"})
	t.worker.RegisterActivity(t)
	return t, t.worker.Start()
}

// Ring is the local activity: it does nothing but say that it ran.
func (t *timers) Ring(_ context.Context, id string, due time.Time) error {
	now := time.Now()
	if _, again := t.rang.LoadOrStore(id, true); again {
		return nil
	}
	t.last.Store(now.UnixNano())
	t.late <- now.Sub(due)
	return nil
}

func alarm(ctx workflow.Context, due time.Time) error {
	if err := workflow.NewTimer(ctx, max(0, due.Sub(workflow.Now(ctx)))).Get(ctx, nil); err != nil {
		return err
	}
	var t *timers
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: 4 * time.Second})
	return workflow.ExecuteLocalActivity(ctx, t.Ring, workflow.GetInfo(ctx).WorkflowExecution.ID, due).Get(ctx, nil)
}

func (s *storm) bare(ctx context.Context) (out measure.Sample, err error) {
	due, err := s.moment(ctx, func(n int) error {
		if err := s.set(ctx, n, time.Now()); err != nil {
			return err
		}
		return s.rung(ctx, n)
	})
	if err != nil {
		return out, err
	}
	if err := s.set(ctx, s.n, due); err != nil {
		return out, err
	}
	used, err := s.awaits(ctx, due)
	if err == nil {
		err = s.rung(ctx, s.n)
	}
	if err != nil {
		return out, err
	}
	out = measure.Sample{Units: float64(s.n), Seconds: time.Unix(0, s.timers.last.Load()).Sub(due).Seconds(), CPU: load.Less(s.rig.CPU(), used)}
	out.P50, out.P99 = s.timers.lateness.Milliseconds(50), s.timers.lateness.Milliseconds(99)
	return out.Rate(), nil
}

// set begins runs that wait for a moment.
func (s *storm) set(ctx context.Context, n int, due time.Time) error {
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for range n {
		s.alarms++
		id := fmt.Sprintf("alarm-%d", s.alarms)
		g.Go(func() error { return s.timers.begin(within, s.house, id, due) })
	}
	return g.Wait()
}

// rung waits until so many have fired.
func (s *storm) rung(ctx context.Context, n int) error {
	s.timers.lateness = measure.Histogram{}
	for i := range n {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case late := <-s.timers.late:
			s.timers.lateness.Add(late)
		case <-time.After(b10Stalled):
			return fmt.Errorf("%d of %d timers have not fired", n-i, n)
		}
	}
	return nil
}

func (t *timers) begin(ctx context.Context, h *house, id string, due time.Time) error {
	_, err := h.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: b10Queue}, "alarm", due)
	return err
}
