package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A version is held and let go, with a word on what becomes of the time; what is wrong with it is said.
func TestSequences_areHeldAndLetGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/v1/sequences/welcome/1"
	held := w.admin(http.StatusOK, http.MethodPost, path+"/pause", nil).body
	require.Nil(t, held["ended_at"])
	require.EqualValues(t, 0, held["held_up"])
	r := w.admin(http.StatusUnprocessableEntity, http.MethodPost, path+"/resume", object{"catch_up": "hurry", "spread": "soon"})
	require.ElementsMatch(t, []string{"catch_up", "spread"}, r.fields())
	w.admin(http.StatusUnprocessableEntity, http.MethodPost, path+"/resume", object{"spread": "31d"})
	let := w.admin(http.StatusOK, http.MethodPost, path+"/resume", object{"catch_up": "keep", "spread": "4h"}).body
	require.Equal(t, []any{"keep", "4h"}, []any{let["catch_up"], let["spread"]})
	require.NotNil(t, let["ended_at"])
	for _, verb := range []string{"pause", "resume"} {
		w.admin(http.StatusNotFound, http.MethodPost, "/v1/sequences/welcome/9/"+verb, object{})
		require.Equal(t, http.StatusForbidden, w.as("sales", http.MethodPost, path+"/"+verb, object{}).StatusCode)
	}
}

func TestSequences_sayWhoIsInsideAndWhatBecomesOfThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := w.admin(http.StatusOK, http.MethodGet, "/v1/sequences/welcome/1/inside", nil).body
	require.EqualValues(t, 0, in["leads"])
	require.Empty(t, in["steps"])
	w.admin(http.StatusNotFound, http.MethodGet, "/v1/sequences/welcome/9/inside", nil)
	r := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/sequences/welcome/1/publish", object{"inside": "vanish"})
	require.Equal(t, []string{"inside"}, r.fields())
	require.Equal(t, "published", w.admin(http.StatusOK, http.MethodPost, "/v1/sequences/welcome/1/publish", object{"inside": "move"}).body["state"])
}
