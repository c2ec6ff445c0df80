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

const learned = `{"target": "(won)", "outcomes": 200, "positive": 50, "intercept": -1, "features": [
	{"field": "industry", "levels": [{"value": "Software", "weight": 2}], "other": -1, "missing": -0.5}], "calibration": {"method": "platt", "b": 1}}`

const cardOfIt = `{"rows": 200, "converted": 50, "reference": {"features": []}, "cross_validation": {"auc": {"value": 0.8, "low": 0.7, "high": 0.9}}}`

func kept(card string) object {
	return object{"predictor": json.RawMessage(learned), "card": json.RawMessage(card), "origin": "leads", "note": "first year"}
}

func TestPredictors_areKeptAndUsedByTheModel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/v1/predictors"
	require.Equal(t, http.StatusForbidden, w.as(api.RoleSales, http.MethodPost, path, kept(cardOfIt)).StatusCode)
	for want, body := range map[string]object{
		"card":               kept(strings.Replace(cardOfIt, `"rows": 200`, `"rows": 201`, 1)),
		"predictor.outcomes": {"predictor": json.RawMessage(strings.Replace(learned, "200", "99", 1)), "card": json.RawMessage(cardOfIt)},
		"predictor.typo":     {"predictor": json.RawMessage(`{"typo": 1}`), "card": json.RawMessage(cardOfIt)},
		"origin":             {"predictor": json.RawMessage(learned), "card": json.RawMessage(cardOfIt), "origin": "hearsay"},
	} {
		bad := w.admin(http.StatusUnprocessableEntity, http.MethodPost, path, body)
		require.Contains(t, bad.fields(), want)
	}
	made := w.as(api.RoleMarketing, http.MethodPost, path, kept(cardOfIt))
	require.Equal(t, http.StatusCreated, made.StatusCode, made.raw)
	require.Equal(t, "1 off marketing 200 first year <nil>", fmt.Sprint(made.body["version"], " ", made.body["use"], " ", made.body["author"], " ", made.body["outcomes"], " ", made.body["note"], " ", made.body["state"]))
	require.NotEmpty(t, made.body["card"])

	lead := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "zyxada@example.com", "profile": object{"industry": "software"}}).body["id"].(string)
	was := w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+lead+"/score", nil).body
	require.NotContains(t, was, "prediction")
	w.admin(http.StatusNotFound, http.MethodPost, path+"/9/use", object{"use": "shadow"})
	require.Contains(t, w.admin(http.StatusUnprocessableEntity, http.MethodPost, path+"/1/use", object{"use": "axis"}).fields(), "predictive.points")
	require.Contains(t, w.admin(http.StatusUnprocessableEntity, http.MethodPost, path+"/1/use", object{"use": "perhaps"}).fields(), "predictive.use")

	before := w.admin(http.StatusOK, http.MethodGet, "/v1/models?limit=1", nil).body["items"].([]any)[0].(object)
	m := w.admin(http.StatusOK, http.MethodPost, path+"/1/use", object{"use": "axis", "points": 40})
	require.Equal(t, "published", m.body["state"])
	require.Equal(t, "model 1 with predictor 1: axis", m.body["note"])
	require.Contains(t, m.body["source"], `"version": 1`)
	require.NotContains(t, m.body["source"], `"intercept"`, "what is stored is named in what people read")
	require.True(t, strings.HasPrefix(m.body["source"].(string), strings.TrimRight(before["source"].(string), "\n")), "all else is as it was written")
	got := w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+lead+"/score", nil).body
	require.InDelta(t, 40*0.731059, got["fit"].(float64)-was["fit"].(float64), 1e-3)
	p := got["prediction"].(object)
	require.InDelta(t, 0.731059, p["probability"], 1e-6)
	require.Equal(t, "industry is Software", p["reasons"].([]any)[0].(object)["why"])
	listed := w.admin(http.StatusOK, http.MethodGet, path, nil).body["items"].([]any)[0].(object)
	require.Equal(t, "axis", listed["use"])
	require.NotContains(t, listed, "card")

	w.admin(http.StatusOK, http.MethodPost, path+"/1/use", object{"use": "off"})
	require.Equal(t, "off", w.admin(http.StatusOK, http.MethodGet, path+"/1", nil).body["use"])
	got = w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+lead+"/score", nil).body
	require.Equal(t, was["fit"], got["fit"], "rules go on scoring")
	w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/models", object{"source": "predictive: {use: shadow, version: 7}\n"})
	w.admin(http.StatusUnprocessableEntity, http.MethodGet, "/v1/predictor-health?predictor=0", nil)
}
