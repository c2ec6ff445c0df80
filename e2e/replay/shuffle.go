package replay

import (
	"context"
	"math/rand/v2"

	"golang.org/x/sync/errgroup"
)

// batch is how many events of a shuffled replay go in one request.
const batch = 250

// PlayShuffled captures every case twice and then sends every event twice, all events in one random order over all
// cases, from many connections at once. It takes no decisions.
func (p *Player) PlayShuffled(ctx context.Context, cases []Case, seed uint64) error {
	ids := make([]string, len(cases))
	if err := p.each(ctx, len(cases), func(ctx context.Context, i int) error {
		for range 2 {
			id, err := p.capture(ctx, cases[i])
			if err != nil {
				return err
			}
			ids[i] = id
		}
		return nil
	}); err != nil {
		return err
	}
	var events []map[string]any
	for i, c := range cases {
		for _, line := range c.Lines {
			e := p.Clock.event(ids[i], line)
			events = append(events, e, e)
		}
	}
	random := rand.New(rand.NewPCG(seed, seed))
	random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	return p.each(ctx, (len(events)+batch-1)/batch, func(ctx context.Context, i int) error {
		return p.send(ctx, events[i*batch:min(len(events), (i+1)*batch)])
	})
}

// each does n things, some at once, until one goes wrong.
func (p *Player) each(ctx context.Context, n int, do func(context.Context, int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(p.InFlight)
	for i := range n {
		g.Go(func() error { return do(ctx, i) })
	}
	return g.Wait()
}
