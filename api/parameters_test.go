package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A parameter that a route does not know is named, with those that it knows; its value is not. Websites send along what they like.
func TestParameters_thatNobodyKnowsAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.admin(400, http.MethodGet, "/v1/leads?stages=Zyzzx&owner=&limt=5&limit=5", nil)
	require.Equal(t, "unknown_parameter", r.body["code"])
	require.Equal(t, []string{"limt", "stages"}, r.fields())
	require.Contains(t, r.raw, "it takes limit, cursor, stage, owner, band, source, q")
	require.NotContains(t, r.raw, "Zyzzx")
	require.Equal(t, []string{"(unreadable)"}, w.admin(400, http.MethodGet, "/v1/teams?%3Cb%3E=1", nil).fields())
	for _, path := range []string{"/v1/reps", "/v1/audit", "/v1/outcomes", "/v1/mails", "/v1/webhooks", "/v1/policies", "/v1/routes", "/v1/bulk", "/v1/keys"} {
		w.admin(200, http.MethodGet, path+"?limit=5", nil)
		require.Equal(t, []string{"nothing_such"}, w.admin(400, http.MethodGet, path+"?nothing_such=1&limit=5", nil).fields(), path)
	}
	ada := w.lead("ada@person.example")
	w.admin(400, http.MethodGet, "/v1/leads/"+ada+"?verbose=1", nil)
	require.Equal(t, 200, w.as("", http.MethodGet, "/lf.js?utm_source=x", nil).StatusCode)
}
