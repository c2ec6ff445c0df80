package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// sitting is one transaction in which decisions are made one after the other: each locks what it counts, and counts what those
// before it have given. What can be read before others have to wait is read before the locks of pools are taken: the leads under
// their own locks, their scores, and what the office says. Nothing is written until all are decided, and then at once.
//
// A sitting of several waits for no lead and no company that somebody else holds, so nobody waits for a neighbour's: such choices
// it leaves aside, and whatever else is out of the ordinary. A patient one has one choice, for which it waits as long as it takes.
type sitting struct {
	s       *Store
	x       *exchange
	choices []*choice
	patient bool

	now    time.Time // Postgres's
	model  int       // published; 0: none is
	office *office
	counts tally
	rows   decidedRows
	last   *pgx.Batch // what is written, in the last trip
}

// alone decides one thing, once per command, and only while the lead is where the command took it to be.
func (s *Store) alone(ctx context.Context, op string, of choice) (record.Granted, error) {
	ch := &choice{}
	err := s.sit(ctx, op, true, func() []*choice {
		*ch = of
		return []*choice{ch}
	})
	return ch.out, err
}

// errPanicked is what becomes of a sitting that did not come to its end.
var errPanicked = errors.New("a decision panicked")

// sit holds a sitting over the choices, which are made anew for each try.
func (s *Store) sit(ctx context.Context, op string, patient bool, choices func() []*choice) error {
	h, err := s.handing(), errPanicked
	defer func() { h.end(err) }()
	err = s.exchanged(ctx, op, func(x *exchange) error {
		h.again()
		g := &sitting{s: s, x: x, choices: choices(), patient: patient, counts: newCounts(), last: &pgx.Batch{}}
		if err := g.decide(ctx, h); err != nil {
			return err
		}
		return x.commit(g.last)
	})
	return err
}

func (g *sitting) decide(ctx context.Context, h *handing) error {
	if err := g.enter(ctx); err != nil {
		return err
	}
	if g.patient && !g.choices[0].locked {
		return pgx.ErrNoRows
	}
	if err := g.each(func(ch *choice) error { return ch.ready(ctx, g) }); err != nil {
		return err
	}
	if err := g.accounts(); err != nil {
		return err
	}
	if err := g.lock(ctx); err != nil {
		return err
	}
	if err := g.each(func(ch *choice) error { return g.settle(ctx, ch) }); err != nil {
		return err
	}
	return g.write(h)
}

// each goes on with the choices that are open. One with an error ends a sitting of its own, and is left aside by others: then it is
// told where it is decided alone.
func (g *sitting) each(fn func(ch *choice) error) error {
	for _, ch := range g.undecided() {
		if err := fn(ch); err != nil {
			if g.patient {
				return err
			}
			ch.aside = true
		}
	}
	return nil
}

// lock takes the locks of all pools that may be asked and of their reps, and reads what is counted by those that are asked first:
// from here on others wait.
func (g *sitting) lock(ctx context.Context) error {
	if err := g.each(func(ch *choice) error { return ch.readPools(ctx, g) }); err != nil {
		return err
	}
	var pools, first []*poolRead
	for _, ch := range g.undecided() {
		pools = append(pools, ch.pools...)
		first = append(first, ch.pools[:min(1, len(ch.pools))]...)
	}
	if len(pools) == 0 {
		return nil
	}
	b := &pgx.Batch{}
	lockPools(b, pools)
	g.counts.see(b, first...)
	return g.x.send(b)
}

// settle makes one decision, and keeps what it leaves behind where nothing stands against it.
func (g *sitting) settle(ctx context.Context, ch *choice) error {
	m := settled{choice: ch, rep: ch.rep}
	if ch.among != nil {
		if err := g.choose(ch, &m); err != nil {
			return err
		}
	}
	if m.rep != "" {
		if err := g.grant(ctx, ch, &m); err != nil {
			return err
		}
	}
	if ch.among != nil {
		g.counts.give(ch, m.decision)
	}
	g.rows.add(m)
	out := record.Granted{Offer: m.offer}
	if m.rep == "" {
		out.Code = record.CodeNoRep
	}
	ch.answer(out)
	return nil
}

// write queues all that was decided.
func (g *sitting) write(h *handing) error {
	for _, ch := range g.choices {
		if ch.open && ch.decided && ch.out.Offer != nil && ch.before == nil {
			g.last.Queue(sqlEndOpen, pgx.NamedArgs{"lead": ch.leadID})
		}
	}
	g.rows.queue(g.last, g.model)
	g.counts.queue(g.last)
	if len(g.rows.alerts) == 0 {
		return nil
	}
	return tellReps(g.last, h, g.rows.alerts)
}

// undecided are the choices that are still open.
func (g *sitting) undecided() []*choice {
	return slices.DeleteFunc(slices.Clone(g.choices), func(ch *choice) bool { return ch.decided || ch.aside })
}
