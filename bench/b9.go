package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/leadflow-dev/leadflow/bench/load"
	"github.com/leadflow-dev/leadflow/bench/measure"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
	"github.com/leadflow-dev/leadflow/store"
)

const (
	b9Clients = 16
	b9Reps    = 10
	b9Leads   = 20_000 // for each measurement: more than can be decided in it
)

// b9 decides who gets a lead, by a published document with a weighted pool of ten reps, against a
// single-row UPDATE ... RETURNING a decision: of the one row that everybody wants, which is the least that a turn can cost, and of
// a row for each client, which is the least that a transaction can. Ours is all of a decision as an activity asks for it: the
// score explained, the choice, the ledger, the turn, the offer with its deadlines, and the mail that tells the rep; those that wait
// are decided in one transaction, which an UPDATE each is not. It has no door of its own, and through a run the run would be measured (B5): so it is called where activities call it.
func b9(ctx context.Context, b *bench) ([]measure.Result, error) {
	if _, err := b.rig.NewProduct(ctx, "leadflow"); err != nil {
		return nil, err
	}
	pool, err := b.rig.Pool(ctx, "leadflow", b9Clients+4)
	if err != nil {
		return nil, err
	}
	s := store.New(pool, store.Options{SuppressionKey: []byte(strings.Repeat("bench", 8))})
	if err := b9House(ctx, s, pool); err != nil {
		return nil, err
	}
	w := load.Window{WarmUp: 3 * time.Second, Measured: max(3*time.Second, time.Duration(10*b.scale*float64(time.Second)))}
	ours := measure.Side{Name: "decisions, 16 clients", Unit: "decision", Measure: func(ctx context.Context) (measure.Sample, error) {
		leads, err := b9Qualified(ctx, pool)
		if err != nil {
			return measure.Sample{}, err
		}
		if err := b.rig.Settle(ctx); err != nil {
			return measure.Sample{}, err
		}
		return load.Closed(ctx, w, b9Deciders(s, leads), b.rig.CPU)
	}}
	bare := func(name string, row func(client int) int) measure.Side {
		return measure.Side{Name: name, Unit: "update", Measure: func(ctx context.Context) (measure.Sample, error) {
			if err := b.rig.Settle(ctx); err != nil {
				return measure.Sample{}, err
			}
			steps := make([]load.Step, b9Clients)
			for i := range steps {
				steps[i] = func(ctx context.Context) (int, error) {
					var n int
					return 1, pool.QueryRow(ctx, "UPDATE bare_turns SET n = n + 1 WHERE id = $1 RETURNING n", row(i)).Scan(&n)
				}
			}
			return load.Closed(ctx, w, steps, b.rig.CPU)
		}}
	}
	same := bare("UPDATE of one row, 16 clients", func(int) int { return 0 })
	own := bare("UPDATE of a row each, 16 clients", func(client int) int { return client })
	samples, err := b.inTurn(ctx, b.pairs, ours, same, own)
	if err != nil {
		return nil, err
	}
	if err := b9Verify(ctx, s, pool); err != nil {
		return nil, err
	}
	return []measure.Result{
		measure.Compare("B9", "one row, which all clients want", measure.AtLeast(0.5), ours, same, samples[0], samples[1]),
		measure.Compare("B9", "a row for each client", measure.AtLeast(0.5), ours, own, samples[0], samples[2]),
	}, nil
}

func b9House(ctx context.Context, s *store.Store, pool *pgxpool.Pool) error {
	var reps []string
	for i := range b9Reps {
		weight := 1 + i%4
		made, err := s.CreateRep(ctx, record.Rep{Name: fmt.Sprint("rep ", i), Email: fmt.Sprintf("rep%d@sales.example", i), TimeZone: "UTC", Active: true, Weight: &weight})
		if err != nil {
			return err
		}
		reps = append(reps, made.ID)
	}
	doc, err := json.Marshal(routing.Document{
		Name: "bench", Rules: []routing.Rule{{ID: "all", Pool: "p"}}, Pools: map[string]routing.Pool{"p": {Strategy: routing.Weighted, Reps: reps}},
	})
	if err != nil {
		return err
	}
	r, err := s.CreateRoute(ctx, record.Route{Source: "bench", Document: doc})
	if err == nil {
		_, err = s.PublishRoute(ctx, r.Version)
	}
	if err == nil {
		_, err = pool.Exec(ctx, "CREATE TABLE bare_turns (id int PRIMARY KEY, n int NOT NULL) WITH (fillfactor = 30)")
	}
	if err == nil {
		_, err = pool.Exec(ctx, "INSERT INTO bare_turns SELECT i, 0 FROM generate_series(0, 15) AS i")
	}
	return err
}

// b9Qualified are leads that wait for a rep. Those of before have got theirs and are at work no more, so that each measurement
// counts as many open leads.
func b9Qualified(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	if _, err := pool.Exec(ctx, "UPDATE leads SET stage = 'dormant' WHERE stage = 'qualified'"); err != nil {
		return nil, err
	}
	if _, err := pool.Exec(ctx, "UPDATE assignments SET state = 'missed', decided_at = now() WHERE state = 'offered'"); err != nil {
		return nil, err
	}
	rows, _ := pool.Query(ctx, `INSERT INTO leads (id, email, stage) SELECT id, id || '@' || left(id::text, 8) || '.example', 'qualified'
		FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $1)) AS made RETURNING id::text`, b9Leads)
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func b9Deciders(s *store.Store, leads []string) []load.Step {
	var next atomic.Int64
	steps := make([]load.Step, b9Clients)
	for i := range steps {
		steps[i] = func(ctx context.Context) (int, error) {
			n := int(next.Add(1)) - 1
			if n >= len(leads) {
				return 0, fmt.Errorf("the leads of a measurement are used up: there are %d", len(leads))
			}
			got, err := s.Offer(ctx, lifecycle.Command{
				ID: leads[n] + "/1/offer/1", Kind: lifecycle.CommandOffer, Cycle: 1, N: 1, At: time.Now().UTC().Truncate(time.Microsecond),
			})
			if err == nil && got.Offer == nil {
				err = fmt.Errorf("nobody was found: %s", got.Code)
			}
			return 1, err
		}
	}
	return steps
}

// b9Verify holds that what was counted was decided: each turn once, and each decision the same when it is asked again.
func b9Verify(ctx context.Context, s *store.Store, pool *pgxpool.Pool) error {
	var turns, distinct, last int
	if err := pool.QueryRow(ctx, "SELECT count(*), count(DISTINCT turn), max(turn) FROM routings").Scan(&turns, &distinct, &last); err != nil {
		return err
	}
	if turns != distinct || turns != last {
		return fmt.Errorf("%d decisions took %d turns, the last of which is %d", turns, distinct, last)
	}
	_, differ, err := s.RoutingReplayed(ctx, 1000)
	if err == nil && len(differ) > 0 {
		err = fmt.Errorf("%d of the last 1,000 decisions come out otherwise when they are asked again", len(differ))
	}
	return err
}
