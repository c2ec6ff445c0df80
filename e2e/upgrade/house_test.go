package upgrade

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/leadflow-dev/leadflow/e2e/stack"
)

type object = stack.Object

// house is one running product and everything that the test looks at.
type house struct {
	t        *testing.T
	stack    *stack.Stack
	door     stack.Door
	db       *pgx.Conn
	temporal client.Client
	began    time.Time
}

// told logs how far the story is.
func (h *house) told(what string) { h.t.Logf("%5.1f s: %s", time.Since(h.began).Seconds(), what) }

// open starts a binary on a directory.
func open(t *testing.T, binary, dir string, began time.Time) *house {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s, err := stack.Start(ctx, binary, dir)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Kill())
		if t.Failed() {
			t.Log(s.Said())
		}
	})
	h := &house{t: t, stack: s, door: s.Door(), began: began}
	h.db, err = pgx.Connect(t.Context(), s.Env["DATABASE_URL"])
	require.NoError(t, err)
	h.temporal, err = client.Dial(client.Options{HostPort: s.Env["TEMPORAL_ADDRESS"], Identity: "test"})
	require.NoError(t, err)
	return h
}

// leave lets go of the product's servers, before it is stopped.
func (h *house) leave() {
	h.temporal.Close()
	_ = h.db.Close(context.WithoutCancel(h.t.Context()))
}

func (h *house) call(method, path string, body any) object {
	h.t.Helper()
	out := object{}
	require.NoError(h.t, h.door.Call(h.t.Context(), method, path, body, &out))
	return out
}

func (h *house) post(path string, body any) object { h.t.Helper(); return h.call("POST", path, body) }
func (h *house) lead(id string) object             { h.t.Helper(); return h.call("GET", "/v1/leads/"+id, nil) }

// decide takes a decision and answers the lead as it results. On a slow machine the answer may come later.
func (h *house) decide(id, kind string, body object) object {
	h.t.Helper()
	answer := h.post("/v1/leads/"+id+"/"+kind, body)
	decision, pending := answer["decision_id"].(string)
	if !pending {
		return answer
	}
	h.eventually("the answer to "+kind, func() bool { return h.call("GET", "/v1/decisions/"+decision, nil)["state"] == "applied" })
	return h.lead(id)
}

func (h *house) exec(sql string, args ...any) {
	h.t.Helper()
	_, err := h.db.Exec(h.t.Context(), sql, args...)
	require.NoError(h.t, err)
}

// column reads one column of rows.
func column[T any](h *house, sql string, args ...any) []T {
	h.t.Helper()
	rows, err := h.db.Query(h.t.Context(), sql, args...)
	require.NoError(h.t, err)
	out, err := pgx.CollectRows(rows, pgx.RowTo[T])
	require.NoError(h.t, err)
	return out
}

func (h *house) eventually(what string, ok func() bool) {
	h.t.Helper()
	for limit := time.Now().Add(2 * time.Minute); !ok(); <-time.After(50 * time.Millisecond) {
		require.NoError(h.t, h.t.Context().Err(), what)
		if time.Now().After(limit) {
			h.t.Fatalf("%s: not within two minutes", what)
		}
	}
}

func (h *house) awaitStage(id, stage string) object {
	h.t.Helper()
	var lead object
	h.eventually("stage "+stage, func() bool {
		lead = h.lead(id)
		return lead["stage"] == stage
	})
	return lead
}

// timeline is what happened to a lead, oldest first.
func (h *house) timeline(id string) []object {
	h.t.Helper()
	var page struct{ Items []object }
	require.NoError(h.t, h.door.Call(h.t.Context(), "GET", "/v1/leads/"+id+"/timeline?limit=200", nil, &page))
	for i, j := 0, len(page.Items)-1; i < j; i, j = i+1, j-1 {
		page.Items[i], page.Items[j] = page.Items[j], page.Items[i]
	}
	return page.Items
}

// mails are the subjects the catcher got for an address.
func (h *house) mails(to string) (subjects []string) {
	h.t.Helper()
	var page struct{ Items []struct{ Subject string } }
	at := stack.Door{URL: h.stack.Env["MAIL_URL"]}
	require.NoError(h.t, at.Call(h.t.Context(), "GET", "/api/messages?limit=500&to="+url.QueryEscape(to), nil, &page))
	for _, m := range page.Items {
		subjects = append(subjects, m.Subject)
	}
	return subjects
}

// events sends a batch and answers how many were taken and how many were known.
func (h *house) events(items ...object) (accepted, duplicates int) {
	h.t.Helper()
	var got struct {
		Accepted, Duplicates int
		Rejected             []any
	}
	require.NoError(h.t, h.door.Call(h.t.Context(), "POST", "/v1/events", items, &got))
	require.Empty(h.t, got.Rejected)
	return got.Accepted, got.Duplicates
}

// upload starts an import of a file with the columns email and name.
func (h *house) upload(csv string) (id string) {
	h.t.Helper()
	const mapping = "email: email\nprofile: {first_name: name}\n"
	var body strings.Builder
	part := func(head, text string) {
		fmt.Fprintf(&body, "--upgrade\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n", head, text)
	}
	part(`name="mapping"`, mapping)
	part(`name="file"; filename="leads.csv"`, csv)
	body.WriteString("--upgrade--\r\n")
	var made struct{ ID string }
	require.NoError(h.t, h.door.Send(h.t.Context(), "POST", "/v1/imports", "multipart/form-data; boundary=upgrade", []byte(body.String()), &made))
	return made.ID
}

// scoreAt is the explanation of a score as it was known at a moment. The edge it names is that of the lead's cycle now,
// which may be another one by then.
func (h *house) scoreAt(id string, at time.Time) object {
	h.t.Helper()
	score := h.call("GET", "/v1/leads/"+id+"/score?at="+url.QueryEscape(at.Format(time.RFC3339Nano)), nil)
	delete(score, "mql_at")
	return score
}
