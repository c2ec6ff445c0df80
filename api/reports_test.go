package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
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
	none = w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/velocity?compare=true", nil)
	require.Len(t, none.body["before"].(map[string]any)["spans"], 8)
	require.Equal(t, "nobody who began in this period was won yet", none.body["says"])
	require.Len(t, none.body["spans"], 8)
	none = w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/sla?compare=true&persona=buyer", nil)
	require.NotNil(t, none.body["before"])
	none = w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/sources?compare=true", nil)
	require.NotNil(t, none.body["before"])
	require.Equal(t, "no lead began in this period", none.body["says"])
	for _, bad := range []string{
		"funnel?by=moon", "funnel?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "funnel?per=moon", "velocity?rep_id=x", "sources?by=week", "sources?model=-1",
		"leads?figure=moon", "leads?key=web", "leads?cursor=nonsense", "leads?counted=moon", "leads?figure=won_by&age=-1",
		"sources/leads?by=week", "sources/leads?cursor=nonsense", "offers?figure=moon", "offers?key=web", "engagement?per=moon",
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

// Every figure that the API can be asked to open is one that the store knows.
func TestReports_openWhatTheySay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, figure := range record.JourneyFigures {
		for _, counted := range record.Counted {
			w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/leads?by=persona&age=3&figure="+figure+"&counted="+counted, nil)
		}
	}
	for _, figure := range record.OfferFigures {
		w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/offers?due=true&by=week&figure="+figure, nil)
	}
	for _, by := range record.FunnelBy {
		w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/funnel?per=cycle&by="+by, nil)
		w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/engagement?per=cycle&by="+by, nil)
	}
	for _, by := range record.SLABy {
		w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/sla?by="+by, nil)
	}
	w.admin(http.StatusOK, http.MethodGet, "/v1/analytics/sources/leads?key=web", nil)
}

func TestCosts_areImported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := func(body string) reply {
		return w.as("marketing", http.MethodPost, "/v1/costs/import", body, "Content-Type", "text/csv")
	}
	r := post("\ufeffSource,From,To,Amount,Currency,Note\nweb,2026-03-01,2026-03-31,120.5,EUR,=1+1\nads,2026-03-01,,7,EUR,\nWe b,2026-03-01,,7,EUR,\nads,2026-03-02,,many,EUR,\n")
	require.Equal(t, http.StatusOK, r.StatusCode, r.raw)
	require.Equal(t, []any{2.0, 0.0, 2.0}, []any{r.body["added"], r.body["known"], r.body["rejected"]})
	for i, want := range [][2]any{{4.0, "source"}, {5.0, "amount"}} {
		got := r.body["errors"].([]any)[i].(map[string]any)
		require.Equal(t, want, [2]any{got["row"], got["field"]})
	}
	require.NotContains(t, r.raw, "many")
	r = post("source;from;amount;currency\nads;2026-03-01;9;EUR\n")
	require.Equal(t, []any{0.0, 1.0, 0.0}, []any{r.body["added"], r.body["known"], r.body["rejected"]})
	listed := w.admin(http.StatusOK, http.MethodGet, "/v1/costs", nil).body["items"].([]any)
	require.Len(t, listed, 2)
	require.Equal(t, http.StatusBadRequest, post("name,age\nada,3\n").StatusCode)
	require.Equal(t, http.StatusBadRequest, post("source,from,amount,currency\nads,\"2026").StatusCode)
	require.Equal(t, http.StatusRequestEntityTooLarge, post("source,from,amount,currency\n"+strings.Repeat("ads,2026-03-01,1,EUR\n", 10_001)).StatusCode)
	require.Equal(t, http.StatusForbidden, w.as("sales", http.MethodPost, "/v1/costs/import", "source", "Content-Type", "text/csv").StatusCode)
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
