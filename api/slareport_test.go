package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSLAReport_saysWhenThereIsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	none := w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/sla", nil)
	require.Equal(t, "no offer with a deadline was made in this period", none.body["says"])
	require.Empty(t, none.body["items"])
	require.Equal(t, "team", none.body["by"])
	require.Equal(t, http.StatusOK, w.as("sales", http.MethodGet, "/v1/analytics/sla?by=rep&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z", nil).StatusCode)
	for _, bad := range []string{"?by=moon", "?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "?from=2020-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "?rep_id=x"} {
		require.Equal(t, http.StatusUnprocessableEntity, w.as("sales", http.MethodGet, "/v1/analytics/sla"+bad, nil).StatusCode, bad)
	}
}
