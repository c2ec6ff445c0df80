package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/leadflow-dev/leadflow/bench/rig"
)

// chain is the way of a notification with nothing on it: a row and a NOTIFY in one transaction, a listener that signals
// with start, one activity that posts.
type chain struct {
	*house
	receiver *rig.Receiver
	worker   worker.Worker
	next     atomic.Int64
	stop     context.CancelFunc
	done     chan struct{}
}

const (
	chainQueue    = "bench-chain"
	sqlChainTable = `CREATE TABLE bench_outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lead text NOT NULL)`
	sqlChainTell  = `WITH row AS (INSERT INTO bench_outbox (lead) VALUES ($1)) SELECT pg_notify('bench_outbox', '')`
	sqlChainTake  = `DELETE FROM bench_outbox WHERE id IN (SELECT id FROM bench_outbox ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED) RETURNING lead`
)

// tell waits as a lead does, and has one activity post what it is told.
func tell(ctx workflow.Context, lead, url string) error {
	signal, timer := workflow.GetSignalChannel(ctx, signalName), workflow.NewTimer(ctx, 30*24*time.Hour)
	told := 0
	s := workflow.NewSelector(ctx)
	s.AddReceive(signal, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil); told++ })
	s.AddFuture(timer, func(workflow.Future) { told = -1 })
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	for {
		s.Select(ctx)
		if told < 0 {
			return nil
		}
		if told > 1 { // the first signal starts the run
			if err := workflow.ExecuteActivity(ctx, postTold, lead, url).Get(ctx, nil); err != nil {
				return err
			}
		}
	}
}

var chainClient = &http.Client{Timeout: 15 * time.Second}

func postTold(ctx context.Context, lead, url string) error {
	body := fmt.Appendf(nil, `{"type":"handoff.offered","data":{"lead_id":%q}}`, lead)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Webhook-Id", lead)
	resp, err := chainClient.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// newChain starts its worker and listener, and n runs that wait, as ours do.
func newChain(ctx context.Context, h *house, receiver *rig.Receiver, n int) (*chain, error) {
	if err := h.rig.Do(ctx, "leadflow", sqlChainTable); err != nil {
		return nil, err
	}
	c := &chain{house: h, receiver: receiver, worker: bareWorker(h.temporal, chainQueue), done: make(chan struct{})}
	c.worker.RegisterWorkflow(tell)
	c.worker.RegisterActivity(postTold)
	if err := c.worker.Start(); err != nil {
		return nil, err
	}
	for i := range n {
		if err := c.signal(ctx, fmt.Sprintf("chain-%d", i)); err != nil {
			return nil, err
		}
	}
	conn, err := pgx.Connect(ctx, h.rig.Server.URL("leadflow"))
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "LISTEN bench_outbox"); err != nil {
		return nil, err
	}
	listening, stop := context.WithCancel(ctx)
	c.stop = stop
	go func() {
		defer close(c.done)
		defer conn.Close(context.WithoutCancel(listening))
		for listening.Err() == nil {
			if _, err := conn.WaitForNotification(listening); err == nil {
				c.take(listening, conn)
			}
		}
	}()
	return c, nil
}

// take signals what waits. What fails is missed by who waits for its notification.
func (c *chain) take(ctx context.Context, conn *pgx.Conn) {
	rows, _ := conn.Query(ctx, sqlChainTake)
	leads, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return
	}
	for _, lead := range leads {
		go func() { _ = c.signal(ctx, lead) }()
	}
}

func (c *chain) signal(ctx context.Context, lead string) error {
	_, err := c.temporal.SignalWithStartWorkflow(ctx, "bare/"+lead, signalName, nil, client.StartWorkflowOptions{ID: "bare/" + lead, TaskQueue: chainQueue},
		tell, lead, c.receiver.URL+"/bare")
	return err
}

// cross tells the next run, and waits for its notification.
func (c *chain) cross(ctx context.Context) error {
	lead := fmt.Sprintf("chain-%d", c.next.Add(1)-1)
	return c.receiver.Await(ctx, lead, func() error {
		_, err := c.pool.Exec(ctx, sqlChainTell, lead)
		return err
	})
}

func (c *chain) close() {
	c.stop()
	<-c.done
	c.worker.Stop()
}
