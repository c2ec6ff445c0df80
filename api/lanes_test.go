package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Lanes are held and released by path; a dry run changes nothing; what does not exist is said.
func TestLanes_areHeldAndReleased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "ada@example.com"})
	held := func() (names []string) {
		for _, item := range w.admin(http.StatusOK, http.MethodGet, "/v1/lanes", nil).body["items"].([]any) {
			if l := item.(object); l["held_at"] != nil {
				require.Equal(t, "operator", l["why"])
				names = append(names, l["lane"].(string))
			}
		}
		return names
	}
	require.Empty(t, held())
	w.admin(http.StatusOK, http.MethodPost, "/v1/lanes/bulk/hold", nil)
	require.Equal(t, []string{"bulk"}, held())
	w.admin(http.StatusOK, http.MethodPost, "/v1/lanes/all/hold", nil)
	require.Equal(t, []string{"outbox", "alert", "bulk", "webhook"}, held())
	dry := w.admin(http.StatusOK, http.MethodPost, "/v1/lanes/all/release", object{"dry_run": true})
	outbox := dry.body["items"].([]any)[0].(object)
	require.Equal(t, true, dry.body["dry_run"])
	require.EqualValues(t, 1, outbox["goes_out"].([]any)[0].(object)["n"])
	require.Empty(t, outbox["parked"])
	require.Len(t, held(), 4)
	w.admin(http.StatusOK, http.MethodPost, "/v1/lanes/outbox/release", object{})
	require.Equal(t, []string{"alert", "bulk", "webhook"}, held())
	w.admin(http.StatusOK, http.MethodPost, "/v1/lanes/all/release", object{"sent_until": "2026-03-01T09:00:00Z"})
	require.Empty(t, held())
	r := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/lanes/all/release", object{"sent_until": "yesterday"})
	require.Equal(t, []string{"sent_until"}, r.fields())
}

func TestLanes_thatDoNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/v1/lanes/fast/hold", "/v1/lanes/fast/release"} {
		status := w.as("admin", http.MethodPost, path, object{}).StatusCode
		require.Contains(t, []int{http.StatusNotFound, http.StatusUnprocessableEntity}, status, path)
	}
}
