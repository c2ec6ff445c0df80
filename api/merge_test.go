package api_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
)

func TestMerge_overTheDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, old, other := w.lead("ada@person.example"), w.lead("ada@old.example"), w.lead("bob@person.example")
	path := "/v1/leads/" + old + "/merge"
	for name, body := range map[string]object{
		"into": {}, "reason": {"into": ada, "reason": "Not A Code"},
	} {
		require.Equal(t, []string{name}, w.admin(http.StatusUnprocessableEntity, http.MethodPost, path, body).fields())
	}
	require.Equal(t, []string{"into"}, w.admin(http.StatusUnprocessableEntity, http.MethodPost, path, object{"into": old}).fields())
	w.admin(http.StatusNotFound, http.MethodPost, path, object{"into": uuid.NewString()})
	w.admin(http.StatusUnprocessableEntity, http.MethodPost, path, object{"into": ada, "unknown": 1})
	for _, role := range []string{api.RoleSales, api.RoleMarketing, api.RoleSite} {
		require.Equal(t, http.StatusForbidden, w.as(role, http.MethodPost, path, object{"into": ada}).StatusCode, role)
	}
	require.Equal(t, "not_merged", w.admin(http.StatusConflict, http.MethodPost, "/v1/leads/"+old+"/unmerge", object{}).body["code"])

	dry := w.admin(http.StatusOK, http.MethodPost, path, object{"into": ada, "dry_run": true}).body
	require.Equal(t, []any{true, nil}, []any{dry["dry_run"], dry["undo_until"]})
	require.Equal(t, "ada@old.example", w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+old, nil).body["email"])

	header := []string{"Idempotency-Key", "once"}
	done := w.as(api.RoleAdmin, http.MethodPost, path, object{"into": ada, "reason": "duplicate"}, header...)
	require.Equal(t, http.StatusOK, done.StatusCode, done.raw)
	require.NotEmpty(t, done.body["id"])
	again := w.as(api.RoleAdmin, http.MethodPost, path, object{"into": ada, "reason": "duplicate"}, header...)
	require.Equal(t, done.body["id"], again.body["id"])

	gone := w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+old, nil).body
	require.Equal(t, []any{"merged", ada, "ada@old.example"}, []any{gone["stage"], gone["merged_into"], gone["email"]})
	require.NotContains(t, w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+ada, nil).body, "merged_into")
	for method, path := range map[string]string{http.MethodGet: "/score", http.MethodPost: "/notes", http.MethodPatch: ""} {
		var body any
		if method != http.MethodGet {
			body = object{}
		}
		if path == "/notes" {
			body = object{"text": "x"}
		}
		if method == http.MethodPatch {
			body = object{"profile": object{"city": "Rome"}}
		}
		told := w.admin(http.StatusGone, method, "/v1/leads/"+old+path, body).body
		require.Equal(t, []any{"merged", ada}, []any{told["code"], told["merged_into"]}, method+path)
	}
	require.Equal(t, "merged", w.admin(http.StatusConflict, http.MethodPost, path, object{"into": other}).body["code"])
	require.Equal(t, ada, w.admin(http.StatusConflict, http.MethodPost, "/v1/leads/"+ada+"/merge", object{"into": old}).body["merged_into"])
	require.Equal(t, ada, w.admin(http.StatusOK, http.MethodPost, "/v1/leads", object{"email": "ada@old.example"}).body["id"], "a capture by the other address")
	accepted := w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", object{"type": "page_view", "email": "ada@old.example"}).body
	require.EqualValues(t, 1, accepted["accepted"])

	listed := w.admin(http.StatusOK, http.MethodGet, "/v1/merges?state=done&lead_id="+ada, nil).body["items"].([]any)
	require.Len(t, listed, 1)
	audit := w.admin(http.StatusOK, http.MethodGet, "/v1/audit?limit=200", nil).raw
	require.Contains(t, audit, `"merge"`)
	require.NotContains(t, audit, `"erased"`, "nobody was erased")
	back := w.admin(http.StatusOK, http.MethodPost, "/v1/leads/"+old+"/unmerge", object{}).body
	require.EqualValues(t, 1, back["events_back"])
	require.Equal(t, []any{"captured"}, back["not_back"])
	require.Equal(t, "captured", w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+old, nil).body["stage"])
}

func TestMerge_aRejectedDoubleIsProposed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, old := w.lead("ada@person.example"), w.lead("ada@old.example")
	_, err := w.store.Pool().Exec(t.Context(), `INSERT INTO outcomes (lead_id, cycle, kind, at, reason, duplicate_of) VALUES ($1, 1, 'rejected', now(), 'duplicate', $2)`, old, ada)
	require.NoError(t, err)
	proposed := func() []any {
		return w.admin(http.StatusOK, http.MethodGet, "/v1/merges/proposed", nil).body["items"].([]any)
	}
	require.Equal(t, []any{old, ada}, []any{proposed()[0].(object)["lead_id"], proposed()[0].(object)["into"]})
	w.admin(http.StatusOK, http.MethodPost, "/v1/leads/"+old+"/merge", object{"into": ada})
	require.Empty(t, proposed())
	w.admin(http.StatusOK, http.MethodPost, "/v1/leads/"+old+"/unmerge", object{})
	require.Empty(t, proposed(), "it was thought over")
}
