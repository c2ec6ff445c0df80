package store

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

func unscore(t *testing.T, s *Store, lead string, events ...string) record.Unscored {
	t.Helper()
	out, err := s.Unscore(t.Context(), record.Unscore{LeadID: lead, EventIDs: events, Reason: "scanner"})
	require.NoError(t, err)
	return out
}

// idOf is the event that came under an id of the client.
func idOf(t *testing.T, s *Store, client string) string {
	t.Helper()
	return one[string](t, s, "SELECT id FROM events WHERE client_id = $1", client)
}

func rowOf(t *testing.T, s *Store, lead string) string {
	t.Helper()
	return one[string](t, s, "SELECT score || ' ' || band || ' ' || coalesce(mql_cycle::text, '-') FROM scores WHERE lead_id = $1", lead)
}

// Points are taken back, and with them the band, the edge, and what the run believes; all of it is explained.
func TestUnscoringTakesBackWhatTheEventsDid(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	early := time.Now().Add(-time.Hour)
	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit", ClientID: "real", OccurredAt: early})
	var fakes []record.Event
	for i := range 20 {
		fakes = append(fakes, record.Event{LeadID: ada, Type: "form_submit", ClientID: fmt.Sprint(i)})
	}
	ingest(t, s, fakes...)
	require.Equal(t, "105 hot 1", rowOf(t, s, ada))
	require.Equal(t, "mql", heard(t, s, ada))
	exec(t, s, "DELETE FROM outbox")
	counted := one[time.Time](t, s, "SELECT now()")
	var ids []string
	for i := range 20 {
		ids = append(ids, idOf(t, s, fmt.Sprint(i)))
	}
	out := unscore(t, s, ada, ids...)
	require.Len(t, out.EventIDs, 20)
	out.EventIDs = nil
	require.Equal(t, record.Unscored{Points: 100, ScoreBefore: 105, Score: 5, BandBefore: "hot", Band: "cold", MQLRevoked: true}, out)
	require.Equal(t, "5 cold -", rowOf(t, s, ada))
	require.Equal(t, "mql_revoked", heard(t, s, ada))
	require.Equal(t, "5 cold", one[string](t, s, "SELECT score || ' ' || band FROM outbox"))
	require.WithinDuration(t, early, one[time.Time](t, s, "SELECT engaged_at FROM scores WHERE lead_id = $1", ada), time.Millisecond)
	require.Equal(t, record.Verified{Leads: 1}, verified(t, s))

	page, err := s.Timeline(t.Context(), ada, "", 1)
	require.NoError(t, err)
	require.Equal(t, "unscored", page.Items[0].Kind)
	require.Equal(t, "scanner", page.Items[0].Why)
	require.Len(t, page.Items[0].Data["event_ids"], 20)
	require.Equal(t, []any{100.0, 105.0, 5.0, "hot", "cold", true}, []any{
		page.Items[0].Data["points"], page.Items[0].Data["score_before"], page.Items[0].Data["score"],
		page.Items[0].Data["band_before"], page.Items[0].Data["band"], page.Items[0].Data["mql_revoked"],
	})
	got := explainedAt(t, s, ada, time.Time{})
	addsUp(t, got)
	require.Equal(t, 5, got.Score)
	require.Nil(t, got.MQLAt)
	voided := 0
	for _, i := range got.Items {
		if i.Rule == "unscored" {
			voided++
			require.Zero(t, i.Points)
			require.Contains(t, i.Why, "form_submit; un-scored: scanner")
			require.Contains(t, ids, i.EventID)
		}
	}
	require.Equal(t, 20, voided)
	past := explainedAt(t, s, ada, counted)
	require.Equal(t, 105, past.Score, "it was so then")
	addsUp(t, past)

	exec(t, s, "DELETE FROM outbox")
	require.Empty(t, unscore(t, s, ada, ids...).EventIDs, "taken back once is taken back")
	require.Equal(t, "nothing", heard(t, s, ada))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM timeline WHERE kind = 'unscored'"))
	require.True(t, ingest(t, s, fakes[0])[0].Duplicate, "the client that sends it again changes nothing")

	for i := range 19 {
		ingest(t, s, record.Event{LeadID: ada, Type: "form_submit", ClientID: fmt.Sprint("again", i)})
	}
	require.Equal(t, "100 hot 1", rowOf(t, s, ada), "a person makes the edge that a machine had made")
	require.Equal(t, "mql", heard(t, s, ada))
}

// Only an edge that the others do not make is dropped.
func TestUnscoringKeepsTheEdgeThatOthersMake(t *testing.T) {
	s := house(t)
	make := func(name string, more ...record.Event) string {
		id := newLead(t, s, name+"@example.com")
		for i := range more {
			more[i].LeadID, more[i].ClientID = id, fmt.Sprint(name, i)
			ingest(t, s, more[i])
		}
		exec(t, s, "DELETE FROM outbox")
		return id
	}
	forms := func(n int) (out []record.Event) {
		for range n {
			out = append(out, record.Event{Type: "form_submit"})
		}
		return out
	}
	rich := make("rich", forms(25)...)
	require.False(t, unscore(t, s, rich, idOf(t, s, "rich0")).MQLRevoked)
	require.Equal(t, "120 hot 1", rowOf(t, s, rich))
	require.Equal(t, "nothing", heard(t, s, rich))
	late := make("late", append(forms(20), record.Event{Type: "cta_click"})...)
	require.False(t, unscore(t, s, late, idOf(t, s, "late20")).MQLRevoked, "it came after the edge")
	version(t, s, ruled(1, 20, "300d"))
	require.NoError(t, s.Rescore(t.Context()))
	ingest(t, s, record.Event{LeadID: late, Type: "page_view", ClientID: "after"})
	require.False(t, unscore(t, s, late, idOf(t, s, "after")).MQLRevoked, "it cannot have made it, whatever the model of today makes of the others")
	version(t, s, testModel)
	require.NoError(t, s.Rescore(t.Context()))
	exec(t, s, "DELETE FROM outbox")
	hard := make("hard", record.Event{Type: "demo_request"}, record.Event{Type: "demo_request"})
	require.False(t, unscore(t, s, hard, idOf(t, s, "hard0")).MQLRevoked, "one of two hard triggers")
	require.True(t, unscore(t, s, hard, idOf(t, s, "hard1")).MQLRevoked)
	require.Equal(t, "mql_revoked", heard(t, s, hard))
	won := make("won", forms(20)...)
	exec(t, s, "UPDATE leads SET stage = 'won' WHERE id = $1", won)
	require.True(t, unscore(t, s, won, idOf(t, s, "won0")).MQLRevoked)
	require.Equal(t, "nothing", heard(t, s, won), "nothing reaches who is won")

	// A profile that was better then keeps the edge; it was made under it.
	ada := newLead(t, s, "ada@example.com")
	capture(t, s, record.Capture{Email: "ada@example.com", Profile: map[string]any{"title": "Chief"}})
	for i := range 15 {
		ingest(t, s, record.Event{LeadID: ada, Type: "form_submit", ClientID: fmt.Sprint("ada", i)})
	}
	require.Equal(t, "105 hot 1", rowOf(t, s, ada))
	require.NoError(t, s.PatchLead(t.Context(), ada, record.Capture{Profile: map[string]any{"title": nil}, Via: "api"}))
	require.False(t, unscore(t, s, ada, idOf(t, s, "ada0")).MQLRevoked)
	require.True(t, unscore(t, s, ada, idOf(t, s, "ada1")).MQLRevoked, "95 points were not enough")
}

// A band that only the taken back events had reached is not kept by its hysteresis; one that was reached by others is.
func TestUnscoringSeesWhichBandWasReached(t *testing.T) {
	s := house(t)
	ada, bob := newLead(t, s, "ada@example.com"), newLead(t, s, "bob@example.com")
	web := func(lead, id string) record.Event {
		return record.Event{LeadID: lead, Type: "webinar_attendance", ClientID: id}
	}
	ingest(t, s, web(ada, "1"))
	for i := range 3 {
		ingest(t, s, record.Event{LeadID: ada, Type: "form_submit", ClientID: fmt.Sprint("form", i)})
	}
	ingest(t, s, web(ada, "2"))
	require.Equal(t, "55 warm -", rowOf(t, s, ada))
	unscore(t, s, ada, idOf(t, s, "2"))
	require.Equal(t, "35 cold -", rowOf(t, s, ada))

	ingest(t, s, web(bob, "3"), web(bob, "4"))
	ingest(t, s, record.Event{LeadID: bob, Type: "unsubscribe", ClientID: "leave"})
	require.Equal(t, "0 cold -", rowOf(t, s, bob))
	unscore(t, s, bob, idOf(t, s, "leave"))
	require.Equal(t, "40 warm -", rowOf(t, s, bob))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM suppressions WHERE email = 'bob@example.com'"), "who said no has said no")
}

// However folding and taking back are mixed, the score is that of somebody to whom only the rest ever happened.
func TestUnscoringEqualsNeverHavingHappened(t *testing.T) {
	s := house(t)
	types := []string{"content_download", "webinar_attendance", "page_view", "form_submit", "cta_click", "email_open", "demo_request"}
	for round := range 12 {
		mixed, plain := newLead(t, s, fmt.Sprintf("mixed%d@example.com", round)), newLead(t, s, fmt.Sprintf("plain%d@example.com", round))
		r := rand.New(rand.NewPCG(uint64(round), 7))
		begin := time.Now().Add(-20 * 24 * time.Hour)
		var waiting []string
		for i := range 40 {
			e := record.Event{LeadID: mixed, Type: types[r.IntN(len(types))], ClientID: fmt.Sprint(round, "/", i), OccurredAt: begin.Add(time.Duration(i) * time.Hour)}
			ingest(t, s, e)
			if r.IntN(3) == 0 {
				waiting = append(waiting, idOf(t, s, e.ClientID))
			} else {
				e.LeadID, e.ClientID = plain, e.ClientID+"p"
				ingest(t, s, e)
			}
			if len(waiting) > 0 && r.IntN(4) == 0 {
				unscore(t, s, mixed, waiting...)
				waiting = nil
			}
		}
		unscore(t, s, mixed, waiting...)
		const row = `SELECT score || ' ' || fit || ' ' || round(engagement::numeric, 3) || ' ' || band || ' ' || coalesce(mql_cycle, 0) || ' ' || engaged_at FROM scores WHERE lead_id = $1`
		require.Equal(t, one[string](t, s, row, plain), one[string](t, s, row, mixed), "round %d", round)
		require.Equal(t, one[[]byte](t, s, "SELECT accumulators FROM scores WHERE lead_id = $1", plain), one[[]byte](t, s, "SELECT accumulators FROM scores WHERE lead_id = $1", mixed))
	}
	verified(t, s)
	// Everybody by another model: what was taken back stays so.
	version(t, s, ruled(7, 40, "300d"))
	require.NoError(t, s.Rescore(t.Context()))
	verified(t, s)
}

// Many take back while many fold: no deadlock, nothing lost.
func TestUnscoringAmongIngests(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	var events []record.Event
	for i := range 200 {
		events = append(events, record.Event{LeadID: ada, Type: "form_submit", ClientID: fmt.Sprint(i)})
	}
	ingest(t, s, events[:100]...)
	var ids []string
	for i := range 100 {
		ids = append(ids, idOf(t, s, fmt.Sprint(i)))
	}
	var all sync.WaitGroup
	failed := make([]error, 40)
	for i := range 20 {
		all.Go(func() { // each twice
			_, failed[i] = s.Unscore(t.Context(), record.Unscore{LeadID: ada, EventIDs: ids[i%10*10 : i%10*10+10], Reason: "scanner"})
		})
		all.Go(func() { failed[20+i] = takeAll(t.Context(), s, events[100+i*5:105+i*5]) })
	}
	all.Wait()
	for _, err := range failed {
		require.NoError(t, err)
	}
	require.Equal(t, 100, one[int](t, s, "SELECT count(*) FROM events WHERE voided_at IS NOT NULL"))
	require.Equal(t, 10, one[int](t, s, "SELECT count(*) FROM timeline WHERE kind = 'unscored'"))
	require.Equal(t, record.Verified{Leads: 1}, verified(t, s))
}

// A process that dies in the middle has taken nothing back.
func TestUnscoringIsWholeOrNotAtAll(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	ingest(t, s, record.Event{LeadID: ada, Type: "demo_request", ClientID: "1"})
	exec(t, s, "DELETE FROM outbox")
	exec(t, s, `CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$`)
	exec(t, s, `CREATE TRIGGER die BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION die()`)
	_, err := s.Unscore(t.Context(), record.Unscore{LeadID: ada, EventIDs: []string{idOf(t, s, "1")}, Reason: "scanner"})
	require.Error(t, err)
	require.Equal(t, 0, one[int](t, s, "SELECT count(*) FROM events WHERE voided_at IS NOT NULL"))
	require.Equal(t, "0 cold 1", rowOf(t, s, ada))
	exec(t, s, `DROP TRIGGER die ON outbox`)
	require.True(t, unscore(t, s, ada, idOf(t, s, "1")).MQLRevoked)
	require.Equal(t, "mql_revoked", heard(t, s, ada))
}

func TestUnscoringRefusesWhatIsNotTheLeads(t *testing.T) {
	s := house(t)
	ada, bob := newLead(t, s, "ada@example.com"), newLead(t, s, "bob@example.com")
	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit", ClientID: "1"}, record.Event{LeadID: bob, Type: "form_submit", ClientID: "2"})
	for _, ids := range [][]string{{idOf(t, s, "1"), idOf(t, s, "2")}, {newID()}, {"no id"}} {
		_, err := s.Unscore(t.Context(), record.Unscore{LeadID: ada, EventIDs: ids, Reason: "scanner"})
		require.ErrorIs(t, err, record.ErrNotFound)
	}
	require.Equal(t, "5 cold -", rowOf(t, s, ada))
	require.NoError(t, s.EraseLead(t.Context(), ada, sysActor))
	_, err := s.Unscore(t.Context(), record.Unscore{LeadID: ada, MailID: newID(), Reason: "scanner"})
	require.ErrorIs(t, err, record.ErrErased)
}

// What a score has of events that are gone stays when others are taken back.
func TestUnscoringKeepsWhatIsNoLongerKept(t *testing.T) {
	s := house(t)
	ada, young := newLead(t, s, "ada@example.com"), ""
	for range 8 {
		ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"})
	}
	aged(t, s)
	young = newLead(t, s, "young@example.com")
	for _, id := range []string{ada, young} {
		ingest(t, s, record.Event{LeadID: id, Type: "form_submit", ClientID: "1" + id}, record.Event{LeadID: id, Type: "form_submit", ClientID: "2" + id})
	}
	require.Equal(t, "50 warm -", rowOf(t, s, ada))
	unscore(t, s, ada, idOf(t, s, "2"+ada))
	require.Equal(t, "45 warm -", rowOf(t, s, ada))
	newest := func() time.Time {
		var acc scoring.Accumulators
		require.NoError(t, acc.ScanBytes(one[[]byte](t, s, "SELECT accumulators FROM scores WHERE lead_id = $1", ada)))
		return time.UnixMicro(acc.Newest)
	}
	require.Equal(t, one[time.Time](t, s, "SELECT occurred_at FROM events WHERE client_id = $1", "1"+ada).UnixMicro(), newest().UnixMicro(), "not that of what was taken back")
	got := explainedAt(t, s, ada, time.Time{})
	require.Equal(t, 45, got.Score)
	addsUp(t, got)
	unscore(t, s, ada, idOf(t, s, "1"+ada))
	require.Equal(t, "40 warm -", rowOf(t, s, ada))
	require.False(t, newest().After(one[time.Time](t, s, "SELECT since FROM events_kept")), "nothing that is gone is younger than what is kept")
	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"})
	require.Equal(t, "45 warm -", rowOf(t, s, ada))
	unscore(t, s, young, idOf(t, s, "1"+young), idOf(t, s, "2"+young))
	require.Equal(t, record.Verified{Leads: 2, Unknown: 1}, verified(t, s), "the young one is exact")
}

// A rep who was alerted is told; who was not, is not any more.
func TestUnscoringTellsTheRepWhoWasAlerted(t *testing.T) {
	s := floor(t)
	boss := newRep(t, s, "boss", func(r *record.Rep) { r.Active = false })
	team := newTeam(t, s, record.Team{Name: "inbound", ManagerID: &boss})
	rep := newRep(t, s, "ann", func(r *record.Rep) { r.TeamID = &team })
	_, err := s.CreateWebhook(t.Context(), record.Webhook{URL: "https://example.com/in", Secret: "x", Active: true, Kinds: []string{"handoff.retracted"}})
	require.NoError(t, err)
	told := func(lead string) []string {
		t.Helper()
		return one[[]string](t, s, `SELECT array_agg(kind || ' ' || channel || ' ' || state || ' ' || CASE rep_id WHEN $2 THEN 'ann' ELSE 'boss' END ORDER BY kind, channel, rep_id = $2)
			FROM deliveries WHERE lead_id = $1`, lead, rep)
	}
	made := func(name string) (lead, event string) {
		lead = newLead(t, s, name+"@example.com")
		ingest(t, s, record.Event{LeadID: lead, Type: "demo_request", ClientID: name})
		exec(t, s, "UPDATE leads SET stage = 'handoff', team_id = $2 WHERE id = $1", lead, team)
		require.NotNil(t, offer(t, s, lead, 1).Offer)
		return lead, idOf(t, s, name)
	}
	unsent, _ := made("unsent")
	event := "unsent" // by the id its client gave it
	unscore(t, s, unsent, event)
	require.Equal(t, []string{"offer mail expired ann", "retraction webhook queued ann"}, told(unsent))

	sent, event := made("sent")
	exec(t, s, "UPDATE deliveries SET state = 'sent' WHERE lead_id = $1 AND channel = 'mail'", sent)
	exec(t, s, `INSERT INTO deliveries (id, key, lane, channel, kind, state, lead_id, cycle, assignment_id, rep_id)
		SELECT gen_random_uuid(), 'escalated', 'alert', 'mail', 'escalation', 'sent', lead_id, 1, id, $2 FROM assignments WHERE lead_id = $1`, sent, boss)
	unscore(t, s, sent, event)
	require.Equal(t, []string{"escalation mail sent boss", "offer mail sent ann", "retraction mail queued boss", "retraction mail queued ann", "retraction webhook queued ann"}, told(sent))
	claimed := claim(t, s, record.LaneAlert)
	require.Len(t, claimed, 2)
	require.Equal(t, []string{"retraction", ""}, []string{claimed[0].Kind, claimed[0].Stop}, "it goes out")
	require.Contains(t, string(claimed[0].Payload), `"reason": "scanner"`)

	taken, event := made("taken")
	exec(t, s, "UPDATE assignments SET state = 'accepted', decided_at = now() WHERE lead_id = $1; ", taken)
	exec(t, s, "UPDATE leads SET stage = 'working' WHERE id = $1", taken)
	unscore(t, s, taken, event)
	require.Contains(t, told(taken), "retraction mail queued ann", "who works on it, too")
	require.Equal(t, "demo_request mql_revoked", heard(t, s, taken))

	quiet, event := made("quiet")
	exec(t, s, "UPDATE leads SET alert = false WHERE id = $1", quiet)
	exec(t, s, "UPDATE deliveries SET state = 'sent' WHERE lead_id = $1", quiet)
	unscore(t, s, quiet, event)
	require.Equal(t, []string{"offer mail sent ann"}, told(quiet))
}

// The mail of a withdrawal that a run records has the key of the retraction.
func TestARetractionIsTheOnlyMailAboutAWithdrawal(t *testing.T) {
	s := floor(t)
	newRep(t, s, "ann", nil)
	lead := newLead(t, s, "ada@example.com")
	ingest(t, s, record.Event{LeadID: lead, Type: "demo_request", ClientID: "1"})
	exec(t, s, "UPDATE leads SET stage = 'handoff'")
	o := offer(t, s, lead, 1).Offer
	exec(t, s, "UPDATE deliveries SET state = 'sent'")
	unscore(t, s, lead, idOf(t, s, "1"))
	l := lifecycle.New(lead)
	l.Stage, l.Version = lifecycle.StageNurturing, 5
	_, err := s.RecordStage(t.Context(), lifecycle.Carried{Lead: l, Entries: []lifecycle.Entry{{
		At: time.Now(), Kind: lifecycle.Revoked, Cycle: 1, Outcome: "withdrawn", Assignment: o.Assignment, Why: "unscored",
	}}})
	require.NoError(t, err)
	require.Equal(t, "withdrawn", one[string](t, s, "SELECT state FROM assignments"))
	require.Equal(t, []string{"offer", "retraction"}, one[[]string](t, s, "SELECT array_agg(kind ORDER BY kind) FROM deliveries"))
}

// A step that waits for a click does not take a machine's for one.
func TestASequenceDoesNotSeeWhatWasTakenBack(t *testing.T) {
	s := garden(t)
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com", Profile: map[string]any{"title": "Chief"}})
	now := time.Now().UTC().Truncate(time.Microsecond)
	move := goOn(t, s, ada, lifecycle.Position{}, now.Add(-72*time.Hour))
	move = goOn(t, s, ada, move.Position, now)
	require.Equal(t, "ask", move.Position.Step)
	ingest(t, s, record.Event{LeadID: ada, Type: "email_click", ClientID: "1"})
	exec(t, s, "UPDATE events SET occurred_at = $1", now.Add(time.Hour))
	unscore(t, s, ada, idOf(t, s, "1"))
	move = goOn(t, s, ada, move.Position, now.Add(2*time.Hour))
	require.Equal(t, []any{"", "ask"}, []any{move.Mail, move.Position.Step})
}
