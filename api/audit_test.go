package api_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever changes something through the door is named in the log, and what comes in from websites is not.
func TestAudit_tellsWhoChangedWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "zyxada@example.com"}).body["id"].(string)
	team := w.admin(http.StatusCreated, http.MethodPost, "/v1/teams", object{"name": "Team Zyxada"}).body["id"].(string)
	w.admin(http.StatusOK, http.MethodPatch, "/v1/teams/"+team, object{"name": "Team North"})
	require.Equal(t, http.StatusAccepted, w.as("sales", http.MethodPost, "/v1/leads/"+lead+"/pause", object{}).StatusCode) // Temporal is away
	require.Equal(t, http.StatusNoContent, w.as("ops", http.MethodDelete, "/v1/leads/"+lead, nil).StatusCode)

	all := w.admin(http.StatusOK, http.MethodGet, "/v1/audit", nil)
	var got []string
	for _, item := range all.body["items"].([]any) {
		e := item.(object)
		actor, on := e["actor"].(object), e["object"].(object)
		require.Equal(t, "key", actor["type"])
		got = append(got, actor["name"].(string)+" "+e["action"].(string)+" "+on["type"].(string))
	}
	require.Equal(t, []string{"ops changed lead", "sales created decision", "admin changed team", "admin created team"}, got)
	require.NotContains(t, all.raw, "yxada")

	first := w.admin(http.StatusOK, http.MethodGet, "/v1/audit?limit=1&object=team&id="+team, nil)
	require.Equal(t, []any{"name"}, first.body["items"].([]any)[0].(object)["fields"])
	next := w.admin(http.StatusOK, http.MethodGet, "/v1/audit?limit=1&object=team&id="+team+"&cursor="+url.QueryEscape(first.body["next_cursor"].(string)), nil)
	require.Equal(t, "created", next.body["items"].([]any)[0].(object)["action"])
	require.Nil(t, next.body["next_cursor"])
	require.Equal(t, http.StatusForbidden, w.as("sales", http.MethodGet, "/v1/audit", nil).StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, w.as("ops", http.MethodGet, "/v1/audit?cursor=nonsense", nil).StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, w.as("ops", http.MethodGet, "/v1/audit?from=yesterday", nil).StatusCode)
}
