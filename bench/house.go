package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/bench/rig"
)

// house is the whole product as it runs in production: Temporal, the API and a worker, each a process, and a mail server
// that takes everything.
type house struct {
	*bench
	product  *rig.Product
	worker   *rig.Program
	mails    *rig.Mailbox
	pool     *pgxpool.Pool
	temporal client.Client
}

// newHouse starts it, with the rules of documents.go and one nurture sequence.
func (b *bench) newHouse(ctx context.Context, sequence string, workerEnv ...string) (*house, error) {
	h := &house{bench: b}
	if err := b.rig.StartTemporal(ctx); err != nil {
		return nil, err
	}
	var err error
	if h.mails, err = rig.NewMailbox(); err != nil {
		return nil, err
	}
	if h.product, err = b.rig.NewProduct(ctx, "leadflow"); err != nil {
		return nil, err
	}
	if _, err := h.product.Serve(ctx); err != nil {
		return nil, err
	}
	if h.worker, err = h.startWorker(ctx, workerEnv...); err != nil {
		return nil, err
	}
	if h.temporal, err = dial(b); err != nil {
		return nil, err
	}
	if h.pool, err = b.rig.Pool(ctx, "leadflow", 4); err != nil {
		return nil, err
	}
	return h, h.furnish(ctx, sequence)
}

func (h *house) startWorker(ctx context.Context, env ...string) (*rig.Program, error) {
	return h.product.Work(ctx, append(env, "LEADFLOW_SMTP_ADDRESS="+h.mails.Address, "LEADFLOW_MAIL_ALLOW=*", "LEADFLOW_MAIL_FROM=Bench <hello@bench.example>")...)
}

func (h *house) close() {
	h.temporal.Close()
	h.mails.Close()
}

// furnish publishes the rules and hires a team.
func (h *house) furnish(ctx context.Context, sequence string) error {
	model, err := h.post(ctx, "/v1/models", rig.Object{"source": benchModel})
	if err != nil {
		return err
	}
	if _, err = h.post(ctx, fmt.Sprintf("/v1/models/%.0f/publish", model["version"]), rig.Object{}); err != nil {
		return err
	}
	q, err := h.post(ctx, "/v1/sequences", rig.Object{"source": sequence, "default": true})
	if err != nil {
		return err
	}
	if _, err = h.post(ctx, fmt.Sprintf("/v1/sequences/%s/%.0f/publish", q["name"], q["version"]), rig.Object{}); err != nil {
		return err
	}
	if _, err = h.post(ctx, "/v1/policies", rig.Object{"source": benchPolicy, "active": true}); err != nil {
		return err
	}
	team, err := h.post(ctx, "/v1/teams", rig.Object{"name": "North"})
	if err != nil {
		return err
	}
	for _, name := range []string{"Ann", "Bob", "Cyd"} {
		_, err := h.post(ctx, "/v1/reps", rig.Object{"name": name + " Seller", "email": strings.ToLower(name) + "@sales.example", "team_id": team["id"]})
		if err != nil {
			return err
		}
	}
	return nil
}

func (h *house) post(ctx context.Context, path string, body any) (rig.Object, error) {
	return h.product.Call(ctx, "POST", path, body)
}

// capture makes a lead that is known by its name, and answers its id.
func (h *house) capture(ctx context.Context, name string) (string, error) {
	lead, err := h.post(ctx, "/v1/leads", rig.Object{
		"email":   name + "@person.example",
		"profile": rig.Object{"first_name": "Golda", "last_name": "Person", "title": "Head of Things", "company": "Bench GmbH", "phone": "+491701234567"},
		"source":  rig.Object{"channel": "web"},
	})
	if err != nil {
		return "", err
	}
	return lead["id"].(string), nil
}

// captureMany makes n leads, eight at a time, and waits until their runs rest.
func (h *house) captureMany(ctx context.Context, prefix string, n int) ([]string, error) {
	ids := make([]string, n)
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i := range n {
		g.Go(func() (err error) {
			ids[i], err = h.capture(within, fmt.Sprintf("%s-%d", prefix, i))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return ids, h.told(ctx)
}

const sqlOutboxRows = `SELECT count(*) FROM outbox`

// One row is enough to know: counting all of them fifty times a second would be counted as ours.
const sqlOutboxWaits = `SELECT EXISTS (SELECT FROM outbox)`

// told waits until every run has heard what it was to hear.
func (h *house) told(ctx context.Context) error {
	for {
		var waits bool
		if err := h.pool.QueryRow(ctx, sqlOutboxWaits).Scan(&waits); err != nil || !waits {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
