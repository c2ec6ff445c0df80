package api_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
	"github.com/leadflow-dev/leadflow/store"
)

// gated lets events into a store only once its gate is open.
type gated struct {
	intake.Events
	arrived chan<- struct{}
	open    <-chan struct{}
}

func (g gated) Ingest(ctx context.Context, events []record.Event) ([]record.Ingested, error) {
	select {
	case g.arrived <- struct{}{}:
	default:
	}
	<-g.open
	return g.Events.Ingest(ctx, events)
}

// What finds the backlog full is answered 429 with a time to come back, and nothing of it is taken; what was let in before
// is stored and answered.
func TestEvents_aFullBacklogIsSaidAndLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "ada@person.example"})
	arrived, open := make(chan struct{}, 1), make(chan struct{})
	s := w.store
	door := httptest.NewServer(api.New(api.Deps{
		Reads: s, People: s, Team: s, Documents: s, Routing: s, Keys: s, Webhooks: s, Answers: s, Imports: s, Log: slog.New(slog.DiscardHandler),
		Intake: intake.New(intake.Deps{Events: gated{s, arrived, open}}, intake.Config{Backlog: 3}),
	}))
	t.Cleanup(door.Close)
	send := func(body string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, door.URL+"/v1/events", strings.NewReader(body))
		if err != nil {
			return nil
		}
		req.Header.Set("Authorization", "Bearer "+w.keys[api.RoleAdmin])
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil
		}
		_ = resp.Body.Close()
		return resp
	}
	one := func(id string) string { return `{"id":"` + id + `","type":"page_view","email":"ada@person.example"}` }
	var all sync.WaitGroup
	first := make([]*http.Response, 3)
	for i := range first {
		all.Go(func() { first[i] = send(one(string(rune('a' + i)))) })
	}
	<-arrived
	var refused *http.Response
	require.Eventually(t, func() bool { // three wait: whoever comes now finds no room
		refused = send("[" + one("x") + "," + one("y") + "," + one("z") + "," + one("zz") + "]")
		return refused != nil && refused.StatusCode == http.StatusTooManyRequests
	}, 5*time.Second, 5*time.Millisecond)
	require.Equal(t, "1", refused.Header.Get("Retry-After"))
	require.Equal(t, "application/problem+json", refused.Header.Get("Content-Type"))
	close(open)
	all.Wait()
	for _, r := range first {
		require.NotNil(t, r)
		require.Equal(t, http.StatusAccepted, r.StatusCode)
	}
	again := w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", "["+one("a")+","+one("b")+","+one("c")+","+one("x")+"]")
	require.InDelta(t, 3, again.body["duplicates"], 0)
	require.InDelta(t, 1, again.body["accepted"], 0, "nothing of the refused request was kept")
}

// A key that another process revoked is taken for a second at most; one that this process revoked not even that long.
func TestKeys_aRevokedOneEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	event := object{"type": "page_view", "visitor_id": "v-0123456789abcdef0123456789abcdef"}
	found := func(role string) record.Key {
		for _, k := range list(w.admin(http.StatusOK, http.MethodGet, "/v1/keys", nil).body["items"]) {
			if k["role"] == role {
				return record.Key{ID: k["id"].(string)}
			}
		}
		t.Fatal("no key of role " + role)
		return record.Key{}
	}
	site, ops := found(api.RoleSite), found(api.RoleOps)
	for _, role := range []string{api.RoleSite, api.RoleOps} {
		require.Equal(t, http.StatusAccepted, w.as(role, http.MethodPost, "/v1/events", event).StatusCode)
	}
	require.NoError(t, w.store.RevokeKey(t.Context(), site.ID))
	require.Eventually(t, func() bool {
		return w.as(api.RoleSite, http.MethodPost, "/v1/events", event).StatusCode == http.StatusUnauthorized
	}, 5*time.Second, 10*time.Millisecond)
	w.admin(http.StatusNoContent, http.MethodDelete, "/v1/keys/"+ops.ID, nil)
	require.Equal(t, http.StatusUnauthorized, w.as(api.RoleOps, http.MethodPost, "/v1/events", event).StatusCode)
}

// The same request again, under an Idempotency-Key, is answered as it was and not stored again, whatever way the route goes.
func TestEvents_onceUnderAKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "ada@person.example"})
	body := `[{"type":"page_view","email":"ada@person.example"},` + string(bytes.Repeat([]byte(" "), 5<<20)) + `7]` // longer than what is held in memory
	first := w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", body, "Idempotency-Key", "a")
	again := w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", body, "Idempotency-Key", "a")
	require.Equal(t, first.raw, again.raw)
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.InDelta(t, 1, again.body["accepted"], 0)
	r := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/events", body+" ", "Idempotency-Key", "a")
	require.Equal(t, "idempotency_mismatch", r.body["code"])
}

// What a page tells is no word of a mail server's or of sales, and a bad item costs no neighbour.
func TestEvents_aPageKnowsOfPagesOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var items []object
	for _, kind := range person.EventTypes {
		items = append(items, object{"type": kind, "visitor_id": "v-0123456789abcdef0123456789abcdef"})
	}
	r := w.as(api.RoleSite, http.MethodPost, "/v1/events", items)
	require.Equal(t, http.StatusAccepted, r.StatusCode)
	require.InDelta(t, len(person.PageTypes), r.body["accepted"], 0)
	for _, no := range list(r.body["rejected"]) {
		kind := person.EventTypes[int(no["index"].(float64))]
		require.NotContains(t, person.PageTypes, kind)
		require.Equal(t, "unknown_type", no["error"].(object)["code"], kind)
		require.Contains(t, no["error"].(object)["detail"], "by servers")
	}
	require.InDelta(t, len(items), w.as(api.RoleMarketing, http.MethodPost, "/v1/events", items).body["accepted"], 0)
}

// Small bodies that unpack to millions of items are refused without unpacking them all.
func TestEvents_tooManyAreNotCounted(t *testing.T) { // not beside others: it looks at what is allocated
	w := newWorld(t)
	many := "[" + strings.Repeat("0,", 10_000_000) + "0]"
	before := allocated()
	for _, r := range []reply{
		w.admin(http.StatusRequestEntityTooLarge, http.MethodPost, "/v1/events", zipped(t, many), "Content-Encoding", "gzip"),
		w.admin(http.StatusRequestEntityTooLarge, http.MethodPost, "/v1/events", zipped(t, strings.ReplaceAll(many, ",", "\n")), "Content-Encoding", "gzip", "Content-Type", "application/x-ndjson"),
	} {
		require.Equal(t, "too_large", r.body["code"])
		require.Contains(t, r.body["detail"], "5000 events")
	}
	require.Less(t, allocated()-before, uint64(400<<20), "ten million items of a slice each")
	r := w.as(api.RoleSite, http.MethodPost, "/v1/events", "["+strings.Repeat(`{"type":"page_view"},`, 100)+"0]")
	require.Equal(t, http.StatusRequestEntityTooLarge, r.StatusCode)
	require.Contains(t, r.body["detail"], "100 events")
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.String()
}

func TestEvents_aByteOrderMarkMeansNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const one = `{"type":"page_view","visitor_id":"v-0123456789abcdef0123456789abcdef"}`
	for _, media := range []string{"application/json", "application/x-ndjson"} {
		r := w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", "\ufeff"+one, "Content-Type", media)
		require.InDelta(t, 1, r.body["accepted"], 0, media)
	}
}

// awaySecond fails the second transaction.
type awaySecond struct {
	intake.Events
	calls atomic.Int32
}

func (a *awaySecond) Ingest(ctx context.Context, events []record.Event) ([]record.Ingested, error) {
	if a.calls.Add(1) == 2 {
		return nil, record.ErrUnavailable
	}
	return a.Events.Ingest(ctx, events)
}

// What was told to be sent again is stored when it is, also under the same Idempotency-Key.
func TestEvents_whatWasUnavailableIsNotReplayed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *api.Deps) {
		s := d.Reads.(*store.Store)
		d.Intake = intake.New(intake.Deps{Captures: s, Events: &awaySecond{Events: s}, Visitors: s, Hits: s, Imports: s}, intake.Config{})
	})
	w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "ada@person.example"})
	var items []object
	for i := range 600 {
		items = append(items, object{"id": fmt.Sprint(i), "type": "page_view", "email": "ada@person.example"})
	}
	first := w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", items, "Idempotency-Key", "a")
	require.InDelta(t, 500, first.body["accepted"], 0)
	require.Len(t, list(first.body["rejected"]), 100)
	again := w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", items, "Idempotency-Key", "a")
	require.InDelta(t, 100, again.body["accepted"], 0)
	require.InDelta(t, 500, again.body["duplicates"], 0)
	require.Empty(t, again.Header.Get("Idempotency-Replayed"))
	require.Equal(t, "true", w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", items, "Idempotency-Key", "a").Header.Get("Idempotency-Replayed"))
}

// Behind a lead that somebody has locked nobody else waits, and the lead's own events are stored when it is let go.
func TestEvents_aLockedLeadHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"ada", "bob"} {
		w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": name + "@person.example"})
	}
	tx, err := w.store.Pool().Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SELECT FROM leads WHERE email = 'ada@person.example' FOR UPDATE")
	require.NoError(t, err)
	answers := make(chan reply, 1)
	go func() {
		answers <- w.as(api.RoleAdmin, http.MethodPost, "/v1/events", []object{
			{"type": "page_view", "email": "ada@person.example"}, {"type": "page_view", "email": "bob@person.example"},
		})
	}()
	for range 10 {
		require.InDelta(t, 1, w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", object{"type": "page_view", "email": "bob@person.example"}).body["accepted"], 0)
	}
	require.Empty(t, answers)
	require.NoError(t, tx.Rollback(t.Context()))
	require.InDelta(t, 2, (<-answers).body["accepted"], 0)
}
