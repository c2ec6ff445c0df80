package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
)

// In this world Temporal is away: what is read comes from Postgres alone.
func TestReads_answerWhileTemporalIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.paths()
	lead := at("/v1/leads/{id}")
	decision := w.admin(http.StatusAccepted, http.MethodPost, lead+"/pause", object{})
	require.Equal(t, "/v1/decisions/"+decision.body["decision_id"].(string), decision.Header.Get("Location"))
	read := 0
	for _, op := range described().operations() {
		if op.method != http.MethodGet || !strings.HasPrefix(op.path, "/v1/") || strings.HasPrefix(op.path, "/v1/imports/") || strings.HasSuffix(op.path, "/export") || strings.HasPrefix(op.path, "/v1/bulk/") || strings.HasPrefix(op.path, "/v1/models/{version}/shadow") || op.path == "/v1/models/{version}/preview" {
			continue
		}
		path := at(op.path)
		if strings.HasPrefix(op.path, "/v1/decisions/") {
			path = decision.Header.Get("Location")
		}
		got := w.admin(http.StatusOK, http.MethodGet, path, nil)
		read++
		report := strings.HasPrefix(op.path, "/v1/analytics/") && op.path != "/v1/analytics/leads"
		if !strings.Contains(op.path, "{") && !report || strings.HasSuffix(op.path, "/timeline") {
			require.Contains(t, got.body, "items", path)
			require.Contains(t, got.body, "next_cursor", path)
			require.IsType(t, []any{}, got.body["items"], path)
		}
		head := w.as(api.RoleAdmin, http.MethodHead, path, nil)
		require.Equal(t, http.StatusOK, head.StatusCode)
		require.Empty(t, head.raw)
		require.NotEmpty(t, head.Header.Get("X-Request-Id"))
	}
	require.Greater(t, read, 18)
}

// The shapes of the contract, name by name.
func TestShapes_areThoseOfTheContract(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.paths()
	has := func(path, names string, of object) {
		t.Helper()
		for _, name := range strings.Fields(names) {
			require.Contains(t, of, name, path)
		}
	}
	lead := at("/v1/leads/{id}")
	shape := w.admin(http.StatusOK, http.MethodGet, lead, nil).body
	has(lead, "id workflow_id email external_id profile stage paused band score fit engagement grade mql_at cycle cycle_started_at owner assignment sla mail source created_at updated_at version", shape)
	has("sla", "due_at state", shape["sla"].(object))
	has("mail", "state", shape["mail"].(object))
	require.Equal(t, "none", shape["sla"].(object)["state"])
	item := list(w.admin(http.StatusOK, http.MethodGet, lead+"/timeline", nil).body["items"])[0]
	has("timeline", "id at kind actor why cycle version data", item)
	has("actor", "type id", item["actor"].(object))
	has("score", "at model score fit engagement band grade mql_at items missing complete", w.admin(http.StatusOK, http.MethodGet, lead+"/score", nil).body)
	has("rep", "id name email team_id time_zone calendar_id capacity active", w.admin(http.StatusOK, http.MethodGet, at("/v1/reps/{id}"), nil).body)
	has("team", "id name manager_id calendar_id", w.admin(http.StatusOK, http.MethodGet, at("/v1/teams/{id}"), nil).body)
}

func TestLists_pagesAndFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, body := range []object{
		{"email": "a@person.example", "source": object{"channel": "Web"}}, {"email": "b@person.example", "source": object{"channel": "fair"}}, {"email": "c@person.example"},
	} {
		w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", body)
	}
	var seen []any
	for cursor := ""; ; {
		page := w.admin(http.StatusOK, http.MethodGet, "/v1/leads?limit=1&cursor="+cursor, nil)
		for _, l := range list(page.body["items"]) {
			seen = append(seen, l["email"])
		}
		if page.body["next_cursor"] == nil {
			break
		}
		cursor = page.body["next_cursor"].(string)
	}
	require.Equal(t, []any{"c@person.example", "b@person.example", "a@person.example"}, seen)
	emails := func(query string) (out []any) {
		for _, l := range list(w.admin(http.StatusOK, http.MethodGet, "/v1/leads?"+query, nil).body["items"]) {
			out = append(out, l["email"])
		}
		return out
	}
	require.Equal(t, []any{"a@person.example"}, emails("source=web"))
	require.Equal(t, []any{"a@person.example"}, emails("source=Web"))
	require.Equal(t, []any{"b@person.example"}, emails("q=B%40"))
	require.Len(t, emails("stage=captured,won"), 3)
	require.Len(t, emails("stage=captured&stage=won"), 3)
	require.Len(t, emails("stage=&owner=&band=&source=&q=&cursor="), 3, "an empty filter filters nothing")
	require.Empty(t, emails("stage=won"))
	for _, wrong := range []string{"limit=0", "limit=201", "limit=x", "band=tepid", "stage=happy", "owner=nobody", "cursor=x", "q=%00", "source=%ff", "q=" + strings.Repeat("x", 201)} {
		name, _, _ := strings.Cut(wrong, "=")
		r := w.admin(http.StatusUnprocessableEntity, http.MethodGet, "/v1/leads?"+wrong, nil)
		require.Contains(t, r.fields(), name, r.raw)
	}
	w.admin(http.StatusBadRequest, http.MethodGet, "/v1/leads?q=%zz", nil)
}

// Who may what, as the routes say it; an admin may everything.
func TestRoles_asTheContractHasThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.paths()
	for _, c := range []struct {
		method, path string
		may          string
	}{
		{http.MethodPost, "/v1/leads", "marketing"},
		{http.MethodGet, "/v1/leads", "marketing sales ops"},
		{http.MethodPatch, "/v1/leads/{id}", "marketing sales"},
		{http.MethodDelete, "/v1/leads/{id}", "ops"},
		{http.MethodPost, "/v1/leads/{id}/accept", "marketing sales"},
		{http.MethodPost, "/v1/leads/{id}/pause", "marketing sales ops"},
		{http.MethodPost, "/v1/events", "marketing ops site"},
		{http.MethodPost, "/v1/imports", "marketing ops"},
		{http.MethodPost, "/v1/reps", "ops"},
		{http.MethodPost, "/v1/models", "marketing"},
		{http.MethodPost, "/v1/policies", "marketing ops"},
		{http.MethodGet, "/v1/keys", ""},
		{http.MethodPost, "/v1/keys", ""},
		{http.MethodDelete, "/v1/suppressions", ""},
		{http.MethodPost, "/v1/webhooks", "ops"},
		{http.MethodGet, "/v1/lanes", "ops"},
		{http.MethodPost, "/v1/lanes/{lane}/release", "ops"},
	} {
		for _, role := range api.Roles {
			if c.method == http.MethodDelete && role == api.RoleAdmin {
				continue
			}
			r := w.as(role, c.method, at(c.path), `[`)
			may := role == api.RoleAdmin || strings.Contains(c.may, role)
			require.Equal(t, may, r.StatusCode != http.StatusForbidden, "%s: %s %s: %s", role, c.method, c.path, r.raw)
			if !may {
				w.isProblem(r)
				require.Equal(t, "forbidden", r.body["code"])
			}
		}
	}
}
