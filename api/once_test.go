package api_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
)

func TestIdempotency_statusAndHeadersComeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := object{"email": "ada@person.example"}
	first := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", body, "Idempotency-Key", "a")
	w.admin(http.StatusOK, http.MethodPatch, first.Header.Get("Location"), object{"profile": object{"city": "Ulm"}})
	again := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", body, "Idempotency-Key", "a")
	require.Equal(t, first.raw, again.raw, "as it was answered, whatever happened since")
	for _, name := range []string{"Location", "Content-Type"} {
		require.Equal(t, first.Header.Get(name), again.Header.Get(name))
	}
	require.NotEqual(t, first.Header.Get("X-Request-Id"), again.Header.Get("X-Request-Id"))

	note := first.Header.Get("Location") + "/notes"
	w.admin(http.StatusCreated, http.MethodPost, note, object{"text": "one"}, "Idempotency-Key", "a")
	w.admin(http.StatusCreated, http.MethodPost, note, object{"text": "one"}, "Idempotency-Key", "a")
	kinds := 0
	for _, item := range list(w.admin(http.StatusOK, http.MethodGet, first.Header.Get("Location")+"/timeline", nil).body["items"]) {
		if item["kind"] == "noted" {
			kinds++
		}
	}
	require.Equal(t, 1, kinds, "a route has its own keys, and a note is written once")
}

// What is refused for good is stored as well; what may go better the next time is not.
func TestIdempotency_whatIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rep := object{"name": "Ann", "email": "ann@sales.example"}
	w.admin(http.StatusCreated, http.MethodPost, "/v1/reps", rep)
	taken := w.admin(http.StatusConflict, http.MethodPost, "/v1/reps", rep, "Idempotency-Key", "a")
	again := w.admin(http.StatusConflict, http.MethodPost, "/v1/reps", rep, "Idempotency-Key", "a")
	require.Equal(t, taken.raw, again.raw)
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	mismatch := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/reps", object{"name": "B", "email": "b@sales.example"}, "Idempotency-Key", "a")
	require.Equal(t, "idempotency_mismatch", mismatch.body["code"])
	for _, key := range []string{"\xff\xfe", "ключ", string(make([]byte, 0, 1)) + fmt.Sprintf("%0256d", 1)} {
		r := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/reps", rep, "Idempotency-Key", key)
		require.Equal(t, []string{"Idempotency-Key"}, r.fields())
	}
	query := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/reps?x=1", rep, "Idempotency-Key", "a")
	require.Equal(t, "idempotency_mismatch", query.body["code"], "what stands in the query is asked as well")

	// Other methods are what they are, however often.
	w.admin(http.StatusOK, http.MethodGet, "/v1/reps", nil, "Idempotency-Key", "a")
}

func TestIdempotency_ofManyAtOnceOneRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "ada@person.example"}).body["id"].(string)
	var all sync.WaitGroup
	status := make([]int, 20)
	codes := make([]any, 20)
	for i := range status {
		all.Go(func() {
			r := w.as(api.RoleSales, http.MethodPost, "/v1/leads/"+id+"/notes", object{"text": "once"}, "Idempotency-Key", "a")
			status[i], codes[i] = r.StatusCode, r.body["code"]
		})
	}
	all.Wait()
	for i := range status {
		if status[i] != http.StatusCreated {
			require.Equal(t, http.StatusConflict, status[i])
			require.Equal(t, "idempotency_in_progress", codes[i])
		}
	}
	require.Equal(t, 2, len(list(w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+id+"/timeline", nil).body["items"])), "captured, and one note")
}
