package replay

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/leadflow-dev/leadflow/e2e/stack"
)

// Player plays cases through the doors of a product that lives by Model, Sequence and Policy and has reps.
type Player struct {
	Door     stack.Door
	Clock    Clock
	Source   string        // of external ids: <source>:<case>
	InFlight int           // cases, or requests of a shuffled replay, at once
	Patience time.Duration // for the product to reach a state; a case that waits longer fails the replay

	captures, events, duplicates, decisions atomic.Int64
}

// Played is what a replay did.
type Played struct{ Captures, Events, Duplicates, Decisions int64 }

// Played is what was done so far.
func (p *Player) Played() Played {
	return Played{p.captures.Load(), p.events.Load(), p.duplicates.Load(), p.decisions.Load()}
}

// Play plays the cases, each in the order of its lines, some at once. It returns at the first thing that goes wrong.
func (p *Player) Play(ctx context.Context, cases []Case) error {
	return p.each(ctx, len(cases), func(ctx context.Context, i int) error {
		if err := p.play(ctx, cases[i]); err != nil {
			return fmt.Errorf("case %s: %w", cases[i].ID, err)
		}
		return nil
	})
}

func (p *Player) play(ctx context.Context, c Case) error {
	id, err := p.capture(ctx, c)
	if err != nil {
		return err
	}
	l := life{p: p, amount: c.Amount, id: id}
	var waiting []map[string]any
	for _, line := range c.Lines {
		waiting = append(waiting, p.Clock.event(id, line))
		move := moves[line.Activity]
		if move == nil {
			continue
		}
		if err := p.send(ctx, waiting); err != nil {
			return err
		}
		waiting = nil
		if err := move(&l, ctx); err != nil {
			return fmt.Errorf("%s: %w", line.Activity, err)
		}
	}
	return p.send(ctx, waiting)
}

func (p *Player) capture(ctx context.Context, c Case) (id string, err error) {
	var made struct{ ID string }
	err = p.Door.Call(ctx, "POST", "/v1/leads", stack.Object{
		"external_id": p.Source + ":" + c.ID, "source": stack.Object{"channel": "bank"},
		"profile": stack.Object{"custom": stack.Object{"amount": amount(c.Amount)}},
	}, &made)
	p.captures.Add(1)
	return made.ID, err
}

func amount(text string) (n int) {
	_, _ = fmt.Sscan(text, &n)
	return n
}

// send brings events; one that is refused fails the replay.
func (p *Player) send(ctx context.Context, events []map[string]any) error {
	if len(events) == 0 {
		return nil
	}
	var got struct {
		Accepted, Duplicates int64
		Rejected             []any
	}
	if err := p.Door.Call(ctx, "POST", "/v1/events", events, &got); err != nil {
		return err
	}
	p.events.Add(got.Accepted)
	p.duplicates.Add(got.Duplicates)
	if len(got.Rejected) > 0 {
		return fmt.Errorf("events are refused: %v", got.Rejected[0])
	}
	return nil
}

// await polls until ok; the product is given Patience.
func (p *Player) await(ctx context.Context, what string, ok func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, p.Patience, errors.New(what+" is waited for in vain"))
	defer cancel()
	for {
		done, err := ok()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
