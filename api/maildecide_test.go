package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// What nobody knows of is listed and decided; who decides after somebody else is told what it is by now.
func TestMails_areDecided(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "ada@example.com"}).body["id"].(string)
	const id = "0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59"
	_, err := w.store.Pool().Exec(t.Context(), `INSERT INTO deliveries (id, key, lane, channel, kind, state, code, lead_id, cycle)
		VALUES ($1, 'k', 'bulk', 'mail', 'nurture', 'unknown', 'sender_lost', $2, 1)`, id, lead)
	require.NoError(t, err)
	listed := w.admin(http.StatusOK, http.MethodGet, "/v1/mails?state=unknown", nil).body["items"].([]any)
	require.Len(t, listed, 1)
	require.Equal(t, id, listed[0].(object)["id"])
	require.Equal(t, http.StatusForbidden, w.as("sales", http.MethodPost, "/v1/mails/"+id+"/retry", nil).StatusCode)
	done := w.as("marketing", http.MethodPost, "/v1/mails/"+id+"/mark-sent", nil)
	require.Equal(t, http.StatusOK, done.StatusCode)
	require.Equal(t, "sent", done.body["state"])
	late := w.admin(http.StatusConflict, http.MethodPost, "/v1/mails/"+id+"/retry", nil)
	require.Equal(t, []any{"wrong_state", "sent"}, []any{late.body["code"], late.body["state"]})
	require.Contains(t, late.body["detail"], "the mail is sent (marked); retry is for mails that are unknown")
	w.admin(http.StatusNotFound, http.MethodPost, "/v1/mails/0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a50/skip", nil)
	timeline := w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+lead+"/timeline", nil).body["items"].([]any)
	require.Equal(t, []any{"mail_decided", "mark-sent"}, []any{timeline[0].(object)["kind"], timeline[0].(object)["why"]})
}
