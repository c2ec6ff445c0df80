package api_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// The house edits its reasons: one that is added may be given at once and is on the page of an offer, one that is retired not.
func TestReasons_theHouseEditsThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	codes := func(kind string, retired bool) (out []string) {
		for _, i := range w.admin(200, http.MethodGet, "/v1/reasons?kind="+kind, nil).body["items"].([]any) {
			if r := i.(object); r["retired"] == retired {
				out = append(out, r["code"].(string))
			}
		}
		return out
	}
	require.Equal(t, []string{"bad_data", "duplicate", "no_budget", "no_capacity", "not_a_buyer", "not_ready", "other", "out_of_territory", "wrong_contact"}, codes("reject", false))
	require.Len(t, w.admin(200, http.MethodGet, "/v1/reasons", nil).body["items"], 9+7+6)

	r := w.admin(200, http.MethodPost, "/v1/reasons", object{"kind": "reject", "code": "next_year", "path": "recycle", "cool_down": "180d", "sequence": "winback", "score": "halve", "title": "Not this year <b>"})
	require.Equal(t, object{
		"kind": "reject", "code": "next_year", "path": "recycle", "cool_down": "180d", "sequence": "winback", "score": "halve", "title": "Not this year <b>", "retired": false, "origin": "house",
	}, r.body)
	w.admin(200, http.MethodPost, "/v1/reasons", object{"kind": "reject", "code": "twin", "path": "duplicate"})
	r = w.admin(200, http.MethodPost, "/v1/reasons/reject/no_capacity/retire", nil)
	require.Equal(t, []any{true, "reroute", "house"}, []any{r.body["retired"], r.body["path"], r.body["origin"]})
	require.NotContains(t, codes("reject", false), "no_capacity")
	require.Contains(t, codes("reject", true), "no_capacity")
	for body, field := range map[string]string{
		`{"kind": "win", "code": "a", "path": "recycle"}`: "kind", `{"kind": "reject", "code": "A b", "path": "recycle"}`: "code",
		`{"kind": "reject", "code": "a", "path": "stay_lost"}`: "path", `{"kind": "lose", "code": "a", "path": "reroute"}`: "path",
		`{"kind": "disqualify", "code": "a", "path": "recycle"}`: "path", `{"kind": "reject", "code": "a", "path": "recycle", "cool_down": "soon"}`: "cool_down",
		`{"kind": "reject", "code": "a", "path": "reroute", "cool_down": "1d"}`: "path", `{"kind": "reject", "code": "a", "path": "recycle", "score": "double"}`: "score",
	} {
		r := w.as("admin", http.MethodPost, "/v1/reasons", body)
		require.Equal(t, 422, r.StatusCode, body)
		require.Contains(t, r.fields(), field, body)
	}
	w.admin(404, http.MethodPost, "/v1/reasons/reject/no_such/retire", nil)
	require.Equal(t, 403, w.as("sales", http.MethodPost, "/v1/reasons", object{"kind": "reject", "code": "a", "path": "recycle"}).StatusCode)

	grace := w.rep("Grace Hopper")
	ada, twin := w.lead("ada@person.example"), w.lead("twin@person.example")
	offer := w.offerOf(ada, grace)
	page := w.as("", http.MethodGet, w.decideLink(offer, grace, time.Now().Add(time.Hour)), nil).raw
	require.Contains(t, page, `<option value="next_year">Not this year &lt;b&gt;</option>`)
	require.NotContains(t, page, "no_capacity")
	reject := "/v1/leads/" + ada + "/reject"
	require.Equal(t, []string{"reason"}, w.admin(422, http.MethodPost, reject, object{"rep_id": grace, "reason": "no_capacity"}).fields())
	require.Equal(t, []string{"reason"}, w.admin(422, http.MethodPost, reject, object{"rep_id": grace}).fields(), "a reason is required")
	require.Equal(t, []string{"duplicate_of"}, w.admin(422, http.MethodPost, reject, object{"rep_id": grace, "reason": "twin"}).fields())
	require.Equal(t, []string{"duplicate_of"}, w.admin(422, http.MethodPost, reject, object{"rep_id": grace, "reason": "twin", "duplicate_of": ada}).fields())
	w.admin(202, http.MethodPost, reject, object{"rep_id": grace, "reason": "twin", "duplicate_of": twin})
	w.admin(200, http.MethodPost, "/v1/reasons", object{"kind": "reject", "code": "no_capacity", "path": "reroute"})
	require.Contains(t, codes("reject", false), "no_capacity", "and back")
}

// What is learnt of a decision is kept with what was known when the lead was offered, and goes without the person.
func TestOutcomes_keepTheMomentOfTheOffer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	grace := w.rep("Grace Hopper")
	ada := w.lead("ada@person.example")
	w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", object{"lead_id": ada, "type": "demo_request", "id": "d1"})
	offer := w.offerOf(ada, grace)
	var score int
	require.NoError(t, w.store.Pool().QueryRow(t.Context(), "SELECT score FROM assignments WHERE id = $1", offer.Assignment).Scan(&score))
	require.Positive(t, score)
	w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", object{"lead_id": ada, "type": "webinar_attendance", "id": "d2"})

	w.admin(202, http.MethodPost, "/v1/leads/"+ada+"/accept", object{"rep_id": grace})
	id := w.admin(202, http.MethodPost, "/v1/leads/"+ada+"/win", object{"amount": "12.50", "currency": "EUR", "one_thing": "They knew Ada", "missing": "a demo"}).body["decision_id"].(string)
	offer.Version, offer.Stage = 2, lifecycle.StageWorking
	w.recorded(offer, lifecycle.Entry{Kind: lifecycle.Accepted, At: time.Now(), Cycle: 1, Assignment: offer.Assignment, Outcome: "accepted"})
	offer.Version, offer.Stage = 3, lifecycle.StageWon
	won := lifecycle.Entry{Kind: lifecycle.Won, At: time.Now(), Cycle: 1, Decision: id, Actor: lifecycle.Actor{Type: "rep", ID: grace}}
	w.recorded(offer, won)
	w.recorded(offer, won)
	items := w.admin(200, http.MethodGet, "/v1/outcomes?kind=won", nil).body["items"].([]any)
	require.Len(t, items, 1)
	got := items[0].(object)
	require.Equal(t, []any{ada, "12.50", "They knew Ada", "a demo", offer.Assignment, float64(score), grace}, []any{
		got["lead_id"], got["amount"], got["one_thing"], got["missing"], got["assignment_id"], got["score"], got["rep_id"],
	})
	require.EqualValues(t, 1, got["model_version"])
	rules := got["rules"].([]any)
	require.NotEmpty(t, rules)
	sum := 0.0
	for _, r := range rules {
		require.ElementsMatch(t, []string{"rule", "axis", "points", "raw"}, keysOf(r.(object)), "rules and points only: nothing of the person")
		sum += r.(object)["points"].(float64)
	}
	require.InDelta(t, score, sum, 0.001, "of the moment of the offer: the webinar came later")

	w.admin(204, http.MethodDelete, "/v1/leads/"+ada, nil)
	got = w.admin(200, http.MethodGet, "/v1/outcomes", nil).body["items"].([]any)[0].(object)
	require.Nil(t, got["one_thing"])
	require.NotEmpty(t, got["rules"], "what was learnt stays")
}

func keysOf(o object) (out []string) {
	for k := range o {
		out = append(out, k)
	}
	return out
}

// A buyer is asked where the policy says so and they may be written to, once, and the first answer counts.
func TestQuestion_theBuyerIsAskedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	exec := func(sql string, args ...any) {
		_, err := w.store.Pool().Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	asked := func(lead string) int {
		return w.stored("SELECT count(*) FROM questions q JOIN deliveries d ON d.lead_id = q.lead_id AND d.kind = 'question' AND d.lane = 'bulk' WHERE q.lead_id = $1", lead)
	}
	closed := func(lead string, version int64, kind lifecycle.EventKind) {
		l := lifecycle.New(lead)
		l.Version, l.Stage = version, lifecycle.StageLost
		w.recorded(l, lifecycle.Entry{Kind: kind, At: time.Now(), Cycle: 1, Actor: lifecycle.System})
	}
	quiet := w.lead("quiet@person.example")
	closed(quiet, 1, lifecycle.Won)
	require.Zero(t, asked(quiet), "the policy does not say so")
	exec(`UPDATE policies SET document = jsonb_set(document, '{notify}', '{"ask": {"won": true}}') WHERE active`)
	ada, ben, eve := w.lead("ada@person.example"), w.lead("ben@person.example"), w.lead("eve@person.example")
	for range 2 {
		closed(ada, 1, lifecycle.Won)
	}
	closed(ada, 2, lifecycle.Won)
	require.Equal(t, 1, asked(ada))
	closed(ben, 1, lifecycle.Lost)
	require.Zero(t, asked(ben), "of losses it does not say so")
	w.admin(200, http.MethodPatch, "/v1/leads/"+eve, object{"consent": object{"purpose": "marketing", "granted": false}})
	closed(eve, 1, lifecycle.Won)
	require.Zero(t, asked(eve))

	var id string
	require.NoError(t, w.store.Pool().QueryRow(t.Context(), "SELECT id FROM questions WHERE lead_id = $1", ada).Scan(&id))
	path := w.signed(token.Question, "/q/", ada, uuid.MustParse(id))
	r := w.as("", http.MethodGet, path, nil)
	require.Equal(t, 200, r.StatusCode)
	require.Contains(t, r.raw, "What one thing helped you choose us?")
	require.Contains(t, r.raw, "noindex")
	w.as("", http.MethodHead, path, nil)
	w.as("", http.MethodGet, path+"?answer=machine", nil)
	require.Zero(t, w.stored("SELECT count(*) FROM questions WHERE answer IS NOT NULL"), "to look answers nothing")
	require.Equal(t, 403, w.post(path, "answer=x", "Sec-Fetch-Site", "cross-site").StatusCode)
	require.Equal(t, 422, w.post(path, "answer=++").StatusCode)
	require.Equal(t, 422, w.post(path, "answer="+strings.Repeat("a", 2001)).StatusCode)
	require.Equal(t, 422, w.post(path, "answer=a%00b").StatusCode)
	require.Equal(t, 404, w.post(w.signed(token.Question, "/q/", ben, uuid.MustParse(id)), "answer=x").StatusCode, "of another lead")

	var all sync.WaitGroup
	kept := make([]bool, 8)
	for i := range kept {
		all.Go(func() {
			k, err := w.store.AnswerQuestion(t.Context(), ada, id, record.Said{Text: "answer " + string(rune('a'+i)), Via: "link"})
			kept[i] = k && err == nil
		})
	}
	all.Wait()
	n := 0
	for _, k := range kept {
		if k {
			n++
		}
	}
	require.Equal(t, 1, n, "the first counts")
	r = w.post(path, "answer=another")
	require.Equal(t, 200, r.StatusCode)
	require.Contains(t, r.raw, "answered already")
	require.Equal(t, 1, w.stored("SELECT count(*) FROM questions WHERE answer LIKE 'answer _'"))
	require.Equal(t, 1, w.stored("SELECT count(*) FROM timeline WHERE lead_id = $1 AND kind = 'answered' AND NOT data ? 'answer'", ada), "the timeline holds no text")
	w.admin(204, http.MethodDelete, "/v1/leads/"+ada, nil)
	require.Zero(t, w.stored("SELECT count(*) FROM questions WHERE lead_id = $1", ada))
	require.Equal(t, 404, w.as("", http.MethodGet, path, nil).StatusCode)
}

// A channel of Slack is somebody's, and its address is shown to nobody again; a secret is changed without a gap.
func TestWebhooks_channelsAndSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	grace := w.rep("Grace Hopper")
	r := w.admin(201, http.MethodPost, "/v1/webhooks", object{"url": "https://hooks.slack.com/services/T0/B0/s3cret", "format": "slack", "rep_id": grace})
	require.Equal(t, "https://hooks.slack.com/...", r.body["url"])
	require.NotContains(t, r.raw, "s3cret")
	require.NotContains(t, w.admin(200, http.MethodGet, "/v1/webhooks", nil).raw, "s3cret")
	slack := r.body["id"].(string)
	for field, body := range map[string]object{
		"format": {"url": "https://crm.example/x", "rep_id": grace}, "rep_id": {"url": "https://hooks.slack.com/x", "format": "slack", "rep_id": uuid.NewString()},
		"secret": {"url": "https://hooks.slack.com/x", "format": "slack", "secret": "whsec_x"}, "url": {"url": "ftp://x", "format": "slack"},
	} {
		require.Equal(t, []string{field}, w.admin(422, http.MethodPost, "/v1/webhooks", body).fields())
	}
	crm := w.admin(201, http.MethodPost, "/v1/webhooks", object{"url": "https://crm.example/in"}).body
	id, first := crm["id"].(string), crm["secret"].(string)
	turned := w.admin(200, http.MethodPost, "/v1/webhooks/"+id+"/rotate", object{"keep": "2h"}).body
	require.NotEqual(t, first, turned["secret"])
	require.NotNil(t, turned["older_until"])
	const older = "SELECT count(*) FROM webhook_secrets WHERE webhook_id = $1 AND secret = $2 AND until_at BETWEEN now() + interval '119 minutes' AND now() + interval '2 hours'"
	require.Equal(t, 1, w.stored(older, id, first))
	again := w.admin(200, http.MethodPost, "/v1/webhooks/"+id+"/rotate", object{"keep": "2h"}).body
	require.Equal(t, []int{1, 1, 0}, []int{w.stored(older, id, first), w.stored(older, id, turned["secret"]), w.stored(older, id, again["secret"])}, "who knows the first still does")
	require.Equal(t, []string{"keep"}, w.admin(422, http.MethodPost, "/v1/webhooks/"+id+"/rotate", object{"keep": "31d"}).fields())
	w.admin(200, http.MethodPost, "/v1/webhooks/"+id+"/rotate", object{"keep": "2h", "secret": first}) // it comes back
	require.Equal(t, []int{0, 1, 1}, []int{w.stored(older, id, first), w.stored(older, id, turned["secret"]), w.stored(older, id, again["secret"])})
	require.Nil(t, w.admin(200, http.MethodPost, "/v1/webhooks/"+id+"/rotate", object{"keep": "0"}).body["older_until"])
	require.Zero(t, w.stored("SELECT count(*) FROM webhook_secrets WHERE webhook_id = $1", id), "what is not kept takes all before it along")
	w.admin(404, http.MethodPost, "/v1/webhooks/"+slack+"/rotate", object{})
	got := w.admin(200, http.MethodPatch, "/v1/webhooks/"+id, object{"active": false, "kinds": []string{"handoff.offered"}}).body
	require.Equal(t, []any{false, "operator", []any{"handoff.offered"}}, []any{got["active"], got["disabled"], got["kinds"]})
	require.Equal(t, true, w.admin(200, http.MethodPatch, "/v1/webhooks/"+id, object{"active": true}).body["active"])
	w.admin(404, http.MethodPatch, "/v1/webhooks/"+uuid.NewString(), object{"active": true})
	require.Empty(t, w.admin(200, http.MethodGet, "/v1/webhooks/deliveries?state=failed", nil).body["items"])
	w.admin(404, http.MethodPost, "/v1/webhooks/deliveries/"+uuid.NewString()+"/replay", nil)
	require.EqualValues(t, 0, w.admin(200, http.MethodPost, "/v1/webhooks/"+id+"/replay", nil).body["replayed"])
	require.Equal(t, record.FormatStandard, got["format"])
	require.Equal(t, 403, w.as("sales", http.MethodPost, "/v1/webhooks/"+id+"/rotate", object{}).StatusCode)
}
