package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func TestPerformance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.as("sales", http.MethodGet, "/v1/models/1/performance", nil)
	require.Equal(t, http.StatusOK, got.StatusCode)
	require.Equal(t, []any{1.0, 1.0, "offer", 90.0, 0.0}, []any{got.body["model"], got.body["published"], got.body["decision"], got.body["mature_days"], got.body["used"]})
	require.Contains(t, got.raw, "no decision has an outcome yet")
	require.Contains(t, got.raw, `"auc":null`)
	for _, bad := range []string{"decision=moon", "mature_days=-1", "from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from=yesterday"} {
		require.Equal(t, http.StatusUnprocessableEntity, w.as("sales", http.MethodGet, "/v1/models/1/performance?"+bad, nil).StatusCode, bad)
	}
	for _, path := range []string{"/v1/models/99/performance", "/v1/models/99/performance?progress=true"} {
		require.Equal(t, http.StatusNotFound, w.as("sales", http.MethodGet, path, nil).StatusCode, path)
	}

	lines := w.as("marketing", http.MethodGet, "/v1/models/1/performance?progress=true&mature_days=30&only_mature=true", nil)
	require.Equal(t, http.StatusOK, lines.StatusCode)
	require.Equal(t, "application/x-ndjson", lines.Header.Get("Content-Type"))
	all := strings.Split(strings.TrimSpace(lines.raw), "\n")
	var last struct{ Performance record.Performance }
	require.NoError(t, json.Unmarshal([]byte(all[len(all)-1]), &last))
	require.Equal(t, []int{1, 30}, []int{last.Performance.Model, last.Performance.MatureDays})
	require.Contains(t, all[0], `"done":0`)
}

func TestScoreSeries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", map[string]any{"email": "ada@example.com"}).body["id"].(string)
	got := w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+lead+"/score/series?points=3&from=2026-01-01T00:00:00Z", nil)
	require.Len(t, got.body["items"], 3)
	require.Equal(t, "not_known_yet", got.body["unknown"].([]any)[0].(map[string]any)["code"])
	require.Len(t, w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+lead+"/score/series", nil).body["items"], 60)
	score := w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+lead+"/score?at=2026-01-01T00:00:00Z", nil)
	require.Contains(t, score.raw, "nothing was known of the lead before")
	require.NotContains(t, w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+lead+"/score", nil).raw, "unknown")
	for _, bad := range []string{"points=1", "points=501", "model=0", "from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z"} {
		require.Equal(t, http.StatusUnprocessableEntity, w.as("sales", http.MethodGet, "/v1/leads/"+lead+"/score/series?"+bad, nil).StatusCode, bad)
	}
	require.Equal(t, http.StatusNotFound, w.as("sales", http.MethodGet, "/v1/leads/"+lead+"/score/series?model=99", nil).StatusCode)
}
