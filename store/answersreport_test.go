package store

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// saidBy is a customer who was asked and answered, by mail; a score below 0 is no answer, and the mail went out.
func saidBy(t *testing.T, s *Store, name string, score int, text string) string {
	t.Helper()
	lead := customer(t, s, name, 5)
	q, err := s.AskLead(t.Context(), lead, "nps", lifecycle.System)
	require.NoError(t, err)
	exec(t, s, `UPDATE deliveries SET state = 'sent', sent_at = now() WHERE lead_id = $1`, lead)
	if score >= 0 {
		kept, err := s.AnswerQuestion(t.Context(), lead, q.ID, record.Said{Score: &score, Text: text, Via: "link"})
		require.NoError(t, err)
		require.True(t, kept)
	}
	return lead
}

// Each figure is what the answers come to, can be opened into whose they are, and none of it holds a word of theirs.
func TestAnswersReport_countsAndOpens(t *testing.T) {
	s := floor(t)
	exec(t, s, `DELETE FROM themes`)
	for code, words := range map[string][]string{"price": {"pric*"}, "people": {"friendly"}} {
		_, err := s.SetTheme(t.Context(), record.Theme{Code: code, Title: "On " + code, Words: words})
		require.NoError(t, err)
	}
	ada := saidBy(t, s, "ada", 10, "Zyx! Friendly, and a fair price")
	exec(t, s, `INSERT INTO events (id, lead_id, client_id, type, occurred_at, properties) VALUES (gen_random_uuid(), $1, 'a', 'content_download', now(), '{"name": "guide"}')`, ada)
	ben, eve, dan := saidBy(t, s, "ben", 6, "The pricing"), saidBy(t, s, "eve", 8, "zyx nothing of that"), saidBy(t, s, "dan", 9, "")
	saidBy(t, s, "fay", -1, "")
	unsent := customer(t, s, "gus", 5)
	_, err := s.AskLead(t.Context(), unsent, "nps", lifecycle.System)
	require.NoError(t, err)
	lost := customer(t, s, "lea", 5)
	exec(t, s, `UPDATE outcomes SET kind = 'lost', missing = 'zyx a lower price', rules = '[{"rule": "visits"}]', at = now() - interval '1 minute' WHERE lead_id = $1`, lost)
	exec(t, s, `UPDATE questions SET content = '{guide}' WHERE lead_id = $1`, ada)
	exec(t, s, `INSERT INTO journeys (lead_id, cycle, began_at, stage, stage_at, cycles, source_code, band, model_version)
		SELECT id, 1, now(), 'won', now(), 1, CASE WHEN id = $1 THEN 'ads' ELSE 'web' END, 'hot', 1 FROM leads`, ben)

	f := record.AnswerFilter{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour), Said: "buyer", Question: "nps"}
	got, err := s.AnswersReport(t.Context(), f)
	require.NoError(t, err)
	all := got.Total
	require.Equal(t, []int{5, 4, 3, 2, 1, 1}, []int{all.Asked, all.Answered, all.Told, all.NPS.Promoters, all.NPS.Passives, all.NPS.Detractors}, "whose mail did not go out was not asked")
	require.InDelta(t, 25, *all.NPS.Score, 1e-9)
	require.Less(t, *all.NPS.Low, 0.0)
	require.InDelta(t, 0.8, *all.Response.Rate, 1e-9)
	require.Empty(t, got.Items)

	report := func(by string) map[string]record.AnswerLine {
		t.Helper()
		f.By = by
		r, err := s.AnswersReport(t.Context(), f)
		require.NoError(t, err)
		require.Equal(t, all.Asked, r.Total.Asked, "the whole is the whole, however it is broken down")
		out := map[string]record.AnswerLine{}
		for _, l := range r.Items {
			out[l.Key] = l
		}
		return out
	}
	opened := func(figure, key string) []string {
		t.Helper()
		var leads []string
		for cursor := ""; ; {
			page, err := s.Answers(t.Context(), f, figure, key, cursor, 1)
			require.NoError(t, err)
			for _, a := range page.Items {
				leads = append(leads, a.LeadID)
			}
			if cursor = page.NextCursor; cursor == "" {
				return leads
			}
		}
	}
	themes := report("theme")
	require.Len(t, themes, 3)
	require.Equal(t, []any{"On price", 2, 1, 1}, []any{themes["price"].Name, themes["price"].Told, themes["price"].NPS.Promoters, themes["price"].NPS.Detractors})
	require.InDelta(t, 2.0/3, *themes["price"].Share.Rate, 1e-9)
	require.Equal(t, []int{1, 1}, []int{themes["people"].Told, themes[""].Told})
	require.ElementsMatch(t, []string{ada, ben}, opened("told", "price"))
	require.Equal(t, []string{eve}, opened("told", ""))
	require.Equal(t, []string{ben}, opened("detractors", "price"))
	require.Equal(t, 5, report("rule")["pricing"].Asked, "a rule that gave points twice counts once")
	require.Equal(t, []int{1, 1}, []int{len(report("content")), report("content")["guide"].Answered})
	require.Equal(t, []string{ada}, opened("answered", "guide"))
	require.Equal(t, []int{1, 4}, []int{report("source")["ads"].Answered, report("source")["web"].Asked})
	require.Equal(t, 5, report("model")["1"].Asked)
	require.Len(t, report("week"), 1)
	f.By = ""
	require.ElementsMatch(t, []string{ada, dan}, opened("promoters", ""))
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(opened("asked", "")))), 5)

	f.Said, f.Question, f.By = "rep", "lost", "theme"
	noted, err := s.AnswersReport(t.Context(), f)
	require.NoError(t, err)
	require.Equal(t, []any{1, "price", 1}, []any{noted.Total.Told, noted.Items[0].Key, noted.Items[0].Told}, "what sales noted is counted apart")
	require.Equal(t, []string{lost}, opened("told", "price"))
	_, err = s.SetTheme(t.Context(), record.Theme{Code: "price", Title: "Price", Words: []string{"cost"}})
	require.NoError(t, err)
	noted, err = s.AnswersReport(t.Context(), f)
	require.NoError(t, err)
	require.Equal(t, "", noted.Items[0].Key, "by the new words at once")
}
