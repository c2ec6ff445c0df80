package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/bench/load"
	"github.com/leadflow-dev/leadflow/bench/measure"
	"github.com/leadflow-dev/leadflow/bench/rig"
)

const b2InFlight = 32

// b2 lives whole golden leads, 32 at a time, against a bare workflow with as many state transitions.
func b2(ctx context.Context, b *bench) ([]measure.Result, error) {
	h, err := b.newHouse(ctx, sixMails)
	if err != nil {
		return nil, err
	}
	defer h.close()
	w, err := newBare(h.temporal)
	if err != nil {
		return nil, err
	}
	defer w.Stop()
	g := &golden{house: h, watch: newWatcher(ctx, h.pool)}
	each, n, bareEach, err := g.alike(ctx)
	if err != nil {
		return nil, err
	}
	b.tell("a golden lead has %d state transitions; %d activities in a row have %d", each, n, bareEach)
	ours := g.side("golden leads, 32 in flight", g.each, g.life)
	alike := func(context.Context) (float64, error) { return float64(bareEach), nil }
	bare := g.side(fmt.Sprintf("bare workflow of %d activities, 32 in flight", n), alike, func(ctx context.Context) error {
		run, err := startBare(ctx, h.temporal, fmt.Sprintf("steps/%d", g.n.Add(1)), steps, n)
		if err != nil {
			return err
		}
		return run.Get(ctx, nil)
	})
	samples, err := b.inTurn(ctx, b.pairs, ours, bare)
	if err != nil {
		return nil, err
	}
	r := measure.Compare("B2", "capture, 40 events, six mails, a reminder, accepted, qualified, won; compared in state transitions a second", measure.AtLeast(0.8), ours, bare, samples[0], samples[1])
	r.Notes = append(r.Notes, fmt.Sprintf("A golden lead by itself has %d state transitions, the bare workflow %d.", each, bareEach))
	return []measure.Result{r}, nil
}

// golden plays golden lives.
type golden struct {
	*house
	watch *watcher
	n     atomic.Int64
	mu    sync.Mutex
	over  []*lived // since they were looked at last
}

// alike plays one life, and finds how many activities in a row have as many state transitions.
func (g *golden) alike(ctx context.Context) (each int64, n int, bareEach int64, err error) {
	for range 3 { // the first ones find everything cold
		if err := g.life(ctx); err != nil {
			return 0, 0, 0, err
		}
	}
	mean, err := g.each(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	each = int64(mean)
	var few [2]int64
	for i, n := range []int{1, 11} {
		if few[i], err = g.bareTransitions(ctx, fmt.Sprintf("try/%d", n), n); err != nil {
			return 0, 0, 0, err
		}
	}
	n = max(1, int((each-few[0])*10/(few[1]-few[0])+1))
	bareEach, err = g.bareTransitions(ctx, "try/same", n)
	return each, n, bareEach, err
}

func (g *golden) bareTransitions(ctx context.Context, id string, n int) (int64, error) {
	run, err := startBare(ctx, g.temporal, id, steps, n)
	if err != nil {
		return 0, err
	}
	if err := run.Get(ctx, nil); err != nil {
		return 0, err
	}
	return transitions(ctx, g.temporal, id)
}

// each is how many state transitions the last lives had, by the ten newest: what comes at once is told at once, and then
// a life has fewer.
func (g *golden) each(ctx context.Context) (float64, error) {
	g.mu.Lock()
	over := g.over[max(0, len(g.over)-10):]
	g.over = nil
	g.mu.Unlock()
	if len(over) == 0 {
		return 0, errors.New("no life came to its end in the time")
	}
	if err := g.drawn(ctx, over[len(over)/2]); err != nil {
		return 0, err
	}
	var sum int64
	for _, l := range over {
		n, err := transitions(ctx, g.temporal, "lead/"+l.id)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return float64(sum) / float64(len(over)), nil
}

// side plays so many lives, 32 at a time, from the first to the end of the last, and counts their transitions. A window of
// time would not do: lives that begin together end together.
func (g *golden) side(name string, each func(context.Context) (float64, error), life func(context.Context) error) measure.Side {
	return measure.Side{Name: name, Unit: "transitions/s", Measure: func(ctx context.Context) (measure.Sample, error) {
		if err := g.rig.Settle(ctx); err != nil {
			return measure.Sample{}, err
		}
		lives := g.size(192, 2*b2InFlight)
		waits := make([]time.Duration, lives)
		used, began := g.rig.CPU(), time.Now()
		all, within := errgroup.WithContext(ctx)
		all.SetLimit(b2InFlight)
		for i := range lives {
			all.Go(func() error {
				ctx, cancel := context.WithTimeout(within, 2*time.Minute)
				defer cancel()
				born := time.Now()
				defer func() { waits[i] = time.Since(born) }()
				return life(ctx)
			})
		}
		if err := all.Wait(); err != nil {
			return measure.Sample{}, err
		}
		s := measure.Sample{Seconds: time.Since(began).Seconds(), CPU: load.Less(g.rig.CPU(), used)}
		var h measure.Histogram
		for _, w := range waits {
			h.Add(w)
		}
		s.P50, s.P99 = h.Milliseconds(50), h.Milliseconds(99)
		per, err := each(ctx)
		s.Units = float64(lives) * per
		return s.Rate(), err
	}}
}

// longWindow is twice as long as others: a life takes seconds.
func (o options) longWindow() load.Window {
	w := o.window()
	return load.Window{WarmUp: max(3*time.Second, w.WarmUp), Measured: max(5*time.Second, 2*w.Measured)}
}

// life is the golden life of standalone/golden_test.go.
func (g *golden) life(ctx context.Context) error {
	name := fmt.Sprintf("golda%d", g.n.Add(1))
	l := &lived{}
	l.step("begins")
	id, err := g.capture(ctx, name)
	if err != nil {
		return err
	}
	l.id = id
	l.step("captured")
	if err := g.events(ctx, id, 8, "page_view", rig.Object{"path": "/blog"}); err != nil {
		return err
	}
	l.step("8 events taken; six mails are awaited")
	if err := g.mails.Await(ctx, name+"@person.example", 6); err != nil {
		return fmt.Errorf("six mails to lead %s: %w", id, err)
	}
	l.step("six mails have come")
	for _, what := range []struct {
		times int
		kind  string
		about rig.Object
	}{{27, "email_open", nil}, {4, "page_view", rig.Object{"path": "/pricing"}}, {1, "webinar_attendance", nil}} {
		if err := g.events(ctx, id, what.times, what.kind, what.about); err != nil {
			return err
		}
	}
	l.step("32 events taken; the reminder is awaited")
	s, err := g.watch.await(ctx, id, func(s standing) bool { return s.Stage == "handoff" && s.Passed > 0 })
	if err != nil {
		return fmt.Errorf("lead %s is offered and its rep reminded: %w", id, err)
	}
	l.step("reminded")
	return g.decide(ctx, l, *s.Owner)
}

func (g *golden) decide(ctx context.Context, l *lived, owner string) error {
	for _, d := range []struct {
		kind string
		body rig.Object
	}{
		{"accept", rig.Object{"rep_id": owner}},
		{"qualify", rig.Object{"rep_id": owner}},
		{"win", rig.Object{"amount": "12500.00", "currency": "EUR", "one_thing": "the demo", "missing": "nothing"}},
	} {
		out, err := g.post(ctx, "/v1/leads/"+l.id+"/"+d.kind, d.body)
		if err != nil {
			return err
		}
		if out["state"] == "pending" { // 202: the run answers later than five seconds
			return fmt.Errorf("%s of lead %s was not answered in time", d.kind, l.id)
		}
		l.step(d.kind + " answered")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = append(g.over, l)
	return nil
}

func (g *golden) events(ctx context.Context, id string, times int, kind string, about rig.Object) error {
	for range times {
		if _, err := g.post(ctx, "/v1/events", rig.Object{"lead_id": id, "type": kind, "properties": about}); err != nil {
			return err
		}
	}
	return nil
}
