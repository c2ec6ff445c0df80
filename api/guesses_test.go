package api_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
)

// Who tries keys that are none has to wait, wherever they try them; who has a key that is one goes on, also from the same address.
func TestKeys_guessesAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *api.Deps) {
		d.Limits = api.Limits{Guesses: 1, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	})
	asked := 0
	guess := func(from string) reply {
		asked++
		return w.as("", http.MethodGet, "/v1/leads", nil, "X-Forwarded-For", from, "Authorization", fmt.Sprintf("Bearer lf_%040d", asked))
	}
	w.admin(200, http.MethodGet, "/v1/leads", nil)
	statuses := map[int]int{}
	for range 40 {
		r := guess("198.51.100.7")
		statuses[r.StatusCode]++
		if r.StatusCode == 429 {
			require.Equal(t, "too_many_guesses", r.body["code"])
			require.NotEmpty(t, r.Header.Get("Retry-After"))
		}
	}
	require.GreaterOrEqual(t, statuses[401], 10)
	require.GreaterOrEqual(t, statuses[429], 20, "%v", statuses)
	require.Equal(t, 401, guess("198.51.100.8").StatusCode, "another address has its own")
	require.Equal(t, 200, w.as(api.RoleAdmin, http.MethodGet, "/v1/leads", nil, "X-Forwarded-For", "198.51.100.7").StatusCode, "a key that is known here goes on")
}
