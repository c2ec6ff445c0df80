package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
)

// line is a way to a server that can be cut and mended while the program goes on.
type line struct {
	t       *testing.T
	address string
	target  string

	mu       sync.Mutex
	listener net.Listener
	open     []net.Conn
}

func newLine(t *testing.T, target string) *line {
	l := &line{t: t, target: target, address: "127.0.0.1:0"}
	l.mend()
	t.Cleanup(l.cut)
	return l
}

func (l *line) mend() {
	listener, err := net.Listen("tcp", l.address)
	require.NoError(l.t, err)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listener, l.address = listener, listener.Addr().String()
	go l.serve(listener)
}

func (l *line) serve(listener net.Listener) {
	for {
		from, err := listener.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", l.target)
		if err != nil {
			_ = from.Close()
			continue
		}
		l.mu.Lock()
		l.open = append(l.open, from, to)
		l.mu.Unlock()
		go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
		go func() { _, _ = io.Copy(from, to); _ = from.Close() }()
	}
}

// cut refuses new connections and breaks those there are.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.listener.Close()
	for _, c := range l.open {
		_ = c.Close()
	}
	l.open = nil
}

// rewire starts the program anew with something changed, until the test is over.
func rewire(t *testing.T, change func(*app.Config)) {
	t.Helper()
	require.NoError(t, product.app.Stop(t.Context()))
	cfg, err := product.config()
	require.NoError(t, err)
	change(&cfg)
	product.app, err = app.Start(t.Context(), cfg, app.Serving, app.Working)
	require.NoError(t, err)
	t.Cleanup(func() { // t's own context is over by then
		ctx := context.WithoutCancel(t.Context())
		require.NoError(t, product.app.Stop(ctx))
		cfg, err := product.config()
		require.NoError(t, err)
		product.app, err = app.Start(ctx, cfg, app.Serving, app.Working)
		require.NoError(t, err)
	})
}

// The mail server is down while a lead is nurtured and another is handed over. The clocks of the handoff run on, to the
// next rep; the mails wait, and each comes once when the server is back.
func TestOutage_ofTheMailServer(t *testing.T) {
	d, _ := fast(t)
	mails := newLine(t, loopback(product.ports.smtp))
	rewire(t, func(cfg *app.Config) { cfg.SMTPAddress = mails.address })
	mails.cut()

	nurtured := d.capture("Outa")
	waits, first := d.hot("Downa")
	awake := time.Time{}
	engaged := func(done func() bool) func() bool { // or the lead goes stale before the server is back
		return func() bool {
			if time.Since(awake) > 2*time.Second {
				awake = time.Now()
				d.event(nurtured, "page_view", object{"path": "/blog"})
			}
			return done()
		}
	}
	d.eventually("the next rep", engaged(func() bool {
		owner := d.lead(waits)["owner"]
		return owner != nil && owner != first
	}))
	require.Contains(t, d.kinds(waits), "passed")
	ledger := func() (states []string) {
		for _, m := range d.get("/v1/mails?lead_id=" + nurtured)["items"].([]any) {
			states = append(states, m.(object)["state"].(string))
		}
		return states
	}
	d.eventually("six mails wait", engaged(func() bool { return len(ledger()) == 6 }))
	require.NotContains(t, ledger(), "sent")
	require.NotContains(t, ledger(), "failed")
	require.Empty(t, d.mails("outa@person.example"))

	mails.mend()
	d.eventually("all have gone out", engaged(func() bool {
		return slices.Equal(ledger(), []string{"sent", "sent", "sent", "sent", "sent", "sent"})
	}))
	var subjects []string
	for _, m := range d.mails("outa@person.example") {
		subjects = append(subjects, m["subject"].(string))
	}
	require.ElementsMatch(t, []string{"Welcome, Outa", "Second", "Third", "Fourth", "Fifth", "Sixth"}, subjects, "each once")
}

// Temporal is away while people decide: the decisions are stored and answered 202, everybody can read how they stand, and
// they take effect, in their order, when it is back.
func TestOutage_ofTemporal(t *testing.T) {
	d, _ := fast(t)
	temporal := newLine(t, product.temporal.Address())
	rewire(t, func(*app.Config) { require.NoError(t, os.Setenv("TEMPORAL_ADDRESS", temporal.address)) })
	id, owner := d.hot("Parta")
	d.post("/v1/leads/"+id+"/accept", object{"rep_id": owner})
	temporal.cut()

	decide := func(kind string, body object) string {
		a := d.call("POST", "/v1/leads/"+id+"/"+kind, body, http.StatusAccepted)
		require.Equal(t, "pending", a["state"])
		return a["decision_id"].(string)
	}
	state := func(decision string) any { return d.get("/v1/decisions/" + decision)["state"] }
	qualified := decide("qualify", object{"rep_id": owner, "note": "a Secretnote"})
	won := decide("win", object{"amount": 12500.5, "currency": "eur", "one_thing": "a Secretthing", "missing": "Secretly nothing"})
	require.Equal(t, []any{"pending", "pending", "working"}, []any{state(qualified), state(won), d.lead(id)["stage"]})

	temporal.mend()
	d.awaitStage(id, "won")
	d.eventually("both are answered", func() bool { return state(qualified) == "applied" && state(won) == "applied" })
	newest := d.get("/v1/leads/" + id + "/timeline?limit=1")["items"].([]any)[0].(object)
	require.Equal(t, "won", newest["kind"])
	data := newest["data"].(object)
	require.Equal(t, []any{"12500.50", "EUR", "a Secretthing", "Secretly nothing"}, []any{data["amount"], data["currency"], data["one_thing"], data["missing"]})
	require.NotContains(t, history(t, temporalClient(t), id), "Secret", "what people write stays in Postgres")
}

// Temporal is away when the program starts: it starts all the same, takes in who comes, and their lives begin later.
func TestOutage_ofTemporalAtTheStart(t *testing.T) {
	d, _ := fast(t)
	temporal := newLine(t, product.temporal.Address())
	temporal.cut()
	rewire(t, func(*app.Config) { require.NoError(t, os.Setenv("TEMPORAL_ADDRESS", temporal.address)) })
	id := d.capture("Earla")
	require.Equal(t, "captured", d.lead(id)["stage"])
	temporal.mend()
	d.awaitStage(id, "nurturing")
	d.eventually("the first mail", func() bool { return len(d.mails("earla@person.example")) > 0 })
}
