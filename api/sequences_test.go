package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
)

const tour = `name: tour
window: {from: "21:00", to: "23:00"}
steps:
  - id: arms
    split: [{arm: a, to: hello}, {arm: b, to: end}]
  - id: hello
    mail:
      subject: 'Hello {{ first_name }}'
      body: |
        {% if company %}For {{ company }}{% endif %}: [prices]({{ links.pricing }}), {{ custom.plan | default: "none" }}.
  - {id: tell, notify: {rep: ada@sales.example, message: Look}}
  - {id: bought, goal: {name: bought, when: {engagement: {type: demo_request}}}}
`

// What would fail at a lead is found before there is one: when it is written, or when what it relies on has changed since.
func TestSequences_mistakesAreFoundWhenTheyArePublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *api.Deps) { d.Links = []string{"pricing", "product"} })
	create := func(status int, old, with string) reply {
		require.Equal(t, 1, strings.Count(tour, old), old)
		return w.admin(status, http.MethodPost, "/v1/sequences", strings.Replace(tour, old, with, 1), "Content-Type", "application/yaml")
	}
	for _, c := range []struct{ old, with, want string }{
		{"{{ first_name }}", "{{ frist_name }}", "steps[1].mail.subject line 8, column 16: the template, line 1, column 10: nothing is known by the name frist_name: did you mean first_name?"},
		{"For {{ company }}", "For\n        {{ compny | upcase }}", "steps[1].mail.body line 9, column 13: the template, line 2, column 4: nothing is known by the name compny: did you mean company?"},
		{"if company", "if plan", "line 1, column 7: nothing is known by the name plan: write custom.<key>"},
		{"links.pricing", "links.prcing", "did you mean links.pricing?"},
		{"links.pricing", "links.brochure", "LEADFLOW_MAIL_LINKS"},
		{"default:", "defualt:", "did you mean default?"},
		{"to: end}]", "to: nowhere}]", "names a step that does not exist"},
	} {
		got := create(http.StatusUnprocessableEntity, c.old, c.with)
		errs := got.body["errors"].([]any)
		require.Len(t, errs, 1, got.raw)
		said := errs[0].(object)["field"].(string) + " " + errs[0].(object)["detail"].(string)
		require.Contains(t, said, c.want)
	}

	require.Equal(t, "draft", create(http.StatusCreated, "message: Look", "message: Look there").body["state"])
	publish := func(status int) reply {
		return w.admin(status, http.MethodPost, "/v1/sequences/tour/1/publish", nil)
	}
	require.Contains(t, publish(http.StatusUnprocessableEntity).raw, "no active rep")
	rep := w.admin(http.StatusCreated, http.MethodPost, "/v1/reps", object{"name": "Ada", "email": "ada@sales.example", "time_zone": "UTC"}).body
	policy := w.admin(http.StatusOK, http.MethodGet, "/v1/policies", nil).body["items"].([]any)[0].(object)
	quiet := policy["source"].(string) + "\nnurture: {per_day: 1, quiet: {from: \"20:00\", to: \"08:00\"}}\n"
	w.admin(http.StatusOK, http.MethodPatch, "/v1/policies/"+policy["id"].(string), object{"source": quiet})
	got := publish(http.StatusUnprocessableEntity)
	require.Contains(t, got.raw, "quiet hours of the policy, 20:00 to 08:00")
	require.Contains(t, got.raw, "line 2")
	w.admin(http.StatusOK, http.MethodPatch, "/v1/policies/"+policy["id"].(string), object{"source": strings.Replace(quiet, "20:00", "22:00", 1)})
	require.Equal(t, "published", publish(http.StatusOK).body["state"])
	w.admin(http.StatusOK, http.MethodPatch, "/v1/reps/"+rep["id"].(string), object{"active": false})
	require.Contains(t, publish(http.StatusUnprocessableEntity).raw, "no active rep")
	w.admin(http.StatusNotFound, http.MethodPost, "/v1/sequences/tour/9/publish", nil)
}

func TestSequences_live(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.admin(http.StatusCreated, http.MethodPost, "/v1/reps", object{"name": "Ada", "email": "ada@sales.example", "time_zone": "UTC"})
	w.admin(http.StatusCreated, http.MethodPost, "/v1/sequences", tour, "Content-Type", "application/yaml")
	require.Equal(t, "draft", w.admin(http.StatusOK, http.MethodGet, "/v1/sequences/tour/1", nil).body["state"])
	w.admin(http.StatusOK, http.MethodPost, "/v1/sequences/tour/1/publish", nil)
	results := w.admin(http.StatusOK, http.MethodGet, "/v1/sequences/tour/1/results", nil).body
	split := results["splits"].([]any)[0].(object)
	require.Equal(t, "arms", split["step"])
	require.Len(t, split["arms"], 2)
	require.Equal(t, false, split["arms"].([]any)[0].(object)["opened"].(object)["reliable"])
	goal := split["goals"].([]any)[0].(object)
	require.Equal(t, []any{"bought", "14d", "undecided", 1.0}, []any{goal["goal"], goal["within"], goal["verdict"], goal["p_value"]})
	require.Equal(t, []any{0.0, 0.0, 1.0}, []any{goal["arms"].([]any)[0].(object)["rate"], goal["arms"].([]any)[0].(object)["low"], goal["arms"].([]any)[0].(object)["high"]}, "of nobody nothing is known")
	require.Equal(t, "retired", w.admin(http.StatusOK, http.MethodPost, "/v1/sequences/tour/1/retire", nil).body["state"])
	require.Equal(t, "retired", w.admin(http.StatusOK, http.MethodPost, "/v1/sequences/tour/1/retire", nil).body["state"], "the same again is no error")
	for _, path := range []string{"/v1/sequences/tour/2", "/v1/sequences/tour/2/results", "/v1/sequences/none/1"} {
		w.admin(http.StatusNotFound, http.MethodGet, path, nil)
	}
	w.admin(http.StatusNotFound, http.MethodPost, "/v1/sequences/tour/2/retire", nil)
	require.Equal(t, http.StatusForbidden, w.as("sales", http.MethodPost, "/v1/sequences/tour/1/retire", nil).StatusCode)
}
