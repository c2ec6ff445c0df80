package api_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
)

func TestUnscore_takesBackAndExplains(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.lead("ada@person.example")
	w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", object{"type": "demo_request", "lead_id": ada, "id": "1"})
	w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", object{"type": "form_submit", "lead_id": ada, "id": "2"})
	score := w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+ada+"/score", nil)
	require.NotNil(t, score.body["mql_at"])
	var ids []string
	for _, i := range score.body["items"].([]any) {
		if id, ok := i.(object)["event_id"].(string); ok {
			ids = append(ids, id)
		}
	}
	require.NotEmpty(t, ids)
	var demo string
	require.NoError(t, w.store.Pool().QueryRow(t.Context(), "SELECT id FROM events WHERE type = 'demo_request'").Scan(&demo))
	path := "/v1/leads/" + ada + "/unscore"
	for name, body := range map[string]object{
		"event_ids": {"reason": "scanner"}, "reason": {"event_ids": []string{demo}}, "mail": {"mail": "x", "reason": "scanner"},
	} {
		require.Equal(t, []string{name}, w.admin(http.StatusUnprocessableEntity, http.MethodPost, path, body).fields())
	}
	w.admin(http.StatusUnprocessableEntity, http.MethodPost, path, object{"event_ids": []string{demo}, "mail": uuid.NewString(), "reason": "scanner"})
	w.admin(http.StatusUnprocessableEntity, http.MethodPost, path, object{"event_ids": make([]string, 1001), "reason": "scanner"})
	w.admin(http.StatusNotFound, http.MethodPost, path, object{"event_ids": []string{uuid.NewString()}, "reason": "scanner"})
	for _, role := range []string{api.RoleSales, api.RoleMarketing, api.RoleSite} {
		require.Equal(t, http.StatusForbidden, w.as(role, http.MethodPost, path, object{"event_ids": []string{demo}, "reason": "scanner"}).StatusCode, role)
	}
	got := w.admin(http.StatusOK, http.MethodPost, path, object{"event_ids": append(ids, demo), "reason": "scanner"}).body
	require.Equal(t, true, got["mql_revoked"])
	require.Contains(t, got["event_ids"], demo)
	require.Empty(t, w.admin(http.StatusOK, http.MethodPost, path, object{"mail": uuid.NewString(), "reason": "scanner"}).body["event_ids"])

	score = w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+ada+"/score", nil)
	require.Nil(t, score.body["mql_at"])
	require.Zero(t, score.body["engagement"])
	found := 0
	for _, i := range score.body["items"].([]any) {
		if i.(object)["rule"] == "unscored" {
			found++
			require.Zero(t, i.(object)["points"])
			require.Contains(t, i.(object)["why"], "un-scored: scanner")
		}
	}
	require.Equal(t, 2, found)
	line := w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+ada+"/timeline?limit=1", nil).body["items"].([]any)[0].(object)
	require.Equal(t, []any{"unscored", "scanner", "key"}, []any{line["kind"], line["why"], line["actor"].(object)["type"]})
}
