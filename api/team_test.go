package api_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func TestTeam_isMadeChangedAndListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cal := w.admin(http.StatusCreated, http.MethodPost, "/v1/calendars", object{"name": "berlin", "spec": object{"time_zone": "Europe/Berlin", "weekly": object{"mon": []object{{"from": "09:00", "to": "17:00"}}}}})
	team := w.admin(http.StatusCreated, http.MethodPost, "/v1/teams", object{"name": "North", "calendar_id": cal.body["id"]})
	rep := w.admin(http.StatusCreated, http.MethodPost, "/v1/reps", object{"name": "Ann", "email": "ANN@sales.example", "team_id": team.body["id"], "capacity": 5})
	require.Equal(t, "ann@sales.example", rep.body["email"])
	require.Equal(t, true, rep.body["active"])
	at := "/v1/reps/" + rep.body["id"].(string)
	changed := w.admin(http.StatusOK, http.MethodPatch, at, object{"capacity": nil, "active": false})
	require.Nil(t, changed.body["capacity"], "null clears")
	require.Equal(t, false, changed.body["active"])
	require.Equal(t, "Ann", changed.body["name"], "absent means unchanged")
	w.admin(http.StatusConflict, http.MethodPost, "/v1/reps", object{"name": "Other", "email": "ann@sales.example"})
	bad := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/reps", object{"name": " ", "email": "x", "team_id": "nope", "time_zone": "Mars", "capacity": -1, "calendar_id": rep.body["id"]})
	require.ElementsMatch(t, []string{"name", "email", "team_id", "time_zone", "capacity", "calendar_id"}, bad.fields())
	bad = w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/calendars", object{"name": "x", "spec": object{"time_zone": "Mars", "weekly": object{"mon": []object{{"from": "25:00", "to": "17:00"}}}}})
	require.Contains(t, bad.fields(), "spec.time_zone")
	require.Len(t, w.admin(http.StatusOK, http.MethodGet, "/v1/reps?limit=1", nil).body["items"], 1)
	w.admin(http.StatusOK, http.MethodPatch, "/v1/teams/"+team.body["id"].(string), object{"manager_id": rep.body["id"]})
}

func TestDocuments_areCheckedAndPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const model = "mql: {score: 50}\nbands: {hot: 50, warm: 20, hysteresis: 5}\ngrades: {A: 45, B: 30, C: 15}\nengagement:\n  - {id: visit, on: page_view, points: 5, half_life: 14d}\n"
	made := w.admin(http.StatusCreated, http.MethodPost, "/v1/models", object{"source": model, "note": "lower"})
	require.InDelta(t, 2, made.body["version"], 0)
	require.Equal(t, "draft", made.body["state"])
	yaml := w.admin(http.StatusCreated, http.MethodPost, "/v1/models", model, "Content-Type", "application/yaml")
	require.InDelta(t, 3, yaml.body["version"], 0)
	published := w.admin(http.StatusOK, http.MethodPost, "/v1/models/2/publish", nil)
	require.Equal(t, "published", published.body["state"])
	w.admin(http.StatusNotFound, http.MethodPost, "/v1/models/99/publish", nil)
	bad := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/models", object{"source": "mql: {score: 50}\nbandz: 1\n"})
	require.Contains(t, bad.raw, "line 2", "a mistake is named with its place")

	policies := w.admin(http.StatusOK, http.MethodGet, "/v1/policies", nil).body["items"].([]any)
	require.Len(t, policies, 1)
	active := policies[0].(object)
	require.Equal(t, true, active["active"])
	off := w.admin(http.StatusConflict, http.MethodPatch, "/v1/policies/"+active["id"].(string), object{"active": false})
	require.Equal(t, "in_use", off.body["code"], "leads live by one")
	seqs := w.admin(http.StatusOK, http.MethodGet, "/v1/sequences", nil).body["items"].([]any)
	require.Len(t, seqs, 1)
	if agreed, err := os.ReadFile("../../shared/examples/documents/sequence.yaml"); err == nil {
		kept := w.admin(http.StatusCreated, http.MethodPost, "/v1/sequences", string(agreed), "Content-Type", "application/yaml")
		require.Equal(t, []any{"welcome", 2.0}, []any{kept.body["name"], kept.body["version"]})
		require.Equal(t, "published", w.admin(http.StatusOK, http.MethodPost, "/v1/sequences/welcome/2/publish", nil).body["state"])
	}
	bad = w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/sequences", object{"source": "name: x\nwindow: {from: \"09:00\", to: \"17:00\", zone: Mars/Olympus}\n" +
		"steps:\n  - id: a\n    mail:\n      subject: '{{ first_name '\n      body: '{% if company %}For you.'\n"})
	for _, want := range []string{"line 2", "window.zone", "line 6", "steps[0].mail.subject", "line 7", "steps[0].mail.body"} {
		require.Contains(t, bad.raw, want, "what would fail at every lead is refused before there is one")
	}

	hook := w.admin(http.StatusCreated, http.MethodPost, "/v1/webhooks", object{"url": "https://hooks.example/x"})
	require.Contains(t, hook.body["secret"], "whsec_")
	require.NotContains(t, w.admin(http.StatusOK, http.MethodGet, "/v1/webhooks", nil).raw, "whsec_")
	w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/webhooks", object{"url": "ftp://x"})
	w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/webhooks", object{"url": "https://hooks.example/x", "kinds": []string{"handoff.offer"}})
	w.admin(http.StatusCreated, http.MethodPost, "/v1/webhooks", object{"url": "https://hooks.example/x", "kinds": record.WebhookKinds})
	w.admin(http.StatusCreated, http.MethodPost, "/v1/suppressions", object{"email": "No@person.example"})
	require.Contains(t, w.admin(http.StatusOK, http.MethodGet, "/v1/suppressions", nil).raw, "no@person.example")
	w.admin(http.StatusNoContent, http.MethodDelete, "/v1/suppressions?email=no@person.example", nil)
	w.admin(http.StatusOK, http.MethodGet, "/v1/mails?state=sent", nil)
	w.admin(http.StatusOK, http.MethodGet, "/v1/inbox", nil)
}
