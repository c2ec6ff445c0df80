package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// decidedBy stores a decision of a rep.
func decidedBy(t *testing.T, s *Store, lead, rep, kind, body string) string {
	t.Helper()
	id := newID()
	require.NoError(t, s.StoreDecision(t.Context(), record.Decision{ID: id, LeadID: lead, Kind: kind, Body: json.RawMessage(body), Fingerprint: id, RepID: &rep}, time.Hour))
	return id
}

// A rejection went to the next rep, and is undone: its offer is open again, the next one is withdrawn and told so, what was
// learnt of it is forgotten, and subscribers hear of it.
func TestUndo_theReadSideIsAsItWas(t *testing.T) {
	s := floor(t)
	first, second := newRep(t, s, "ann", nil), newRep(t, s, "bob", nil)
	_, err := s.CreateWebhook(t.Context(), record.Webhook{URL: "https://example.com/in", Secret: "x", Kinds: []string{"handoff.undone"}, Active: true})
	require.NoError(t, err)
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	one1 := offer(t, s, lead, 1).Offer
	owner, next := first, second
	if one1.Rep == second {
		owner, next = second, first
	}
	l := lifecycle.New(lead)
	l.Stage, l.Version, l.Owner, l.Assignment = lifecycle.StageHandoff, 1, owner, one1.Assignment
	recordStage(t, s, lifecycle.Carried{Lead: l})

	reject := decidedBy(t, s, lead, owner, "reject", `{"rep_id": "`+owner+`", "reason": "no_capacity"}`)
	rejected := l
	rejected.Version, rejected.Owner, rejected.Assignment, rejected.Asking = 2, "", "", true
	at := time.Now().UTC()
	recordStage(t, s, lifecycle.Carried{Lead: rejected, Entries: []lifecycle.Entry{{
		Kind: lifecycle.Rejected, At: at, Cycle: 1, Decision: reject, Assignment: one1.Assignment, Outcome: "rejected", Why: "no_capacity", Actor: lifecycle.Actor{Type: "rep", ID: owner},
	}}})
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM outcomes WHERE decision = $1 AND assignment_id = $2", reject, one1.Assignment))
	two := offer(t, s, lead, 2, owner).Offer
	require.Equal(t, next, two.Rep)
	offeredOn := rejected
	offeredOn.Version, offeredOn.Owner, offeredOn.Assignment, offeredOn.Asking = 3, next, two.Assignment, false
	recordStage(t, s, lifecycle.Carried{Lead: offeredOn})

	undo := decidedBy(t, s, lead, owner, "undo", `{}`)
	back := l
	back.Version = 4
	entries := []lifecycle.Entry{
		{Kind: lifecycle.Undone, At: at, Cycle: 1, Decision: undo, Undoes: reject, Assignment: one1.Assignment, Why: "rejected", Actor: lifecycle.Actor{Type: "rep", ID: owner}},
		{Kind: lifecycle.Offered, At: at, Cycle: 1, Assignment: two.Assignment, Outcome: "withdrawn", Why: "undone", Actor: lifecycle.System},
	}
	for range 2 { // an attempt that is made twice
		recordStage(t, s, lifecycle.Carried{Lead: back, Entries: entries})
	}
	require.Equal(t, "offered", one[string](t, s, "SELECT state FROM assignments WHERE id = $1", one1.Assignment))
	require.Equal(t, "withdrawn", one[string](t, s, "SELECT state FROM assignments WHERE id = $1", two.Assignment))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM outcomes"))
	require.True(t, one[bool](t, s, "SELECT undone_at IS NOT NULL FROM decisions WHERE id = $1", reject))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM deliveries WHERE kind = 'offer_withdrawn' AND rep_id = $1", next))
	require.Equal(t, "handoff.undone rejected", one[string](t, s, "SELECT payload ->> 'type' || ' ' || (payload -> 'data' ->> 'reason') FROM deliveries WHERE kind = 'undone'"))
	page, err := s.OfferPage(t.Context(), record.OfferAsked{LeadID: lead, AssignmentID: two.Assignment, RepID: next})
	require.NoError(t, err)
	require.Equal(t, []any{"withdrawn", owner}, []any{page.State, page.OwnerID})
}

// undoable is what stands against undoing the newest decision of the lead.
func undoable(t *testing.T, s *Store, lead string) (why string) {
	t.Helper()
	require.NoError(t, s.tx(t.Context(), "look", func(tx pgx.Tx) (err error) {
		why, err = irrevocable(t.Context(), tx, lead)
		return err
	}))
	return why
}

func TestIrrevocable_isWhatThePersonNoticed(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "ann", nil)
	lead := newLead(t, s, "ada@person.example")
	ingest(t, s, record.Event{LeadID: lead, Type: "call", ClientID: "before"})
	id := decidedBy(t, s, lead, rep, "accept", `{}`)
	_, err := s.AnswerDecision(t.Context(), id, "applied", "")
	require.NoError(t, err)
	why := func() string {
		return undoable(t, s, lead)
	}
	require.Empty(t, why(), "what was before does not count")
	ingest(t, s, record.Event{LeadID: lead, Type: "page_view", ClientID: "seen"})
	exec(t, s, "INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, state, sent_at) VALUES (gen_random_uuid(), 'a', 'alert', 'mail', 'offer', $1, 'sent', now())", lead)
	exec(t, s, "INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, state) VALUES (gen_random_uuid(), 'b', 'bulk', 'mail', 'nurture', $1, 'queued')", lead)
	require.Empty(t, why(), "nor what the person did, or the house told itself, or only means to send")
	ingest(t, s, record.Event{LeadID: lead, Type: "meeting", ClientID: "after"})
	require.Equal(t, "contacted", why())
	exec(t, s, "UPDATE deliveries SET state = 'sent', sent_at = now() WHERE key = 'b'")
	require.Equal(t, "mail_sent", why())
}

// A rejection by plain signal has no stored decision. It is learnt from all the same, and an attempt that is lost leaves nothing.
func TestOutcome_ofAPlainSignal(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "ann", nil)
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	o := offer(t, s, lead, 1).Offer
	exec(t, s, `UPDATE assignments SET explanation = '{"items": null}'`) // a house without a model
	l := lifecycle.New(lead)
	l.Stage, l.Version = lifecycle.StageDormant, 2
	rejected := lifecycle.Entry{Kind: lifecycle.Rejected, At: time.Now(), Cycle: 1, Assignment: o.Assignment, Outcome: "rejected", Why: "no_budget", Actor: lifecycle.Actor{Type: "rep", ID: rep}}
	for range 2 {
		recordStage(t, s, lifecycle.Carried{Lead: l, Entries: []lifecycle.Entry{rejected}})
	}
	require.Equal(t, "rejected no_budget "+o.Assignment, one[string](t, s, "SELECT kind || ' ' || reason || ' ' || assignment_id FROM outcomes"))
	refused := rejected
	refused.Refused, refused.Outcome = "not_your_offer", ""
	recordStage(t, s, lifecycle.Carried{Lead: l, Entries: []lifecycle.Entry{refused}})
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM outcomes"), "it was decided anew, and refused")
}
