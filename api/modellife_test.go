package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
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

	// Properties that no event has are told as fields are that no lead has.
	seen := w.admin(http.StatusCreated, http.MethodPost, "/v1/models", object{"source": "engagement:\n  - {id: a, on: page_view, points: 100, where: [{field: seconds, range: [5, 60]}]}\n"})
	require.Contains(t, seen.raw, `"path":"engagement[0].where[0].field","line":2`)
	require.Contains(t, seen.raw, "page_view events of the newest 2000 leads has seconds, so this never holds")
}

// In a house in which no model is published, what needs one says so.
func TestModels_noneIsPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "none@six.example"}).body["id"].(string)
	w.admin(http.StatusCreated, http.MethodPost, "/v1/models", object{"source": pointsOfVisits})
	w.admin(http.StatusCreated, http.MethodPost, "/v1/predictors", kept(cardOfIt))
	require.Equal(t, 1, w.count("WITH gone AS (UPDATE models SET state = 'retired' WHERE state = 'published' RETURNING 1) SELECT count(*) FROM gone"))
	for path, want := range map[string]int{
		"POST /v1/models/2/preview": http.StatusConflict, "GET /v1/models/2/preview": http.StatusNotFound, "POST /v1/predictors/1/use": http.StatusConflict,
		"GET /v1/models/2/performance": http.StatusOK, "GET /v1/models/2/check": http.StatusOK, "POST /v1/models/2/publish?dry_run=true": http.StatusOK,
		"GET /v1/leads/" + lead + "/score": http.StatusServiceUnavailable, "GET /v1/leads/" + lead + "/score?model=2": http.StatusServiceUnavailable,
		"GET /v1/leads/" + lead + "/score/series": http.StatusServiceUnavailable, "GET /v1/predictors": http.StatusOK,
	} {
		method, path, _ := strings.Cut(path, " ")
		var body any
		if strings.HasSuffix(path, "/use") {
			body = object{"use": "shadow"}
		}
		r := w.as(api.RoleAdmin, method, path, body)
		require.Equal(t, want, r.StatusCode, "%s: %s", path, r.raw)
		if want >= http.StatusConflict {
			require.Equal(t, "no_model", r.body["code"], r.raw)
		}
	}
	w.admin(http.StatusOK, http.MethodPost, "/v1/models/2/publish", nil)
	w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+lead+"/score", nil)
}

// Names, notes, documents and numbers that are meant to break something are taken or refused, and what was taken still answers.
func TestModels_hostileDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "hostile@six.example", "profile": object{"custom": object{"x": 1.7e308}}}).body["id"].(string)
	rule := func(more string) string {
		return `{"engagement":[{"id":"a","on":"chat","points":100` + more + `}]}`
	}
	for _, source := range []string{
		rule(`,"where":[{"field":"x","equals":"\u0000leak-me"}]`), rule(`,"where":[{"field":"x\u0000","present":true}]`), rule(`,"where":[{"field":"x","equals":1e308}]`),
		rule(`,"where":[{"field":"x","range":[-1e308,1e308]}]`), rule(`,"cap":1e400`), rule(`,"where":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000)),
		`{"engagement":[` + strings.Repeat(`{"id":"a","on":"chat","points":1},`, 6000) + `{}]}`, "engagement:\n  - {id: a, on: chat, points: .nan}\n", "engagement: [[[[", "{}", "null", "[]", "7", "\u202e",
		`{"fit":[{"id":"f","field":"custom.` + strings.Repeat("x", 50_000) + `","present":true,"points":100}]}`, rule(`,"half_life":"1e308d"`), "predictive: {use: axis, points: 1e308, version: 1}",
	} {
		r := w.refusesWell(http.MethodPost, "/v1/models", string(jsonOf(t, object{"source": source})))
		require.Less(t, len(r.raw), 300_000, "%.80s", source)
		if r.StatusCode != http.StatusCreated {
			continue
		}
		at := fmt.Sprintf("/v1/models/%v", r.body["version"])
		for _, path := range []string{"/check", "/diff", "/performance"} {
			w.admin(http.StatusOK, http.MethodGet, at+path, nil)
		}
		w.admin(http.StatusAccepted, http.MethodPost, at+"/preview", nil)
		_, err := w.store.PreviewModel(t.Context())
		require.NoError(t, err)
		require.Equal(t, "done", w.admin(http.StatusOK, http.MethodGet, at+"/preview", nil).body["state"])
		w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+lead+"/score?model="+fmt.Sprint(r.body["version"]), nil)
	}
	for note, status := range map[string]int{
		"fine": http.StatusCreated, "\u202e\n": http.StatusCreated, "\u0000leak-me": http.StatusUnprocessableEntity, strings.Repeat("leak-me", 2000): http.StatusUnprocessableEntity,
	} {
		require.Equal(t, status, w.refusesWell(http.MethodPost, "/v1/models", string(jsonOf(t, object{"source": pointsOfVisits, "note": note}))).StatusCode)
	}
	// Predictors: what is valid JSON all the way down, and means harm.
	predictor := func(feature, card string) string {
		return `{"predictor":{"target":"won","outcomes":200,"positive":50,"intercept":0,"features":[` + feature + `],"calibration":{"method":"platt","b":1}},"card":{"rows":200,"converted":50,"reference":{"features":[]}` + card + `}}`
	}
	level := `{"field":"custom.x","levels":[{"value":"a","weight":1}],"other":0,"missing":0}`
	used := 0
	for _, body := range []string{
		predictor(level, ""), predictor(strings.Replace(level, `"a"`, `"\u0000leak-me"`, 1), ""), predictor(strings.Replace(level, "custom.x", `custom.\u0000leak-me`, 1), ""),
		predictor(strings.Replace(level, `"weight":1`, `"weight":1e308`, 1), ""), predictor(level, `,"x":"\u0000leak-me"`), predictor(level, `,"x":1e400`), predictor(level, `,"x":1e200000`),
		predictor(level, `,"x":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)), predictor(strings.Replace(level, "custom.x", "nobody_knows", 1), ""),
		predictor(strings.Repeat(`{"field":"custom.x","levels":[],"other":0,"missing":0},`, 10_000)+level, ""),
		predictor(`{"field":"custom.x","curve":[{"at":-1.7e308,"value":-100},{"at":1.7e308,"value":100}],"other":0,"missing":0}`, ""),
		predictor(`{"field":"custom.x","curve":[{"at":-1e99,"value":-100},{"at":1e99,"value":100}],"other":0,"missing":0}`, ""),
		predictor(`{"field":"custom.x","curve":[{"at":5,"value":1},{"at":4,"value":1}],"other":0,"missing":0}`, ""),
	} {
		r := w.refusesWell(http.MethodPost, "/v1/predictors", body)
		require.Less(t, len(r.raw), 300_000)
		if r.StatusCode != http.StatusCreated {
			continue
		}
		at := fmt.Sprintf("/v1/predictors/%v", r.body["version"])
		w.admin(http.StatusOK, http.MethodGet, at, nil)
		if use := w.refusesWell(http.MethodPost, at+"/use", `{"use":"axis","points":40,"note":"\u202e"}`); use.StatusCode == http.StatusOK {
			used++
			score := w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+lead+"/score", nil).body
			require.GreaterOrEqual(t, score["prediction"].(object)["probability"], 0.0)
		}
	}
	require.GreaterOrEqual(t, used, 2)
	score := "/v1/leads/" + lead + "/score"
	for _, at := range []string{"0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "-1", "NaN", "2026-02-30T00:00:00Z"} {
		for _, path := range []string{score + "?model=1&at=", score + "/series?points=1000&from=", score + "/series?to="} {
			w.refusesWell(http.MethodGet, path+at, nil)
		}
	}
	for _, model := range []string{"0", "-1", "2147483648", "1e308", "NaN", "99999"} {
		for _, path := range []string{
			score + "?model=", score + "/series?model=", score + "/series?points=", "/v1/predictors/", "/v1/predictor-health?predictor=", "/v1/analytics/rules?model=", "/v1/analytics/funnel?model=",
		} {
			w.refusesWell(http.MethodGet, path+model, nil)
		}
		w.refusesWell(http.MethodGet, "/v1/models/"+model+"/performance", nil)
	}
}

func jsonOf(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return raw
}
