package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExport_isForWhoeverAnswersForTheData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": "ada@example.com", "profile": object{"first_name": "Ada"}, "consent": object{"purpose": "marketing", "granted": true, "wording": "v1"}}).Header.Get("Location")
	got := w.as("ops", http.MethodGet, at+"/export", nil)
	require.Equal(t, http.StatusOK, got.StatusCode)
	require.Contains(t, got.Header.Get("Content-Disposition"), "attachment")
	require.Equal(t, "ada@example.com", got.body["lead"].(object)["email"])
	require.Equal(t, "v1", got.body["consents"].([]any)[0].(object)["wording"])
	require.Equal(t, http.StatusForbidden, w.as("sales", http.MethodGet, at+"/export", nil).StatusCode)
	w.admin(http.StatusNoContent, http.MethodDelete, at, nil)
	w.admin(http.StatusGone, http.MethodGet, at+"/export", nil)
	w.admin(http.StatusNotFound, http.MethodGet, "/v1/leads/0190b0a0-0000-7000-8000-00000000000a/export", nil)
}
