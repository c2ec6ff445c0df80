package api_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// accepted records that the rep took the lead that was offered.
func (w *world) accepted(l lifecycle.Lead, stage lifecycle.Stage) {
	w.t.Helper()
	l.Version, l.Stage, l.SLA = 2, stage, lifecycle.SLAClock{State: lifecycle.SLAMet}
	w.recorded(l, lifecycle.Entry{Kind: lifecycle.Accepted, At: time.Now(), Cycle: 1, Assignment: l.Assignment, Outcome: "accepted", Actor: lifecycle.Actor{Type: "rep", ID: l.Owner}})
}

// Who works with a lead closes it on the page of its link, and is asked the two questions there.
func TestDecide_theRepClosesTheLead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	grace := w.rep("Grace Hopper")
	later := time.Now().Add(time.Hour)
	body := func(kind string) string {
		var raw string
		require.NoError(t, w.store.Pool().QueryRow(t.Context(), "SELECT coalesce(max(body::text), '') FROM decisions WHERE kind = $1", kind).Scan(&raw))
		return raw
	}
	form := func(pairs ...string) string {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v.Encode()
	}
	ada := w.lead("ada@person.example")
	offer := w.offerOf(ada, grace)
	path := w.decideLink(offer, grace, later)
	require.NotContains(t, w.as("", http.MethodGet, path, nil).raw, `value="lose"`, "it is not theirs yet")
	r := w.post(path, form("action", "lose", "reason", "price"))
	require.Equal(t, 409, r.StatusCode)
	require.Contains(t, r.raw, "Nothing was done")
	w.accepted(offer, lifecycle.StageWorking)

	r = w.as("", http.MethodGet, path, nil)
	for _, shown := range []string{`value="win"`, `value="lose"`, `name="amount"`, "What one thing helped them choose us?", "What one thing would have made them choose us?", `value="missing_feature"`} {
		require.Contains(t, r.raw, shown)
	}
	manager := w.rep("Linus")
	other := w.decideLink(offer, manager, later)
	require.NotContains(t, w.as("", http.MethodGet, other, nil).raw, `value="lose"`)
	require.Equal(t, 409, w.post(other, form("action", "lose", "reason", "price")).StatusCode, "a manager's link closes nothing")
	require.Equal(t, 410, w.post(w.decideLink(offer, grace, time.Now().Add(-time.Minute)), form("action", "lose", "reason", "price")).StatusCode)

	r = w.post(path, form("action", "lose", "one_thing", "a <b>demo"))
	require.Equal(t, 422, r.StatusCode)
	require.Contains(t, r.raw, "reason is required")
	require.Contains(t, r.raw, "a &lt;b&gt;demo", "what was written is not lost")
	r = w.post(path, form("action", "win", "amount", "much", "currency", "EUR"))
	require.Equal(t, 422, r.StatusCode)
	require.Contains(t, r.raw, "amount must be")
	require.Zero(t, w.stored("SELECT count(*) FROM decisions"))

	require.Equal(t, 202, w.post(path, form("action", "lose", "reason", "price", "one_thing", "a demo", "missing", "an API", "note", "ask again", "amount", "7")).StatusCode)
	require.JSONEq(t, `{"reason": "price", "one_thing": "a demo", "missing": "an API", "note": "ask again"}`, body("lose"))
	require.Equal(t, 1, w.stored("SELECT count(*) FROM audit_log WHERE actor_type = 'rep' AND actor_id = $1 AND data ->> 'kind' = 'lose'", grace))
	require.NotContains(t, w.as("", http.MethodGet, path, nil).raw, `value="win"`, "one decision is under way")

	w.admin(200, http.MethodPatch, "/v1/reps/"+manager, object{"active": false}) // no offer goes to him by turn
	bob := w.offerOf(w.lead("bob@person.example"), grace)
	w.accepted(bob, lifecycle.StageOpportunity)
	require.Equal(t, 202, w.post(w.decideLink(bob, grace, later), form("action", "win", "amount", "12500", "currency", "eur", "one_thing", "the fair")).StatusCode)
	require.JSONEq(t, `{"amount": "12500.00", "currency": "EUR", "one_thing": "the fair"}`, body("win"))
}

// What a rep says of a lead that was lost is kept with its outcome, as of one that was won.
func TestOutcomes_ofALostLead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	grace := w.rep("Grace Hopper")
	ada := w.lead("ada@person.example")
	offer := w.offerOf(ada, grace)
	w.accepted(offer, lifecycle.StageWorking)
	lose := "/v1/leads/" + ada + "/lose"
	require.Equal(t, []string{"one_thing"}, w.admin(422, http.MethodPost, lose, object{"reason": "price", "one_thing": 7}).fields())
	id := w.admin(202, http.MethodPost, lose, object{"reason": "price", "one_thing": "a demo", "missing": "an API"}).body["decision_id"].(string)
	offer.Version, offer.Stage, offer.Owner, offer.Assignment = 3, lifecycle.StageDormant, "", ""
	w.recorded(offer, lifecycle.Entry{Kind: lifecycle.Lost, At: time.Now(), Cycle: 1, Decision: id, Why: "price"})
	items := w.admin(200, http.MethodGet, "/v1/outcomes?kind=lost", nil).body["items"].([]any)
	require.Len(t, items, 1)
	got := items[0].(object)
	require.Equal(t, []any{ada, "price", "a demo", "an API"}, []any{got["lead_id"], got["reason"], got["one_thing"], got["missing"]})
	line := w.admin(200, http.MethodGet, "/v1/leads/"+ada+"/timeline", nil).body["items"].([]any)[0].(object)
	require.Equal(t, []any{"lost", "a demo", "an API"}, []any{line["kind"], line["data"].(object)["one_thing"], line["data"].(object)["missing"]})
}
