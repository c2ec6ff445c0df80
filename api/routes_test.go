package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A document is checked with the people it names, kept, tried, published and retired; the ledger tells the same story.
func TestRoutes_areCheckedTriedAndPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	team := w.admin(http.StatusCreated, http.MethodPost, "/v1/teams", object{"name": "Europe"})
	ann := w.admin(http.StatusCreated, http.MethodPost, "/v1/reps", object{"name": "Ann", "email": "ann@sales.example", "team_id": team.body["id"], "languages": []string{"DE", "pt-br", "DE"}, "weight": 3})
	require.Equal(t, []any{"de", "pt-BR"}, ann.body["languages"])
	require.InDelta(t, 3, ann.body["weight"], 0)
	bob := w.admin(http.StatusCreated, http.MethodPost, "/v1/reps", object{"name": "Bob", "email": "bob@sales.example"})
	require.InDelta(t, 1, bob.body["weight"], 0)
	require.Equal(t, []any{}, bob.body["tags"])

	const doc = "name: x\nrules:\n  - {id: dach, pool: dach, when: [{field: country, one_of: [DE, AT]}], fallback: [rest]}\n  - {id: rest, pool: rest}\n" +
		"pools:\n  dach: {strategy: weighted, team: Europe}\n  rest: {strategy: round_robin, reps: [bob@sales.example]}\n"
	bad := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/routes", strings.Replace(doc, "Europe", "Asia", 1), "Content-Type", "application/yaml")
	require.Contains(t, bad.raw, "line 6, column 36")
	require.Contains(t, bad.raw, "leadflow team list")
	mistaken := w.admin(http.StatusUnprocessableEntity, http.MethodPost, "/v1/routes", object{"source": doc, "active": true})
	require.Contains(t, mistaken.raw, "/publish", "who takes it for a policy is told, and not left with a draft")
	made := w.admin(http.StatusCreated, http.MethodPost, "/v1/routes", object{"source": doc, "note": "first"})
	require.Equal(t, "draft", made.body["state"])
	require.Contains(t, fmt.Sprint(made.body["document"]), team.body["id"], "names are ids by now")
	at := fmt.Sprintf("/v1/routes/%v", made.body["version"])

	for i, country := range []string{"DE", "AT", "US"} {
		w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{"email": fmt.Sprintf("l%d@acme%d.example", i, i), "profile": object{"country": country}})
	}
	for _, tried := range []reply{
		w.admin(http.StatusOK, http.MethodPost, at+"/preview", object{"last": 10}),
		w.admin(http.StatusOK, http.MethodPost, "/v1/routes/preview", object{"source": doc}),
	} {
		require.InDelta(t, 3, tried.body["leads"], 0)
		items := tried.body["items"].([]any)
		require.Equal(t, []any{"rest", bob.body["id"]}, []any{items[0].(object)["rule"], items[0].(object)["would"]})
		require.Equal(t, []any{"dach", ann.body["id"]}, []any{items[2].(object)["rule"], items[2].(object)["would"]})
		require.Nil(t, items[0].(object)["had"])
	}
	w.admin(http.StatusUnprocessableEntity, http.MethodPost, at+"/preview", object{"last": 0.5})
	w.admin(http.StatusUnprocessableEntity, http.MethodPost, at+"/preview", object{"last": 1001})

	require.Equal(t, "published", w.admin(http.StatusOK, http.MethodPost, at+"/publish", nil).body["state"])
	require.Equal(t, "published", w.admin(http.StatusOK, http.MethodGet, "/v1/routes", nil).body["items"].([]any)[0].(object)["state"])
	require.Equal(t, "retired", w.admin(http.StatusOK, http.MethodPost, at+"/retire", nil).body["state"])
	w.admin(http.StatusNotFound, http.MethodPost, "/v1/routes/99/publish", nil)
	require.Equal(t, http.StatusForbidden, w.as("sales", http.MethodPost, at+"/publish", nil).StatusCode)
	leads := w.admin(http.StatusOK, http.MethodGet, "/v1/leads", nil).body["items"].([]any)
	routed := w.admin(http.StatusOK, http.MethodGet, "/v1/leads/"+leads[0].(object)["id"].(string)+"/routing", nil)
	require.Empty(t, routed.body["items"])
}

func TestAbsences_areSaidInDaysOrMoments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rep := w.admin(http.StatusCreated, http.MethodPost, "/v1/reps", object{"name": "Ann", "email": "ann@sales.example", "time_zone": "Europe/Berlin"})
	at := "/v1/reps/" + rep.body["id"].(string) + "/absences"
	made := w.admin(http.StatusCreated, http.MethodPost, at, object{"from": "2097-03-28", "until": "2097-04-05"})
	require.Equal(t, []any{"2097-03-27T23:00:00Z", "2097-04-05T22:00:00Z", "vacation"}, []any{made.body["from"], made.body["until"], made.body["kind"]}, "the last day is one of them, and the clocks change")
	w.admin(http.StatusCreated, http.MethodPost, at, object{"from": "2097-01-01T08:00:00Z", "until": "2097-01-01T12:00:00Z", "kind": "other"})
	for field, bad := range map[string]object{
		"from":  {"from": "soon", "until": "2097-01-01"},
		"until": {"from": "2097-01-02", "until": "2097-01-01"},
		"kind":  {"from": "2097-01-01", "until": "2097-01-02", "kind": "flu"},
	} {
		require.Equal(t, []string{field}, w.admin(http.StatusUnprocessableEntity, http.MethodPost, at, bad).fields())
	}
	require.Equal(t, []string{"until"}, w.admin(http.StatusUnprocessableEntity, http.MethodPost, at, object{"from": "2001-01-01", "until": "2001-01-02"}).fields(), "it is over")
	list := w.admin(http.StatusOK, http.MethodGet, at, nil).body["items"].([]any)
	require.Len(t, list, 2)
	require.Equal(t, "other", list[0].(object)["kind"], "in their order")
	w.admin(http.StatusNoContent, http.MethodDelete, at+"/"+made.body["id"].(string), nil)
	w.admin(http.StatusNotFound, http.MethodDelete, at+"/"+made.body["id"].(string), nil)
	require.Len(t, w.admin(http.StatusOK, http.MethodGet, at, nil).body["items"], 1)
	w.admin(http.StatusNotFound, http.MethodGet, "/v1/reps/0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59/absences", nil)
	bad := w.admin(http.StatusUnprocessableEntity, http.MethodPatch, "/v1/reps/"+rep.body["id"].(string), object{"weight": -1, "per_day": -1, "languages": []string{"klingonish!"}, "tags": []string{" "}})
	require.ElementsMatch(t, []string{"weight", "per_day", "languages", "tags"}, bad.fields())
}
