package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

func ingest(t *testing.T, s *Store, events ...record.Event) []record.Ingested {
	t.Helper()
	out, err := s.Ingest(t.Context(), events)
	require.NoError(t, err)
	require.Len(t, out, len(events))
	return out
}

// takeAll is Ingest for one of many at once: whom somebody else holds for too long is tried again.
func takeAll(ctx context.Context, s *Store, events []record.Event) error {
	for len(events) > 0 {
		out, err := s.Ingest(ctx, events)
		if err != nil {
			return err
		}
		var left []record.Event
		for i, r := range out {
			if r.Waits {
				left = append(left, events[i])
			}
		}
		events = left
	}
	return nil
}

// newLead captures somebody and forgets what the run was to be told of it.
func newLead(t *testing.T, s *Store, email string) string {
	t.Helper()
	id := capture(t, s, record.Capture{Email: email}).LeadID
	exec(t, s, "DELETE FROM outbox WHERE lead_id = $1", id)
	return id
}

// heard is what the run of the lead is to be told: kinds of triggers, or "nothing".
func heard(t *testing.T, s *Store, id string) any {
	t.Helper()
	return one[string](t, s, `SELECT coalesce((SELECT coalesce((SELECT string_agg(k, ' ' ORDER BY k) FROM jsonb_object_keys(triggers) k), '')
		FROM outbox WHERE lead_id = $1), 'nothing')`, id)
}

func TestIngestAnswersItemByItem(t *testing.T) {
	s := house(t)
	ada, gone := newLead(t, s, "ada@example.com"), newLead(t, s, "gone@example.com")
	require.NoError(t, s.EraseLead(t.Context(), gone, sysActor))
	now := time.Now()
	visitor := "visitor-0123456789abcdef"
	got := ingest(t, s,
		record.Event{LeadID: ada, Type: "page_view", ClientID: "1"},
		record.Event{Email: "ada@example.com", Type: "page_view", ClientID: "1"},
		record.Event{Email: "nobody@example.com", Type: "page_view"},
		record.Event{LeadID: newID(), Type: "page_view"},
		record.Event{LeadID: "no id", Type: "page_view"},
		record.Event{LeadID: gone, Type: "page_view"},
		record.Event{VisitorID: visitor, Type: "page_view", ClientID: "1"},
		record.Event{VisitorID: "short", Type: "page_view"},
		record.Event{LeadID: ada, Type: "page_view", OccurredAt: now.Add(6 * time.Minute)},
		record.Event{LeadID: ada, Type: "page_view", OccurredAt: now.Add(4 * time.Minute)},
		record.Event{LeadID: ada, Type: "page_view", OccurredAt: now.Add(-31 * 24 * time.Hour)},
		record.Event{LeadID: ada, Type: "page_view", OccurredAt: now.Add(-29 * 24 * time.Hour)},
		record.Event{LeadID: ada, Type: "page_view"},
	)
	require.Equal(t, []record.Ingested{
		{LeadID: ada},
		{LeadID: ada, Duplicate: true},
		{Code: "unknown_lead"},
		{Code: "unknown_lead"},
		{Code: "unknown_lead"},
		{Code: "erased"},
		{},
		{Code: "invalid"},
		{Code: "occurred_at_in_future"},
		{LeadID: ada},
		{Code: "too_old"},
		{LeadID: ada},
		{LeadID: ada},
	}, got)
	require.Equal(t, 5, one[int](t, s, "SELECT count(*) FROM events"))
	again := ingest(t, s, record.Event{LeadID: ada, Type: "page_view", ClientID: "1"}, record.Event{VisitorID: visitor, Type: "page_view", ClientID: "1"})
	require.True(t, again[0].Duplicate && again[1].Duplicate)
	require.Equal(t, 5, one[int](t, s, "SELECT count(*) FROM events"))
	exec(t, s, "UPDATE events SET received_at = received_at - interval '36 days'")
	require.False(t, ingest(t, s, record.Event{LeadID: ada, Type: "page_view", ClientID: "1"})[0].Duplicate)
}

// A visitor may call itself whatever it likes, also by the id of a lead.
func TestALeadAndAVisitorAreNotMistakenForEachOther(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	got := ingest(t, s, record.Event{VisitorID: ada, Type: "page_view", ClientID: "1"}, record.Event{LeadID: ada, Type: "demo_request", ClientID: "1"})
	require.False(t, got[0].Duplicate || got[1].Duplicate)
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM events"))
}

// Whom somebody holds, a lead or a visitor, costs nobody else anything; let go, they are taken.
func TestWhoIsHeldWaitsAlone(t *testing.T) {
	s := house(t)
	ada, bob, cyd := newLead(t, s, "ada@example.com"), newLead(t, s, "bob@example.com"), newLead(t, s, "cyd@example.com")
	const nobodys, cyds, freeOne = "visitor-nobodys-0123456789", "visitor-of-cyd-0123456789", "visitor-free-0123456789"
	ingest(t, s, record.Event{VisitorID: nobodys, Type: "page_view"}, record.Event{VisitorID: cyds, Type: "page_view"})
	capture(t, s, record.Capture{Email: "cyd@example.com", VisitorID: cyds})
	tx, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SELECT FROM leads WHERE id IN ($1, $2) FOR UPDATE", ada, cyd)
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SELECT FROM visitors WHERE visitor_id = $1 FOR UPDATE", nobodys)
	require.NoError(t, err)
	events := []record.Event{
		{LeadID: strings.ToUpper(ada), Type: "page_view", ClientID: "1"},
		{LeadID: bob, Type: "page_view", ClientID: "2"},
		{Email: "ada@example.com", Type: "page_view", ClientID: "3"},
		{VisitorID: nobodys, Type: "page_view", ClientID: "4"},
		{VisitorID: cyds, Type: "page_view", ClientID: "5"},
		{VisitorID: freeOne, Type: "page_view", ClientID: "6"},
		{Email: "nobody@example.com", Type: "page_view", ClientID: "7"},
	}
	waits := record.Ingested{Waits: true}
	require.Equal(t, []record.Ingested{waits, {LeadID: bob}, waits, waits, waits, {}, {Code: "unknown_lead"}}, ingest(t, s, events...))
	require.Equal(t, []record.Ingested{waits}, ingest(t, s, events[0]), "alone as well")
	require.NoError(t, tx.Rollback(t.Context()))
	require.Equal(t, []record.Ingested{
		{LeadID: ada}, {LeadID: bob, Duplicate: true}, {LeadID: ada}, {}, {LeadID: cyd}, {Duplicate: true}, {Code: "unknown_lead"},
	}, ingest(t, s, events...))
}

func TestABatchThatFailsStoresNothing(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	_, err := s.Ingest(t.Context(), []record.Event{
		{LeadID: ada, Type: "webinar_attendance", ClientID: "1"},
		{LeadID: ada, Type: "page_view", Properties: map[string]any{"title": "secret\x00"}},
	})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret")
	require.Zero(t, one[int](t, s, "SELECT (SELECT count(*) FROM events) + (SELECT score FROM scores)"))
	require.False(t, ingest(t, s, record.Event{LeadID: ada, Type: "webinar_attendance", ClientID: "1"})[0].Duplicate)
}

func TestARunHearsOnlyOfWhatMatters(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	hears := func(want string, events ...record.Event) {
		t.Helper()
		for i := range events {
			events[i].LeadID = ada
		}
		ingest(t, s, events...)
		require.Equal(t, want, heard(t, s, ada))
	}
	web := record.Event{Type: "webinar_attendance"}
	hears("nothing", web)
	hears("", web) // 40: warm
	require.Equal(t, "40 warm", one[string](t, s, "SELECT score || ' ' || band FROM outbox"))
	exec(t, s, "DELETE FROM outbox")
	hears("nothing", web, web)
	exec(t, s, "UPDATE leads SET touch_wanted = '{email_click,page_view}'")
	hears("nothing", record.Event{Type: "email_open"})
	hears("first_touch", record.Event{Type: "page_view"})
	require.Nil(t, one[*string](t, s, "SELECT touch_wanted::text FROM leads"))
	hears("first_touch", record.Event{Type: "page_view"})
	exec(t, s, "DELETE FROM outbox")
	hears("mql", web, record.Event{Type: "form_submit"}, record.Event{Type: "form_submit"}) // 90 + 10
	first := one[time.Time](t, s, "SELECT mql_at FROM scores WHERE mql_cycle = 1 AND score = 100 AND band = 'hot'")
	exec(t, s, "DELETE FROM outbox")
	hears("nothing", record.Event{Type: "form_submit"})
	hears("demo_request", record.Event{Type: "demo_request"})
	require.Equal(t, first, one[time.Time](t, s, "SELECT mql_at FROM scores"), "a cycle qualifies once")
	exec(t, s, "DELETE FROM outbox")
	hears("unsubscribe", record.Event{Type: "unsubscribe"}) // 105 - 40 crosses a band, too
	require.Equal(t, "unsubscribe", one[string](t, s, "SELECT reason FROM suppressions WHERE email = 'ada@example.com'"))
	exec(t, s, "DELETE FROM outbox; DELETE FROM suppressions")
	hears("nothing", record.Event{Type: "email_bounce", Properties: map[string]any{"kind": "soft"}})
	hears("bounce", record.Event{Type: "email_bounce"})
	hears("bounce complaint", record.Event{Type: "complaint"})
	require.Equal(t, "complaint", one[string](t, s, "SELECT reason FROM suppressions"))
}

func TestOutboxRowsGrow(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	ingest(t, s, record.Event{LeadID: ada, Type: "demo_request"})
	ingest(t, s, record.Event{LeadID: ada, Type: "unsubscribe"})
	ingest(t, s, record.Event{LeadID: ada, Type: "demo_request"})
	rows, err := s.ClaimOutbox(t.Context(), 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, map[string]int64{"demo_request": rows[0].Seq, "unsubscribe": rows[0].Seq - 1}, rows[0].Triggers)
}

func TestClosedLeadsAreScoredAndStartNothing(t *testing.T) {
	s := house(t)
	for _, stage := range []string{"won", "disqualified", "lost"} {
		id := newLead(t, s, stage+"@example.com")
		exec(t, s, "UPDATE leads SET stage = $2, touch_wanted = '{page_view}' WHERE id = $1", id, stage)
		events := []record.Event{{LeadID: id, Type: "demo_request"}, {LeadID: id, Type: "page_view"}}
		for range 25 {
			events = append(events, record.Event{LeadID: id, Type: "form_submit"})
		}
		ingest(t, s, events...)
		require.Equal(t, "nothing", heard(t, s, id), stage)
		require.Equal(t, 125, one[int](t, s, "SELECT score FROM scores WHERE lead_id = $1 AND mql_at IS NULL", id), stage)
		ingest(t, s, record.Event{LeadID: id, Type: "unsubscribe"})
		require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM suppressions WHERE lead_id = $1", id))
		want := map[string]string{"won": "nothing", "disqualified": "nothing", "lost": "unsubscribe"}[stage]
		require.Equal(t, want, heard(t, s, id), stage)
		capture(t, s, record.Capture{Email: stage + "@example.com"})
		want = map[string]string{"won": "nothing", "disqualified": "capture", "lost": "capture unsubscribe"}[stage]
		require.Equal(t, want, heard(t, s, id), stage)
	}
}

func TestALaterCycleQualifiesByAnEdgeOfItsOwn(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	for range 20 {
		ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"})
	}
	require.Equal(t, "mql", heard(t, s, ada))
	exec(t, s, "DELETE FROM outbox")
	exec(t, s, "UPDATE leads SET cycle = 2, cycle_started_at = now() + interval '10 minutes'")
	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"}, record.Event{LeadID: ada, Type: "demo_request"})
	require.Equal(t, "nothing", heard(t, s, ada), "it happened before the cycle began")
	exec(t, s, "UPDATE leads SET cycle_started_at = now() - interval '1 minute'")
	require.NoError(t, s.PatchLead(t.Context(), ada, record.Capture{Profile: map[string]any{"city": "Bonn"}, Via: "api"}))
	require.Equal(t, "nothing", heard(t, s, ada), "a kept score does not qualify by itself")
	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"})
	require.Equal(t, "mql", heard(t, s, ada))
	require.Equal(t, 2, one[int](t, s, "SELECT mql_cycle FROM scores"))
}

// Who went stale and comes back in strength is not left to the end of a cool-down; who rests with a high score is.
func TestEngagementThatLiftsADormantLeadToTheThresholdWakesIt(t *testing.T) {
	s := house(t)
	forms := func(id string, n int) {
		for range n {
			ingest(t, s, record.Event{LeadID: id, Type: "form_submit"})
		}
	}
	stale := newLead(t, s, "stale@example.com")
	forms(stale, 19) // 95
	exec(t, s, "UPDATE leads SET stage = 'dormant'; DELETE FROM outbox")
	ingest(t, s, record.Event{LeadID: stale, Type: "content_download"})
	require.Equal(t, "content_download mql", heard(t, s, stale))

	kept := newLead(t, s, "kept@example.com")
	forms(kept, 20) // 100: it qualified
	exec(t, s, "UPDATE leads SET stage = 'dormant'; DELETE FROM outbox")
	forms(kept, 3)
	require.Equal(t, "nothing", heard(t, s, kept))
	ingest(t, s, record.Event{LeadID: kept, Type: "unsubscribe"}) // 75
	exec(t, s, "DELETE FROM outbox")
	forms(kept, 5)
	require.Equal(t, "form_submit", heard(t, s, kept), "it cooled, and is lifted anew, in a cycle that was an MQL before")
}

func TestAProfileCompletesAnEngagedLead(t *testing.T) {
	s := house(t)
	ada, idle := newLead(t, s, "ada@example.com"), newLead(t, s, "idle@example.com")
	for range 15 {
		ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"})
	}
	exec(t, s, "DELETE FROM outbox")
	require.NoError(t, s.PatchLead(t.Context(), ada, record.Capture{Profile: map[string]any{"title": "Chief"}, Via: "api"}))
	require.Equal(t, "mql", heard(t, s, ada))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM scores WHERE lead_id = $1 AND mql_at IS NOT NULL AND mql_cycle = 1", ada))
	require.NoError(t, s.PatchLead(t.Context(), idle, record.Capture{Profile: map[string]any{"title": "Chief"}, Via: "api"}))
	require.Equal(t, "nothing", heard(t, s, idle))
}

// recomputed is the score of a lead from its rows alone.
func recomputed(t *testing.T, s *Store, leadID string, model string) scoring.Explanation {
	t.Helper()
	var m scoring.Model
	require.NoError(t, json.Unmarshal([]byte(model), &m))
	scorer, err := scoring.New(m)
	require.NoError(t, err)
	rows, _ := s.pool.Query(t.Context(), "SELECT id, type, occurred_at, received_at, properties FROM events WHERE lead_id = $1", leadID)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[happened])
	require.NoError(t, err)
	var events []scoring.Event
	for _, h := range found {
		events = append(events, h.scored(nil))
	}
	profile := one[person.Profile](t, s, "SELECT profile FROM leads WHERE id = $1", leadID)
	rows, _ = s.pool.Query(t.Context(), "SELECT at, policy, cycle FROM adjustments WHERE lead_id = $1 ORDER BY at", leadID)
	adjustments, err := pgx.CollectRows(rows, pgx.RowToStructByName[scoring.Adjustment])
	require.NoError(t, err)
	at := one[time.Time](t, s, "SELECT evaluated_at FROM scores WHERE lead_id = $1", leadID)
	return scorer.Explain(profile, events, adjustments, at, "")
}

func TestConcurrentIngestsLoseAndDoubleNothing(t *testing.T) {
	s := house(t)
	var leads []string
	for i := range 12 {
		leads = append(leads, capture(t, s, record.Capture{
			Email: fmt.Sprintf("p%d@example.com", i), Profile: map[string]any{"title": "Chief"},
		}).LeadID)
	}
	types := []string{"content_download", "webinar_attendance", "page_view", "form_submit", "cta_click", "unsubscribe", "email_open"}
	now := time.Now()
	var all []record.Event
	for i := range 1200 {
		all = append(all, record.Event{
			LeadID: leads[rand.IntN(len(leads))], Type: types[rand.IntN(len(types))], ClientID: fmt.Sprint(i),
			OccurredAt: now.Add(-time.Duration(rand.IntN(25*24)) * time.Hour), Properties: map[string]any{"n": i},
		})
	}
	// Every event is sent twice, in shuffled batches, at once.
	sent := append(append([]record.Event{}, all...), all...)
	rand.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
	started := time.Now()
	together(t, 24, func(i int) error {
		return takeAll(t.Context(), s, sent[i*100:(i+1)*100])
	})
	require.Less(t, time.Since(started), 20*time.Second, "locks are taken in one order, so nobody waits for a deadlock to be found")
	require.Equal(t, 1200, one[int](t, s, "SELECT count(*) FROM events"))
	for _, id := range leads {
		want := recomputed(t, s, id, testModel)
		require.Equal(t, want.Score, one[int](t, s, "SELECT score FROM scores WHERE lead_id = $1", id))
		require.Equal(t, want.Engagement, one[float64](t, s, "SELECT engagement FROM scores WHERE lead_id = $1", id))
	}
}

// Without ids nothing but the leads' row locks keeps two batches apart.
func TestFoldingLosesNoUpdate(t *testing.T) {
	s := house(t)
	a, b := newLead(t, s, "a@example.com"), newLead(t, s, "b@example.com")
	together(t, 20, func(i int) error {
		first, second := a, b
		if i%2 == 0 {
			first, second = b, a
		}
		return takeAll(t.Context(), s, []record.Event{{LeadID: first, Type: "form_submit"}, {LeadID: second, Type: "form_submit"}})
	})
	require.Equal(t, "100 100", one[string](t, s, "SELECT string_agg(score::text, ' ') FROM scores"))
}

func TestAnAdjustmentDividesWhatIsFolded(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	now := time.Now()
	form := func(age time.Duration) record.Event {
		return record.Event{LeadID: ada, Type: "form_submit", OccurredAt: now.Add(-age)}
	}
	ingest(t, s, form(72*time.Hour), form(60*time.Hour), form(50*time.Hour), form(49*time.Hour))
	require.Equal(t, 20, one[int](t, s, "SELECT score FROM scores"))
	exec(t, s, "INSERT INTO adjustments (lead_id, cycle, at, policy) VALUES ($1, 2, $2, 'halve')", ada, now.Add(-48*time.Hour))
	exec(t, s, "UPDATE leads SET cycle = 2, cycle_started_at = $1", now.Add(-48*time.Hour))
	ingest(t, s, form(70*time.Hour), form(time.Hour)) // one of them late: it belongs before the adjustment
	require.Equal(t, 18, one[int](t, s, "SELECT score FROM scores"), "half of 25, and 5, half up")
	require.Equal(t, recomputed(t, s, ada, testModel).Score, one[int](t, s, "SELECT score FROM scores"))
}

func BenchmarkIngest(b *testing.B) {
	s := New(testPool(b), Options{SuppressionKey: testKey})
	ctx := b.Context()
	m, err := s.CreateModel(ctx, record.Model{Source: testModel, Document: json.RawMessage(testModel)})
	require.NoError(b, err)
	_, err = s.PublishModel(ctx, m.Version)
	require.NoError(b, err)
	var leads []string
	for i := range 2000 {
		out, err := s.Capture(ctx, record.Capture{Email: fmt.Sprintf("p%d@example.com", i), Via: "api"})
		require.NoError(b, err)
		leads = append(leads, out.LeadID)
	}
	n := 0
	for b.Loop() {
		batch := make([]record.Event, 500)
		for i := range batch {
			n++
			batch[i] = record.Event{LeadID: leads[rand.IntN(len(leads))], Type: "page_view", ClientID: fmt.Sprint(n), Properties: map[string]any{"path": "/pricing"}}
		}
		err := takeAll(ctx, s, batch)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}

func TestANewModelReachesEverybody(t *testing.T) {
	s := house(t)
	ada, eve := newLead(t, s, "ada@example.com"), newLead(t, s, "eve@example.com")
	visitor := "visitor-0123456789abcdef"
	for _, id := range []string{ada, eve} {
		ingest(t, s, record.Event{LeadID: id, Type: "webinar_attendance"}, record.Event{LeadID: id, Type: "form_submit"})
	}
	ingest(t, s, record.Event{VisitorID: visitor, Type: "form_submit"})
	const next = `{"mql": {"score": 100}, "bands": {"hot": 100, "warm": 40}, "grades": {"A": 45, "B": 30, "C": 15},
		"engagement": [{"id": "form", "on": "form_submit", "points": 50}]}`
	publish(t, s, next)
	capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor})
	require.Equal(t, 100, one[int](t, s, "SELECT score FROM scores WHERE lead_id = $1", ada), "all its past, and the visitor's once")
	require.Equal(t, 25, one[int](t, s, "SELECT score FROM scores WHERE lead_id = $1", eve))
	require.NoError(t, s.Rescore(t.Context()))
	require.Equal(t, 50, one[int](t, s, "SELECT score FROM scores WHERE lead_id = $1", eve))
	require.Equal(t, "", heard(t, s, eve), "its band was crossed")
	for _, id := range []string{ada, eve} {
		require.Equal(t, recomputed(t, s, id, next).Score, one[int](t, s, "SELECT score FROM scores WHERE lead_id = $1", id))
	}
	require.Equal(t, 1, one[int](t, s, "SELECT count(DISTINCT model_version) FROM scores"))
}
