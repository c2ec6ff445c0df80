package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReports_sayWhenThereIsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	none := w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/funnel?compare=true&by=week", nil)
	require.Equal(t, "no lead began in this period", none.body["says"])
	require.Equal(t, "lead", none.body["per"])
	require.Len(t, none.body["total"].(map[string]any)["steps"], 5)
	require.NotNil(t, none.body["before"])
	require.Empty(t, none.body["items"])
	none = w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/velocity", nil)
	require.Equal(t, "nobody who began in this period was won yet", none.body["says"])
	require.Len(t, none.body["spans"], 8)
	none = w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/sources", nil)
	require.Equal(t, "no lead began in this period", none.body["says"])
	for _, bad := range []string{
		"funnel?by=moon", "funnel?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "funnel?per=moon", "velocity?rep_id=x", "sources?by=week", "sources?model=-1",
		"leads?figure=moon", "leads?key=web", "leads?cursor=nonsense",
	} {
		require.Equal(t, http.StatusUnprocessableEntity, w.as("sales", http.MethodGet, "/v1/analytics/"+bad, nil).StatusCode, bad)
	}
}

func TestReports_openAFigure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", map[string]any{"email": "ada@example.com", "source": map[string]any{"channel": "web", "campaign": "spring"}})
	var items []any
	require.Eventually(t, func() bool { // transactions of other tests may have to end first
		_, err := w.store.FoldJourneys(t.Context())
		items = w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/funnel?by=campaign", nil).body["items"].([]any)
		return err == nil && len(items) == 1
	}, time.Minute, 10*time.Millisecond)
	require.Equal(t, "spring", items[0].(map[string]any)["key"])
	page := w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/leads?by=campaign&key=spring&figure=open", nil)
	require.Len(t, page.body["items"], 1)
	require.Equal(t, "web", page.body["items"].([]any)[0].(map[string]any)["source"])
	page = w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/leads?figure=won", nil)
	require.Empty(t, page.body["items"])
}

func TestCosts_areSaidReplacedAndTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cost := map[string]any{"source": "web", "from": "2026-03-01", "to": "2026-03-31", "amount": "120.5", "currency": "EUR"}
	first := w.admin(http.StatusOK, http.MethodPost, "/v1/costs", cost)
	require.Equal(t, "120.50", first.body["amount"])
	cost["amount"], cost["note"] = 99, "after the discount"
	again := w.admin(http.StatusOK, http.MethodPost, "/v1/costs", cost)
	require.Equal(t, first.body["id"], again.body["id"])
	listed := w.admin(http.StatusOK, http.MethodGet, "/v1/costs", nil).body["items"].([]any)
	require.Len(t, listed, 1)
	require.Equal(t, "99.00", listed[0].(map[string]any)["amount"])
	id := first.body["id"].(string)
	w.admin(http.StatusNoContent, http.MethodDelete, "/v1/costs/"+id, nil)
	require.Equal(t, http.StatusNotFound, w.as("admin", http.MethodDelete, "/v1/costs/"+id, nil).StatusCode)
	for _, bad := range []map[string]any{
		{"source": "We b"}, {"from": "yesterday"}, {"to": "2026-02-01"}, {"amount": -1}, {"amount": "1.234"}, {"currency": "XXX"}, {"note": string(make([]byte, 201))},
	} {
		body := map[string]any{"source": "web", "from": "2026-03-01", "to": "2026-03-31", "amount": "1", "currency": "EUR"}
		for field, value := range bad {
			body[field] = value
		}
		require.Equal(t, http.StatusUnprocessableEntity, w.as("admin", http.MethodPost, "/v1/costs", body).StatusCode, bad)
	}
	require.Equal(t, http.StatusForbidden, w.as("sales", http.MethodPost, "/v1/costs", cost).StatusCode)
}
