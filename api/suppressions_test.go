package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
)

func TestSuppressions_asLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.lead("ada@person.example")
	const path = "/v1/suppressions"
	post := func(query, media, body string) reply {
		return w.as(api.RoleOps, http.MethodPost, path+"/import"+query, body, "Content-Type", media)
	}
	r := post("?reason=unsubscribe", "text/csv", "email,reason,at\nADA@person.example,complaint,2026-01-02T03:04:05Z\nbob@person.example,,\nbob@person.example,,\nnobody,,\n")
	require.Equal(t, 200, r.StatusCode, r.raw)
	require.Equal(t, []any{2.0, 0.0, 1.0}, []any{r.body["added"], r.body["known"], r.body["rejected"]})
	require.Equal(t, []any{5.0, "email"}, []any{r.body["errors"].([]any)[0].(object)["row"], r.body["errors"].([]any)[0].(object)["field"]})
	require.NotContains(t, r.raw, "nobody")
	require.Equal(t, "unsubscribed", w.admin(200, "GET", "/v1/leads/"+ada, nil).body["mail"].(object)["state"])
	r = post("", "application/x-ndjson", `{"email": "bob@person.example"}`+"\n"+`{"email": "cyd@person.example"}`)
	require.Equal(t, []any{1.0, 1.0, 0.0}, []any{r.body["added"], r.body["known"], r.body["rejected"]})
	require.Equal(t, 400, post("", "text/csv", "name,age\nAda,3\n").StatusCode)
	require.Equal(t, 422, post("?reason=because", "text/csv", "a@person.example").StatusCode)
	require.Equal(t, 413, post("", "text/csv", strings.Repeat("a@b.example\n", 200_002)).StatusCode)

	list := w.admin(200, "GET", path+"?reason=complaint", nil).body["items"].([]any)
	require.Len(t, list, 1)
	require.Equal(t, "ada@person.example", list[0].(object)["email"])
	require.Equal(t, ada, list[0].(object)["lead_id"])
	w.admin(201, "POST", path, object{"email": "eve@person.example", "reason": "hard_bounce"})
	require.Equal(t, []string{"reason"}, w.admin(422, "POST", path, object{"email": "eve@person.example", "reason": "erased"}).fields())

	csv := w.admin(200, "GET", path+"/export", nil)
	require.Equal(t, "text/csv; charset=utf-8", csv.Header.Get("Content-Type"))
	require.Equal(t, 5, strings.Count(csv.raw, "\n"), csv.raw)
	require.Contains(t, csv.raw, "ada@person.example,complaint,2026-01-02T03:04:05Z")
	lines := w.admin(200, "GET", path+"/export?format=ndjson&reason=manual", nil)
	require.Equal(t, 1, strings.Count(lines.raw, "\n"), lines.raw)
	other := newWorld(t)
	r = other.as(api.RoleOps, http.MethodPost, path+"/import", csv.raw, "Content-Type", "text/csv")
	require.Equal(t, []any{4.0, 0.0, 0.0}, []any{r.body["added"], r.body["known"], r.body["rejected"]})
	require.Equal(t, csv.raw, other.admin(200, "GET", path+"/export", nil).raw, "what was exported is what is imported")
	for _, role := range []string{api.RoleSales, api.RoleSite} {
		require.Equal(t, 403, w.as(role, "GET", path+"/export", nil).StatusCode)
	}
	w.admin(204, "DELETE", "/v1/leads/"+ada, nil)
	require.NotContains(t, w.admin(200, "GET", path+"/export", nil).raw, "ada@")
}
