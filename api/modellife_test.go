package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

const pointsOfVisits = "mql: {score: 20}\nbands: {hot: 20, warm: 10, hysteresis: 1}\nfit:\n  - {id: budget, field: custom.budget, present: true, points: 5}\n" +
	"engagement:\n  - {id: visit, on: page_view, points: 5}\n"

// A model is written, checked, compared, tried, published, rolled back and put away.
func TestModels_liveFromDraftToRetired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "life@six.example", "profile": object{"title": "Head"}}).body["id"].(string)
	w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", object{"lead_id": lead, "type": "page_view"})
	made := w.admin(http.StatusCreated, http.MethodPost, "/v1/models", object{"source": pointsOfVisits, "note": "visits count"})
	warnings := made.body["warnings"].([]any)
	require.Len(t, warnings, 1)
	require.Equal(t, "fit[0].field", warnings[0].(object)["path"])
	require.InDelta(t, 4, warnings[0].(object)["line"], 0)
	require.Contains(t, warnings[0].(object)["why"], "custom.budget, so this never holds")
	require.Len(t, w.admin(http.StatusOK, http.MethodGet, "/v1/models/2/check", nil).body["warnings"], 1)

	first := w.admin(http.StatusOK, http.MethodGet, "/v1/models/1/diff", nil).body
	require.Equal(t, []any{nil, []any{}}, []any{first["against"], first["differences"]})
	diff := w.admin(http.StatusOK, http.MethodGet, "/v1/models/2/diff", nil).body
	require.InDelta(t, 1, diff["against"], 0)
	require.Equal(t, "visits count", diff["note"])
	require.Contains(t, diff["differences"], any(object{"part": "engagement", "id": "visit", "kind": "added", "words": "5 points for page_view"}))
	w.admin(http.StatusUnprocessableEntity, http.MethodGet, "/v1/models/2/diff?against=99", nil)
	require.Equal(t, []any{}, w.admin(http.StatusOK, http.MethodGet, "/v1/models/2/diff?against=2", nil).body["differences"])

	w.admin(http.StatusNotFound, http.MethodGet, "/v1/models/2/preview", nil)
	w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/models/2/preview", object{"weeks": 53})
	begun := w.admin(http.StatusAccepted, http.MethodPost, "/v1/models/2/preview", nil)
	require.Equal(t, []any{"queued", 8.0}, []any{begun.body["state"], begun.body["weeks"]})
	require.Equal(t, "/v1/models/2/preview", begun.Header.Get("Location"))
	_, err := w.store.PreviewModel(t.Context())
	require.NoError(t, err)
	preview := w.admin(http.StatusOK, http.MethodGet, "/v1/models/2/preview", nil).body
	require.Equal(t, "done", preview["state"])
	require.InDelta(t, 1, preview["result"].(object)["leads"], 0)
	over := w.admin(http.StatusConflict, http.MethodPost, "/v1/models/2/preview/cancel", nil)
	require.Equal(t, "preview_over", over.body["code"])

	w.admin(http.StatusNotFound, http.MethodGet, "/v1/models/2/shadow", nil)
	w.admin(http.StatusOK, http.MethodPost, "/v1/models/2/shadow", nil)
	w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", []object{{"lead_id": lead, "type": "page_view"}, {"lead_id": lead, "type": "page_view"}, {"lead_id": lead, "type": "page_view"}})
	along := w.admin(http.StatusOK, http.MethodGet, "/v1/models/2/shadow", nil).body
	require.Equal(t, []any{1.0, "shadow"}, []any{along["leads"], along["calls"].([]any)[0].(object)["by"]})
	calls := w.admin(http.StatusOK, http.MethodGet, "/v1/models/2/shadow/calls?lead_id="+lead, nil).body["items"].([]any)
	require.Len(t, calls, 1)
	require.InDelta(t, 20, calls[0].(object)["shadow_score"], 0)
	taken := w.admin(http.StatusConflict, http.MethodPost, "/v1/models/1/shadow", nil)
	require.Equal(t, "model_published", taken.body["code"])

	plan := w.admin(http.StatusOK, http.MethodPost, "/v1/models/2/publish?dry_run=true", nil).body
	require.Equal(t, "draft", plan["state"])
	require.Equal(t, object{"replaces": 1.0, "rolls_back": false, "leads": 1.0, "offers": 0.0, "dry_run": true}, plan["publication"])
	published := w.admin(http.StatusOK, http.MethodPost, "/v1/models/2/publish", nil).body
	require.Equal(t, "published", published["state"])
	require.Equal(t, "published", w.admin(http.StatusOK, http.MethodGet, "/v1/models/2/shadow", nil).body["why"])
	back := w.admin(http.StatusOK, http.MethodPost, "/v1/models/1/publish", nil).body
	require.Equal(t, true, back["publication"].(object)["rolls_back"])
	w.admin(http.StatusConflict, http.MethodPost, "/v1/models/1/retire", nil)
	require.Equal(t, "retired", w.admin(http.StatusOK, http.MethodPost, "/v1/models/2/retire", nil).body["state"])
	w.admin(http.StatusNotFound, http.MethodPost, "/v1/models/2/shadow/end", nil)
	require.Equal(t, http.StatusForbidden, w.as("sales", http.MethodPost, "/v1/models/2/publish", nil).StatusCode)
	doubtful := w.admin(http.StatusCreated, http.MethodPost, "/v1/models", object{"source": "engagement:\n  - {id: a, on: page_view, points: 10, cap: 5}\n"})
	require.Len(t, doubtful.body["warnings"], 2, "a cap and a threshold")
	require.Contains(t, doubtful.raw, `"line":2`)
	require.Contains(t, doubtful.raw, "make the cap 10")
}
