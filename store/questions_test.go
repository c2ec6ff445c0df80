package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// asksAll is a policy that asks buyers when they are won or lost, and customers a month after.
func asksAll(t *testing.T, s *Store, ask string) {
	t.Helper()
	exec(t, s, `UPDATE policies SET document = jsonb_set(document, '{notify}', jsonb_build_object('ask', $1::jsonb)) WHERE active`, ask)
}

// customer is a lead that was won so many days ago.
func customer(t *testing.T, s *Store, name string, days int) string {
	t.Helper()
	id := newID()
	exec(t, s, `INSERT INTO leads (id, email, stage, source_code, cycle, nurture) VALUES ($1, $2, 'won', 'web', 1, true)`, id, name+"@customer.example")
	exec(t, s, `INSERT INTO outcomes (lead_id, cycle, kind, at, rules) VALUES ($1, 1, 'won', now() - make_interval(days => $2), '[{"rule": "pricing", "points": 20}, {"rule": "pricing", "points": 5}]')`, id, days)
	return id
}

func mailedTo(t *testing.T, s *Store, lead, kind string) int {
	t.Helper()
	return one[int](t, s, `SELECT count(*) FROM questions q JOIN deliveries d ON d.payload ->> 'question_id' = q.id::text WHERE q.lead_id = $1 AND q.kind = $2`, lead, kind)
}

// Customers are asked when the policy's time has come, once for each time they were won, and not those who may not be.
func TestAskCustomers_whoseTimeHasCome(t *testing.T) {
	s := floor(t)
	due, early, late, asleep := customer(t, s, "due", 31), customer(t, s, "early", 29), customer(t, s, "late", 30+90+31), customer(t, s, "asleep", 40)
	muted, refused, unasked, gone := customer(t, s, "muted", 31), customer(t, s, "refused", 31), customer(t, s, "unasked", 31), customer(t, s, "gone", 31)
	exec(t, s, `UPDATE leads SET muted = 'unsubscribe' WHERE id = $1`, muted)
	exec(t, s, `UPDATE leads SET consent = '{"marketing": false}' WHERE id = $1`, refused)
	exec(t, s, `UPDATE leads SET nurture = false WHERE id = $1`, unasked)
	exec(t, s, `UPDATE leads SET stage = 'working' WHERE id = $1`, gone)
	exec(t, s, `INSERT INTO questions (id, lead_id, kind, cycle, asked_at) VALUES (gen_random_uuid(), $1, 'won', 1, now() - interval '40 days')`, asleep)
	n, err := s.AskCustomers(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "a policy that says nothing asks nobody")

	asksAll(t, s, `{"nps": "30d"}`)
	var all sync.WaitGroup
	sum, failed := make([]int, 4), make([]error, 4)
	for i := range sum {
		all.Go(func() { sum[i], failed[i] = s.AskCustomers(t.Context()) })
	}
	all.Wait()
	require.Equal(t, make([]error, 4), failed)
	require.Equal(t, 1, sum[0]+sum[1]+sum[2]+sum[3], "workers at once ask once")
	require.Equal(t, 1, mailedTo(t, s, due, "nps"))
	for name, lead := range map[string]string{"early": early, "late": late, "asked lately": asleep, "muted": muted, "refused": refused, "no mail wanted": unasked, "no customer": gone} {
		require.Zero(t, mailedTo(t, s, lead, "nps"), name)
	}
	exec(t, s, `UPDATE questions SET asked_at = asked_at - interval '91 days'`)
	_, err = s.AskCustomers(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{1, 1}, []int{mailedTo(t, s, due, "nps"), mailedTo(t, s, asleep, "nps")}, "once for each time they were won; who was asked something else waits")
}

// Nobody is asked twice within the policy's while, whatever it is, and of the two questions to buyers none twice in a life.
func TestAskLead_refusesWithTheReason(t *testing.T) {
	s := floor(t)
	asksAll(t, s, `{"every": "10d"}`)
	ada := customer(t, s, "ada", 3)
	q, err := s.AskLead(t.Context(), ada, "nps", lifecycle.Actor{Type: "key", ID: newID()})
	require.NoError(t, err)
	require.Equal(t, []any{"nps", 1, (*time.Time)(nil)}, []any{q.Kind, q.Cycle, q.AnsweredAt})
	require.Equal(t, 1, mailedTo(t, s, ada, "nps"))
	refused := func(lead, kind string) *record.AskRefused {
		t.Helper()
		_, err := s.AskLead(t.Context(), lead, kind, lifecycle.System)
		var r *record.AskRefused
		require.ErrorAs(t, err, &r)
		return r
	}
	again := refused(ada, "won")
	require.Equal(t, "asked_before", again.Why)
	require.WithinDuration(t, q.AskedAt.Add(10*24*time.Hour), *again.Again, 2*time.Hour, "a change of the clocks may lie between")
	exec(t, s, `UPDATE questions SET asked_at = asked_at - interval '11 days'`)
	_, err = s.AskLead(t.Context(), ada, "won", lifecycle.System)
	require.NoError(t, err)
	exec(t, s, `UPDATE questions SET asked_at = asked_at - interval '11 days'`)
	require.Equal(t, record.AskRefused{Why: "asked_before"}, *refused(ada, "won"), "never again")
	_, err = s.AskLead(t.Context(), ada, "nps", lifecycle.System)
	require.NoError(t, err, "the score may be asked again")
	require.Equal(t, "not_closed", refused(ada, "lost").Why)

	ben := customer(t, s, "ben", 3)
	exec(t, s, `UPDATE leads SET email = NULL, external_id = 'crm:1' WHERE id = $1`, ben)
	require.Equal(t, "no_address", refused(ben, "nps").Why)
	eve := customer(t, s, "eve", 3)
	_, err = s.Suppress(t.Context(), "eve@customer.example", "manual")
	require.NoError(t, err)
	require.Equal(t, "suppressed", refused(eve, "nps").Why)
	dan := customer(t, s, "dan", 3)
	exec(t, s, `UPDATE leads SET consent = '{"marketing": false}' WHERE id = $1`, dan)
	require.Equal(t, "no_consent", refused(dan, "nps").Why)

	_, err = s.AskLead(t.Context(), newID(), "nps", lifecycle.System)
	require.ErrorIs(t, err, record.ErrNotFound)
	twin := customer(t, s, "twin", 3)
	exec(t, s, `UPDATE leads SET merged_into = $2, merged_at = now(), stage = 'erased' WHERE id = $1`, ada, twin)
	require.Equal(t, "asked_before", refused(twin, "won").Why, "what was merged into them was asked")
}

// What was told aloud answers the question that is open; where none is, it is one of its own. Its text stands with its person alone.
func TestRecordAnswer_theFirstCounts(t *testing.T) {
	s := floor(t)
	ada := customer(t, s, "ada", 3)
	exec(t, s, `INSERT INTO events (id, lead_id, client_id, type, occurred_at, properties) VALUES
		(gen_random_uuid(), $1, 'a', 'content_download', now(), '{"asset": "guide"}'), (gen_random_uuid(), $1, 'b', 'webinar_attendance', now(), '{"name": "live"}'),
		(gen_random_uuid(), $1, 'c', 'content_download', now(), '{"asset": "guide"}'), (gen_random_uuid(), $1, 'd', 'page_view', now(), '{"title": "home"}')`, ada)
	q, err := s.AskLead(t.Context(), ada, "nps", lifecycle.System)
	require.NoError(t, err)
	told := record.Said{Score: new(9), Text: "Zyxada, friendly people", Via: "api"}
	got, err := s.RecordAnswer(t.Context(), ada, "nps", told, lifecycle.Actor{Type: "key", ID: newID()})
	require.NoError(t, err)
	require.Equal(t, q.ID, got.ID)
	require.Equal(t, []any{9, "api", []string{"guide", "live"}, (*string)(nil)}, []any{*got.Score, *got.Via, got.Content, got.Answer})
	kept, err := s.AnswerQuestion(t.Context(), ada, q.ID, record.Said{Score: new(0), Via: "link"})
	require.NoError(t, err)
	require.False(t, kept, "the first counts")
	_, err = s.RecordAnswer(t.Context(), ada, "nps", told, lifecycle.System)
	require.ErrorAs(t, err, new(*record.AskRefused))
	_, err = s.RecordAnswer(t.Context(), ada, "won", record.Said{Text: "the price", Via: "api"}, lifecycle.System)
	require.NoError(t, err, "who was asked something else may still tell something")
	_, err = s.RecordAnswer(t.Context(), ada, "lost", record.Said{Text: "x", Via: "api"}, lifecycle.System)
	require.ErrorAs(t, err, new(*record.AskRefused), "they were never lost")

	all, err := s.Asked(t.Context(), ada)
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "Zyxada, friendly people", *all[1].Answer)
	for _, table := range []string{"timeline", "outbox", "deliveries", "outcomes", "audit_log", "idempotency_keys"} {
		require.NotContains(t, one[string](t, s, `SELECT coalesce(string_agg(to_jsonb(x)::text, ''), '') FROM `+table+` x`), "yxada", table)
	}
}

// Words are found whatever their case and marks, in scripts that know two cases, and only as a whole.
func TestThemes_findWords(t *testing.T) {
	s := floor(t)
	exec(t, s, `DELETE FROM themes`)
	set := func(code string, words ...string) {
		_, err := s.SetTheme(t.Context(), record.Theme{Code: code, Title: code, Words: words})
		require.NoError(t, err)
	}
	set("price", "pric*", "zu teuer", "preis")
	set("overview", "übersicht*", "обзор")
	set("x", "c++")
	for text, want := range map[string][]string{
		"The PRICING!": {"price"}, "enterprice": nil, "It was zu\n teuer.": {"price"}, "teuer, zu": nil, "Preis": {"price"}, "Preisliste": nil,
		"Die ÜBERSICHTLICHKEIT": {"overview"}, "ОБЗОР": {"overview"}, "pricey übersicht": {"overview", "price"}, "don’t like": nil, "": nil, "a C compiler": {"x"}, "cc": nil,
	} {
		got := one[[]string](t, s, `SELECT coalesce(array_agg(t.code ORDER BY t.code), '{}') FROM themes t WHERE EXISTS (SELECT FROM unnest(t.sought) w WHERE position(w IN words_of($1)) > 0)`, text)
		require.ElementsMatch(t, want, got, text)
	}
	require.ErrorIs(t, s.RemoveTheme(t.Context(), "nothing"), record.ErrNotFound)
	require.NoError(t, s.RemoveTheme(t.Context(), "x"))
	set("price", "value")
	all, err := s.Themes(t.Context())
	require.NoError(t, err)
	require.Equal(t, "overview price", fmt.Sprint(all[0].Code, " ", all[1].Code))
	require.Equal(t, []string{"value"}, all[1].Words, "changed, not added to")
}
