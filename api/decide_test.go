package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// offerOf has a lead offered to a new rep, as its run does and records it.
func (w *world) offerOf(lead, rep string) lifecycle.Lead {
	w.t.Helper()
	ctx := w.t.Context()
	_, err := w.store.Pool().Exec(ctx, "UPDATE leads SET stage = 'qualified' WHERE id = $1", lead)
	require.NoError(w.t, err)
	g, err := w.store.Offer(ctx, lifecycle.Command{ID: lead + "/1/offer/1", Kind: lifecycle.CommandOffer, Cycle: 1, N: 1, At: time.Now().UTC()})
	require.NoError(w.t, err)
	require.NotNil(w.t, g.Offer, g.Code)
	require.Equal(w.t, rep, g.Offer.Rep)
	l := lifecycle.New(lead)
	l.Stage, l.Version, l.Owner, l.Assignment = lifecycle.StageHandoff, 1, rep, g.Offer.Assignment
	l.SLA = lifecycle.SLAClock{DueAt: g.Offer.DueAt, State: lifecycle.SLARunning}
	w.recorded(l)
	return l
}

func (w *world) recorded(l lifecycle.Lead, entries ...lifecycle.Entry) {
	w.t.Helper()
	_, err := w.store.RecordStage(w.t.Context(), lifecycle.Carried{Lead: l, Entries: entries})
	require.NoError(w.t, err)
}

func (w *world) rep(name string) string {
	w.t.Helper()
	return w.admin(http.StatusCreated, http.MethodPost, "/v1/reps", object{"name": name, "email": strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@acme.example", "time_zone": "Europe/Berlin"}).body["id"].(string)
}

func (w *world) decideLink(l lifecycle.Lead, rep string, expires time.Time) string {
	w.t.Helper()
	text, err := w.tokens.Sign(token.Decide, token.Claims{Lead: uuid.MustParse(l.ID), Other: uuid.MustParse(l.Assignment), Step: rep, Expires: expires})
	require.NoError(w.t, err)
	return "/d/" + text
}

func (w *world) stored(sql string, args ...any) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.store.Pool().QueryRow(w.t.Context(), sql, args...).Scan(&n))
	return n
}

func TestDecide_onlyAPostActs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	grace := w.rep("Grace Hopper")
	ada := w.admin(http.StatusCreated, http.MethodPost, "/v1/leads", object{
		"email": "ada@person.example", "profile": object{"first_name": "Ada", "last_name": "<b>Byron", "company": "Engines & Co", "title": "Countess"},
		"source": object{"channel": "fair"},
	}).body["id"].(string)
	w.admin(http.StatusAccepted, http.MethodPost, "/v1/events", object{"lead_id": ada, "type": "demo_request", "id": "d1"})
	offer := w.offerOf(ada, grace)
	path := w.decideLink(offer, grace, time.Now().Add(time.Hour))

	const seen = "SELECT count(*) FROM assignment_terms WHERE seen_by = 'link'"
	require.Equal(t, 200, w.as("", http.MethodHead, path, nil).StatusCode)
	require.Zero(t, w.stored(seen))
	r := w.as("", http.MethodGet, path, nil)
	require.Equal(t, 200, r.StatusCode, r.raw)
	require.Equal(t, 1, w.stored(seen), "the report tells it from deciding")
	for _, shown := range []string{"A lead is offered to you", "Ada &lt;b&gt;Byron", "Engines &amp; Co", "Countess", "ada@person.example", "fair", "Why this score", "demo_request", `value="out_of_territory"`, "noindex"} {
		require.Contains(t, r.raw, shown)
	}
	require.Equal(t, "no-referrer", r.Header.Get("Referrer-Policy"))
	require.Equal(t, "no-store", r.Header.Get("Cache-Control"))
	require.Contains(t, r.Header.Get("Content-Security-Policy"), "form-action 'self'; frame-ancestors 'none'")
	w.as("", http.MethodGet, path+"?action=accept", nil)
	require.Zero(t, w.stored("SELECT count(*) FROM decisions"), "to look decides nothing")

	require.Equal(t, 403, w.post(path, "action=accept", "Sec-Fetch-Site", "cross-site").StatusCode)
	require.Equal(t, 422, w.post(path, "action=explode").StatusCode)
	r = w.post(path, "action=reject&note=call+me+%3Cb%3E")
	require.Equal(t, 422, r.StatusCode)
	require.Contains(t, r.raw, "reason is required")
	require.Contains(t, r.raw, "call me &lt;b&gt;", "what was written is not lost")
	require.Equal(t, 422, w.post(path, "action=reject&reason=no_such").StatusCode)
	require.Zero(t, w.stored("SELECT count(*) FROM decisions"))

	r = w.post(path, "action=reject&reason=no_budget&note=next+year")
	require.Equal(t, 202, r.StatusCode, "Temporal is away: %s", r.raw)
	require.Contains(t, r.raw, "is kept")
	require.Equal(t, 1, w.stored(`SELECT count(*) FROM decisions WHERE kind = 'reject' AND lead_id = $1 AND rep_id = $2
		AND body = jsonb_build_object('rep_id', $2::text, 'assignment_id', $3::text, 'reason', 'no_budget', 'note', 'next year')`, ada, grace, offer.Assignment))
	require.NotContains(t, w.as("", http.MethodGet, path, nil).raw, `value="accept"`, "one decision is under way")

	entries := w.admin(200, http.MethodGet, "/v1/audit?object=decision", nil).body["items"].([]any)
	require.Len(t, entries, 1, "what a link decides is a person's change as any other, and what it was refused is none")
	entry := entries[0].(object)
	require.Equal(t, object{"type": "rep", "id": grace, "name": "Grace Hopper"}, entry["actor"])
	require.Equal(t, object{"kind": "reject", "lead_id": ada}, entry["data"])
	require.Len(t, w.admin(200, http.MethodGet, "/v1/audit?actor="+grace, nil).body["items"], 1)
}

func TestDecide_aLinkIsForOneOfferAndOneRep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	grace := w.rep("Grace Hopper")
	ada := w.lead("ada@person.example")
	offer := w.offerOf(ada, grace)
	later := time.Now().Add(time.Hour)
	linus := w.rep("Linus")

	// A manager's link shows how it stands. They cannot decide for the rep.
	path := w.decideLink(offer, linus, later)
	r := w.as("", http.MethodGet, path, nil)
	require.Contains(t, r.raw, "A lead is offered to Grace Hopper")
	require.NotContains(t, r.raw, "<form")

	for _, bad := range []string{"/d/" + strings.Repeat("A", 60), "/d/x", w.signed(token.Unsubscribe, "/d/", ada, uuid.MustParse(offer.Assignment)), w.signed(token.Decide, "/d/", ada, uuid.MustParse(offer.Assignment))} {
		require.Equal(t, 404, w.as("", http.MethodGet, bad, nil).StatusCode, bad)
		require.Equal(t, 404, w.post(bad, "action=accept").StatusCode, bad)
	}

	expired := w.decideLink(offer, grace, time.Now().Add(-time.Minute))
	for _, r := range []reply{w.as("", http.MethodGet, expired, nil), w.post(expired, "action=accept")} {
		require.Equal(t, 410, r.StatusCode)
		require.Contains(t, r.raw, "expired")
		require.NotContains(t, r.raw, "ada@", "who keeps an old mail learns nothing new of the person")
	}
	require.Zero(t, w.stored("SELECT count(*) FROM decisions"))

	w.admin(200, http.MethodPatch, "/v1/reps/"+grace, object{"active": false})
	require.Equal(t, 404, w.as("", http.MethodGet, w.decideLink(offer, grace, later), nil).StatusCode, "who has left decides nothing")
	w.admin(200, http.MethodPatch, "/v1/reps/"+grace, object{"active": true})
	w.admin(204, http.MethodDelete, "/v1/leads/"+ada, nil)
	r = w.as("", http.MethodGet, w.decideLink(offer, grace, later), nil)
	require.Equal(t, 410, r.StatusCode)
	require.Contains(t, r.raw, "deleted")
}

// A link that is used or overtaken says what happened, when, and by whom.
func TestDecide_whatHappenedIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	grace := w.rep("Grace Hopper")
	at := time.Now().UTC()
	see := func(change func(*lifecycle.Lead), e lifecycle.Entry) string {
		ada := w.lead(uuid.NewString() + "@person.example")
		offer := w.offerOf(ada, grace)
		path := w.decideLink(offer, grace, time.Now().Add(time.Hour))
		offer.Version = 2
		e.At, e.Cycle, e.Assignment = at, 1, offer.Assignment
		change(&offer)
		w.recorded(offer, e)
		r := w.as("", http.MethodGet, path, nil)
		require.Equal(t, 200, r.StatusCode)
		require.NotContains(t, r.raw, `value="accept"`)
		return r.raw
	}
	rep := lifecycle.Actor{Type: "rep", ID: grace}
	page := see(func(l *lifecycle.Lead) { l.Stage = lifecycle.StageWorking }, lifecycle.Entry{Kind: lifecycle.Accepted, Actor: rep, Outcome: "accepted"})
	require.Contains(t, page, "Grace Hopper accepted it on ")
	require.Contains(t, page, "CET", "by the clock of the rep")
	require.Contains(t, page, "@person.example", "who has the lead may see it")

	page = see(func(l *lifecycle.Lead) { l.Stage, l.Owner, l.Assignment = lifecycle.StageDormant, "", "" },
		lifecycle.Entry{Kind: lifecycle.Rejected, Actor: rep, Outcome: "rejected", Why: "no_budget"})
	require.Contains(t, page, "Grace Hopper rejected it on ")
	require.Contains(t, page, "(no budget); the lead is dormant now")
	require.NotContains(t, page, "@person.example")

	linus := w.rep("Linus")
	w.admin(200, http.MethodPatch, "/v1/reps/"+linus, object{"active": false}) // no offer goes to him by turn
	page = see(func(l *lifecycle.Lead) { l.Owner, l.Assignment = linus, "" }, lifecycle.Entry{Kind: lifecycle.Passed, Outcome: "missed", Why: "accept_reassign"})
	require.Contains(t, page, "It was not answered in time on ")
	require.Contains(t, page, "; it is offered to Linus now")

	page = see(func(l *lifecycle.Lead) { l.Stage, l.Owner, l.Assignment = lifecycle.StageNurturing, "", "" }, lifecycle.Entry{Kind: lifecycle.Revoked, Outcome: "withdrawn", Why: "mql_revoked"})
	require.Contains(t, page, "It was withdrawn on ")
	require.NotContains(t, page, "@person.example")
}
