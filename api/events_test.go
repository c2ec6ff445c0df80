package api_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
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
		Reads: s, People: s, Team: s, Documents: s, Keys: s, Webhooks: s, Answers: s, Imports: s, Log: slog.New(slog.DiscardHandler),
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
