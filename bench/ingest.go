package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/leadflow-dev/leadflow/bench/load"
	"github.com/leadflow-dev/leadflow/bench/measure"
	"github.com/leadflow-dev/leadflow/bench/rig"
)

// ingest is the API on a database full of leads, and a copy of that database for plain SQL.
type ingest struct {
	*bench
	product  *rig.Product
	leads    int
	ours     *pgxpool.Pool
	accepted atomic.Int64
}

const plain = "plain" // the database of the denominators

// newIngest lays down the leads. Only the API runs: what it takes in is not relayed, so a denominator that is measured
// next runs beside nothing.
func (b *bench) newIngest(ctx context.Context, leads int) (*ingest, error) {
	p, err := b.rig.NewProduct(ctx, "leadflow")
	if err != nil {
		return nil, err
	}
	first, err := p.Serve(ctx)
	if err != nil {
		return nil, err
	}
	b.tell("lays down %d leads", leads)
	if err := p.Seed(ctx, leads); err != nil {
		return nil, err
	}
	first.Stop() // a database is copied only while nobody is in it
	if err := b.rig.Copy(ctx, "leadflow", plain); err != nil {
		return nil, err
	}
	if _, err := p.Serve(ctx); err != nil {
		return nil, err
	}
	in := &ingest{bench: b, product: p, leads: leads}
	in.ours, err = b.rig.Pool(ctx, "leadflow", 2)
	return in, err
}

// clientNumber makes the ids of no two clients alike.
var clientNumber atomic.Int64

// eventLoad says which events are sent, and how.
type eventLoad struct {
	host, key      string
	clients, batch int
	doubles        float64
	leads          func(*rand.Rand) func() int // which lead is next, of each client by itself
	accepted       *atomic.Int64
}

// open makes keep-alive connections, each of which sends batches of events one after the other.
func (l eventLoad) open() (steps []load.Step, closeAll func(), err error) {
	var conns []*load.Conn
	closeAll = func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}
	for range l.clients {
		c, err := load.Dial(l.host)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		conns = append(conns, c)
		n := clientNumber.Add(1)
		r := rand.New(rand.NewPCG(uint64(n), 20260101))
		e := load.NewEvents(r, fmt.Sprintf("b%05d-", n), l.leads(r))
		e.Doubles = l.doubles
		steps = append(steps, l.step(c, e))
	}
	return steps, closeAll, nil
}

func (l eventLoad) step(c *load.Conn, e *load.Events) load.Step {
	request := load.NewRequest(l.host, "/v1/events", l.key)
	var body []byte
	return func(context.Context) (int, error) {
		if body = body[:0]; l.batch == 1 {
			body = e.Append(body)
		} else {
			body = e.Batch(body, l.batch)
		}
		status, answer, err := c.Do(request.Bytes(body))
		if err != nil {
			return 0, err
		}
		t, err := load.ReadTaken(status, answer, l.batch)
		if l.accepted != nil {
			l.accepted.Add(int64(t.Accepted))
		}
		return l.batch, err
	}
}

// zipf draws from n leads by Zipf's law with s = 1.1.
func zipf(n int) func(*rand.Rand) func() int {
	return func(r *rand.Rand) func() int { return load.NewZipf(r, 1.1, n).Next }
}

// uniform draws from n leads, each as often as another.
func uniform(n int) func(*rand.Rand) func() int {
	return func(r *rand.Rand) func() int { return func() int { return r.IntN(n) } }
}

// side is ours: events over HTTP, as fast as they are answered.
func (in *ingest) side(name string, l eventLoad) measure.Side {
	l.host, l.key, l.accepted = in.product.Host, in.product.Key, &in.accepted
	return measure.Side{Name: name, Unit: "events/s", Measure: func(ctx context.Context) (measure.Sample, error) {
		if err := in.rig.Settle(ctx); err != nil {
			return measure.Sample{}, err
		}
		clients, closeAll, err := l.open()
		if err != nil {
			return measure.Sample{}, err
		}
		defer closeAll()
		return load.Closed(ctx, in.window(), clients, in.rig.CPU)
	}}
}

const sqlCountEvents = `SELECT count(*) FROM events`

// verify holds what is stored against what was acknowledged: a figure of events that are not there is none.
func (in *ingest) verify(ctx context.Context) error {
	var stored int64
	if err := in.ours.QueryRow(ctx, sqlCountEvents).Scan(&stored); err != nil {
		return err
	}
	if stored != in.accepted.Load() {
		return fmt.Errorf("%d events were accepted and %d are stored", in.accepted.Load(), stored)
	}
	return nil
}

// plainSide runs statements of plain SQL on the copy, each client on a connection of its own.
func (in *ingest) plainSide(name string, clients int, step func(*pgx.Conn, *rand.Rand) load.Step) measure.Side {
	return measure.Side{Name: name, Unit: "events/s", Measure: func(ctx context.Context) (measure.Sample, error) {
		if err := in.rig.Settle(ctx); err != nil {
			return measure.Sample{}, err
		}
		var steps []load.Step
		for range clients {
			conn, err := pgx.Connect(ctx, in.rig.Server.URL(plain))
			if err != nil {
				return measure.Sample{}, err
			}
			defer conn.Close(context.WithoutCancel(ctx))
			n := clientNumber.Add(1)
			steps = append(steps, step(conn, rand.New(rand.NewPCG(uint64(n), 20260101))))
		}
		return load.Closed(ctx, in.window(), steps, in.rig.CPU)
	}}
}
