package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/postgres"
	"github.com/leadflow-dev/leadflow/store"
	"github.com/leadflow-dev/leadflow/worker"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// house is one whose Temporal can be killed; nobody polls it, so that only the relays work.
type house struct {
	t       *testing.T
	pg      *postgres.Server
	store   *store.Store
	port    int
	process *process
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t}
	var err error
	h.pg, err = postgres.Start(t.Context(), postgres.Options{Dir: filepath.Join(place(t), "pg"), Settings: map[string]string{"fsync": "off"}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = h.pg.Stop(context.WithoutCancel(t.Context())) })
	require.NoError(t, h.pg.CreateDatabase(t.Context(), "leadflow"))
	cfg := app.Config{DatabaseURL: h.pg.URL("leadflow"), Secret: strings.Repeat("s", 32)}
	require.NoError(t, app.Migrate(t.Context(), cfg))
	h.store, err = app.OpenStore(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(h.store.Close)
	p := ports{}
	require.NoError(t, p.claim("temporal-port"))
	h.port = p.temporal
	h.start()
	return h
}

func (h *house) start() {
	h.t.Helper()
	h.process = launch(h.t, "--only", "temporal", "--postgres", h.pg.URL("postgres"), "--temporal-port", strconv.Itoa(h.port))
	within(h.t, time.Minute, "Temporal is ready", func() bool { return strings.Contains(h.process.out.String(), "is ready") })
}

func (h *house) kill() {
	h.t.Helper()
	require.NoError(h.t, h.process.cmd.Process.Kill())
	h.process.await()
}

func (h *house) client() client.Client {
	h.t.Helper()
	c, err := client.NewLazyClient(client.Options{HostPort: loopback(h.port), Identity: "test", Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	require.NoError(h.t, err)
	h.t.Cleanup(c.Close)
	return c
}

func (h *house) one(sql string, args ...any) (n int) {
	h.t.Helper()
	require.NoError(h.t, h.store.Pool().QueryRow(h.t.Context(), sql, args...).Scan(&n))
	return n
}

// relays runs two, as two worker processes would, and counts what they do.
func (h *house) relays() (failed func() float64) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(h.t.Context()))
	var both sync.WaitGroup
	var counts []prometheus.Gatherer
	for range 2 {
		reg := prometheus.NewRegistry()
		counts = append(counts, reg)
		r := &worker.Relay{
			Outbox: worker.CountedOutbox(h.store, reg), Client: h.client(), TaskQueue: "nobody", Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		}
		both.Go(func() { _ = r.Run(ctx) })
	}
	h.t.Cleanup(func() { cancel(); both.Wait() })
	return func() (sum float64) {
		for _, g := range counts {
			sum += counter(h.t, g, "leadflow_relay_failures_total")
		}
		return sum
	}
}

func counter(t *testing.T, g prometheus.Gatherer, name string) float64 {
	t.Helper()
	families, err := g.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("no counter %s", name)
	return 0
}

// heard is what the run of a lead was told.
type heard struct {
	seqs     []int64
	triggers map[string]int64
	first    time.Time // signal that carried the demo request, else the first
}

func (h *house) heard(c client.Client, lead string) (out heard) {
	h.t.Helper()
	out.triggers = map[string]int64{}
	for it := c.GetWorkflowHistory(h.t.Context(), wire.WorkflowID(lead), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		e, err := it.Next()
		require.NoError(h.t, err, lead)
		a := e.GetWorkflowExecutionSignaledEventAttributes()
		if a == nil {
			continue
		}
		var s wire.Engagement
		require.NoError(h.t, converter.GetDefaultDataConverter().FromPayloads(a.Input, &s))
		out.seqs = append(out.seqs, s.Seq)
		for _, t := range s.Triggers {
			out.triggers[t.Kind] = max(out.triggers[t.Kind], t.Seq)
			if t.Kind == "demo_request" || out.first.IsZero() {
				out.first = e.EventTime.AsTime()
			}
		}
	}
	return out
}

var outageOf = flag.Duration("outage", 25*time.Second, "how `long` Temporal is away in the test of the relays")

// Temporal is killed in the middle of a backlog of thousands and comes back: every run hears the newest of what there is
// for it, nothing is lost; nobody stormed a server that was away or moved all rows to one later moment; and who acts at
// once was told first.
func TestRelay_catchesUpAfterAnOutage(t *testing.T) {
	t.Parallel()
	const people, urgent = 2000, 200
	h := newHouse(t)
	leads := make([]string, people)
	var captures sync.WaitGroup
	for part := range 8 {
		captures.Go(func() {
			for i := part; i < people; i += 8 {
				c, err := h.store.Capture(t.Context(), record.Capture{Email: fmt.Sprintf("p%d@person.example", i), SourceCode: "test"})
				if err == nil {
					leads[i] = c.LeadID
				}
			}
		})
	}
	captures.Wait()
	require.NotContains(t, leads, "")
	failures := h.relays()
	within(t, time.Minute, "some are told", func() bool { return h.one("SELECT count(*) FROM outbox") < people-200 })
	h.kill()
	killed := time.Now()
	require.Greater(t, h.one("SELECT count(*) FROM outbox"), people/2, "the backlog is still large")

	// Away: rows grow and new triggers come in all the while.
	hot := leads[people-urgent:]
	every := time.NewTicker(*outageOf / urgent)
	defer every.Stop()
	for _, id := range hot {
		_, err := h.store.Ingest(t.Context(), []record.Event{{LeadID: id, Type: "demo_request", ClientID: "demo", OccurredAt: time.Now()}})
		require.NoError(t, err)
		<-every.C
	}
	away := time.Since(killed)
	require.GreaterOrEqual(t, away, *outageOf, "both relays know that it is away")
	require.Less(t, failures(), 200+2*away.Seconds()/7.5, "calls while it was away: each relay asks every 7.5 to 15 s whether it is back")
	require.Less(t, h.one("SELECT count(*) FROM outbox WHERE not_before > now()"), 50, "rows keep their moment")
	require.Less(t, h.one("SELECT count(*) FROM outbox WHERE claimed_until > now()"), 10, "and nobody holds them")

	back := time.Now()
	h.start()
	within(t, 3*time.Minute, "all is told", func() bool { return h.one("SELECT count(*) FROM outbox") == 0 })
	t.Logf("%.0f calls failed in an outage of %s; the backlog was worked off in %s", failures(), back.Sub(killed).Round(time.Second), time.Since(back).Round(time.Millisecond))

	c := h.client()
	var doubled int
	var first, rest []time.Time
	for _, id := range leads {
		got := h.heard(c, id)
		require.NotEmpty(t, got.seqs, "every lead has a run that was told")
		require.True(t, slices.IsSorted(got.seqs), "in order: %v", got.seqs)
		require.Positive(t, got.triggers["capture"])
		doubled += len(got.seqs) - len(slices.Compact(slices.Clone(got.seqs)))
		if slices.Contains(hot, id) {
			require.Positive(t, got.triggers["demo_request"], "what came in meanwhile is told")
			first = append(first, got.first)
		} else if got.first.After(back) {
			rest = append(rest, got.first)
		}
	}
	t.Logf("%d signals came twice, which the watermark of the run ignores; %d leads were told after the outage", doubled, len(first)+len(rest))
	require.Less(t, doubled, 100)
	middle := func(all []time.Time) time.Time { slices.SortFunc(all, time.Time.Compare); return all[len(all)/2] }
	require.True(t, middle(first).Before(middle(rest)), "who acts at once is told first")
}
