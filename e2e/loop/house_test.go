package loop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/cli"
	"github.com/leadflow-dev/leadflow/e2e/stack"
)

const policy = `
name: loop
calendar: always
sla: {accept: {within: 30d, max_offers: 2, then: team_queue}}
stale: {nurturing: 30d}
recycle:
  max_cycles: 1
  reasons: {not_a_buyer: {path: disqualify}, bad_data: {path: disqualify}, no_fit: {path: stay_lost}, no_decision: {path: stay_lost}}
  default: {path: recycle, cool_down: 60d, score: keep}
consent: {require: false}
`

// house is a product with people in it.
type house struct {
	t      *testing.T
	stack  *stack.Stack
	door   stack.Door
	db     *pgx.Conn
	people []person
}

func open(t *testing.T) *house {
	t.Helper()
	binary := os.Getenv("LEADFLOW_STANDALONE")
	if binary == "" || os.Getenv("LEADFLOW_LOOP_EVERY") == "" {
		t.Skip("LEADFLOW_STANDALONE or LEADFLOW_LOOP_EVERY is not set: `make loop` runs this test")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	s, err := stack.Start(ctx, binary, "")
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Kill()) // its data goes with it
	})
	h := &house{t: t, stack: s, door: s.Door()}
	h.db, err = pgx.Connect(t.Context(), s.Env["DATABASE_URL"])
	require.NoError(t, err)
	t.Cleanup(func() { _ = h.db.Close(context.WithoutCancel(t.Context())) })
	_, err = h.door.Reps(t.Context(), "School", "anna", "bert", "cees", "dirk", "els")
	require.NoError(t, err)
	return h
}

// cli runs the command line as people type it; what it answers and what it tells.
func (h *house) cli(want int, args ...string) (out, talk string) {
	h.t.Helper()
	h.t.Setenv("LEADFLOW_URL", h.door.URL)
	h.t.Setenv("LEADFLOW_API_KEY", h.door.Key)
	var o, e bytes.Buffer
	code := cli.Main(h.t.Context(), args, cli.Streams{In: strings.NewReader(""), Out: &o, Err: &e})
	require.Equal(h.t, want, code, "leadflow %s: %s%s", strings.Join(args, " "), &o, &e)
	return o.String(), e.String()
}

// asked is what a command answers as JSON.
func asked[T any](h *house, args ...string) (out T) {
	h.t.Helper()
	text, _ := h.cli(cli.ExitOK, append(args, "-o", "json")...)
	require.NoError(h.t, json.Unmarshal([]byte(text), &out), text)
	return out
}

func (h *house) file(name, text string) string {
	h.t.Helper()
	path := h.t.TempDir() + "/" + name
	require.NoError(h.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// each does something for some people at once.
func (h *house) each(do func(ctx context.Context, p *person) error) {
	h.t.Helper()
	g, ctx := errgroup.WithContext(h.t.Context())
	g.SetLimit(16)
	for i := range h.people {
		g.Go(func() error {
			if err := do(ctx, &h.people[i]); err != nil {
				return fmt.Errorf("%s: %w", h.people[i].key, err)
			}
			return nil
		})
	}
	require.NoError(h.t, g.Wait())
}

// play has somebody do what they did, and sales decide what they decided.
func (h *house) play(ctx context.Context, p *person) error {
	var made struct{ ID string }
	if err := h.door.Call(ctx, "POST", "/v1/leads", stack.Object{"external_id": "xeducation:" + p.key}, &made); err != nil {
		return err
	}
	p.id = made.ID
	if err := h.did(ctx, p); err != nil || !p.played {
		return err
	}
	rep, err := h.offered(ctx, p.id)
	if err != nil {
		return err
	}
	kind, reason, _ := strings.Cut(p.ends(), ":")
	switch {
	case p.won:
		return h.decide(ctx, p.id, stack.Object{"rep_id": rep}, "win", stack.Object{"amount": "1200.50", "currency": "EUR", "one_thing": p.said()})
	case kind == "rejected":
		return h.decide(ctx, p.id, nil, "reject", stack.Object{"rep_id": rep, "reason": reason, "note": "Zyxada is not there"})
	}
	return h.decide(ctx, p.id, stack.Object{"rep_id": rep}, "lose", stack.Object{"reason": reason, "one_thing": "pricing for Zyxada", "missing": "a chat with Zyxada"})
}

// did sends all that somebody did, in one post, at whose end they ask for a demo; who stays open does not ask.
func (h *house) did(ctx context.Context, p *person) error {
	at := time.Now().Add(-time.Hour).UTC()
	var events []stack.Object
	add := func(kind string, properties stack.Object) {
		at = at.Add(time.Minute)
		events = append(events, stack.Object{"lead_id": p.id, "id": fmt.Sprint(p.key, len(events)), "type": kind, "occurred_at": at.Format(time.RFC3339), "properties": properties})
	}
	for range p.visits {
		add("page_view", stack.Object{"path": "/course"})
	}
	for range p.messages {
		add("custom", stack.Object{"activity": "SMS Sent"})
	}
	for range p.chats {
		add("chat", nil)
	}
	for n := range p.downloads {
		add("content_download", stack.Object{"asset": fmt.Sprintf("guide-%d", n%2)})
	}
	for range p.prices {
		add("page_view", stack.Object{"path": "/pricing"})
	}
	if p.played {
		add("demo_request", nil)
	}
	if len(events) == 0 {
		return nil
	}
	var got struct{ Accepted int }
	if err := h.door.Call(ctx, "POST", "/v1/events", events, &got); err != nil || got.Accepted != len(events) {
		return fmt.Errorf("%d of %d events were taken: %w", got.Accepted, len(events), err)
	}
	return nil
}

// offered waits until a rep has somebody.
func (h *house) offered(ctx context.Context, id string) (rep string, err error) {
	err = await(ctx, "the offer", func() (bool, error) {
		var lead struct {
			Stage string
			Owner *string
		}
		if err := h.door.Call(ctx, "GET", "/v1/leads/"+id, nil, &lead); err != nil || lead.Stage != "handoff" || lead.Owner == nil {
			return false, err
		}
		rep = *lead.Owner
		return true, nil
	})
	return rep, err
}

// decide accepts, where that is wanted, and decides; until it is answered.
func (h *house) decide(ctx context.Context, id string, accept stack.Object, kind string, body stack.Object) error {
	if accept != nil {
		if err := h.decide(ctx, id, nil, "accept", accept); err != nil {
			return err
		}
	}
	var answer struct {
		DecisionID string `json:"decision_id"`
	}
	if err := h.door.Call(ctx, "POST", "/v1/leads/"+id+"/"+kind, body, &answer); err != nil || answer.DecisionID == "" {
		return err
	}
	return await(ctx, "the answer to "+kind, func() (bool, error) {
		var d struct{ State, Code string }
		err := h.door.Call(ctx, "GET", "/v1/decisions/"+answer.DecisionID, nil, &d)
		if err == nil && d.State == "refused" {
			err = fmt.Errorf("%s was refused: %s", kind, d.Code)
		}
		return d.State == "applied", err
	})
}

// await polls until ok.
func await(ctx context.Context, what string, ok func() (bool, error)) error {
	for limit := time.Now().Add(10 * time.Minute); ; {
		done, err := ok()
		if done || err != nil {
			return err
		}
		if time.Now().After(limit) {
			return fmt.Errorf("%s is waited for in vain", what)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// count reads a number by plain SQL.
func (h *house) count(sql string, args ...any) (n int) {
	h.t.Helper()
	require.NoError(h.t, h.db.QueryRow(h.t.Context(), sql, args...).Scan(&n), sql)
	return n
}
