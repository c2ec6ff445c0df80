package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func codes(all []record.Unknown) (out []string) {
	for _, u := range all {
		out = append(out, u.Code)
	}
	return out
}

// The course at each of its moments is what an explanation of that moment says.
func TestScoreCourse_isWhatIsExplainedOfEachMoment(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	begin := daysAgo(40)
	day := func(n int) time.Time { return begin.AddDate(0, 0, n) }
	exec(t, s, "UPDATE leads SET created_at = $2 WHERE id = $1", ada, begin)
	learns(t, s, ada, "title", `"Chief"`, day(5))
	learns(t, s, ada, "title", `"Clerk"`, day(30))
	for n := range 8 {
		happens(t, s, ada, "content_download", day(n), day(2*n), "")
	}
	happens(t, s, ada, "webinar_attendance", day(3), day(4), "voided_at = $2, void_reason = 'x'", day(20))
	happens(t, s, ada, "webinar_attendance", day(3), day(3), "inherited_at = $2", day(25))
	exec(t, s, "INSERT INTO adjustments (lead_id, cycle, at, policy) VALUES ($1, 2, $2, 'halve')", ada, day(33))
	got, err := s.ScoreCourse(t.Context(), record.Course{LeadID: ada, From: begin, To: day(38), Points: 39})
	require.NoError(t, err)
	require.Len(t, got.Items, 39)
	require.True(t, got.Items[38].At.Equal(day(38)))
	require.Empty(t, got.Unknown)
	seen := map[int]bool{}
	for _, m := range got.Items {
		e := explained(t, s, ada, m.At, 0)
		require.Equal(t, []any{e.Score, e.Fit, e.Engagement, e.Band, e.Grade}, []any{m.Score, m.Fit, m.Engagement, m.Band, m.Grade}, m.At)
		seen[m.Score] = true
	}
	require.Greater(t, len(seen), 15)
	m, err := s.ScoreCourse(t.Context(), record.Course{LeadID: ada, Points: 2})
	require.NoError(t, err)
	require.True(t, m.From.Equal(begin))
	require.Len(t, m.Items, 2)
	draft, err := s.CreateModel(t.Context(), record.Model{Source: "x", Document: []byte(ruled(1, 40, "300d"))})
	require.NoError(t, err)
	m, err = s.ScoreCourse(t.Context(), record.Course{LeadID: ada, From: day(9), To: day(10), Points: 2, Model: draft.Version})
	require.NoError(t, err)
	require.Equal(t, []int{2, 39}, []int{m.Model, m.Items[1].Score}, "it has decayed for a week")
	_, err = s.ScoreCourse(t.Context(), record.Course{LeadID: ada, Model: 99})
	require.ErrorIs(t, err, record.ErrNotFound)
	_, err = s.ScoreCourse(t.Context(), record.Course{LeadID: newID()})
	require.ErrorIs(t, err, record.ErrNotFound)
}

// A band that was reached by what was taken back is known of that moment; of later ones it is what the others alone had made of it.
func TestAnExplanationOfThePastKnowsTheBandOfThen(t *testing.T) {
	s := house(t)
	ada, bob := newLead(t, s, "ada@example.com"), newLead(t, s, "bob@example.com")
	at := daysAgo(20)
	for _, lead := range []string{ada, bob} {
		happens(t, s, lead, "webinar_attendance", at, at, "")
		for range 3 {
			happens(t, s, lead, "form_submit", at, at, "")
		}
	}
	happens(t, s, ada, "webinar_attendance", at, at, "voided_at = $2, void_reason = 'x'", at.Add(time.Hour))
	require.Equal(t, "warm", explained(t, s, ada, at, 0).Band)
	require.Equal(t, []any{35, "cold"}, []any{explained(t, s, ada, at.Add(2*time.Hour), 0).Score, explained(t, s, ada, at.Add(2*time.Hour), 0).Band})
	require.Equal(t, []any{35, "cold"}, []any{explained(t, s, bob, at.Add(2*time.Hour), 0).Score, explained(t, s, bob, at.Add(2*time.Hour), 0).Band})
}

// An answer about the past says which model was published then, when that cycle became an MQL, and what it cannot know.
func TestAnExplanationOfThePastSaysWhatCannotBeKnown(t *testing.T) {
	s := house(t)
	exec(t, s, "UPDATE rescorings SET created_at = $1", daysAgo(90))
	version(t, s, ruled(5, 20, "300d"))
	exec(t, s, "UPDATE rescorings SET created_at = $1 WHERE model_version = 2", daysAgo(30))
	ada := newLead(t, s, "ada@example.com")
	exec(t, s, "UPDATE leads SET created_at = $2 WHERE id = $1", ada, daysAgo(80))
	then := explained(t, s, ada, daysAgo(40), 2)
	require.Equal(t, []int{2, 1}, []int{then.Model, then.Published})
	require.Empty(t, then.Unknown)
	require.Equal(t, 2, explained(t, s, ada, daysAgo(20), 0).Published)
	require.Zero(t, explained(t, s, ada, daysAgo(99), 0).Published)
	require.Equal(t, []string{record.UnknownBefore}, codes(explained(t, s, ada, daysAgo(99), 0).Unknown))
	require.Equal(t, []string{record.UnknownAhead}, codes(explained(t, s, ada, daysAgo(-3), 0).Unknown))
	require.Nil(t, explained(t, s, ada, time.Time{}, 0).Unknown)

	becomes(t, s, ada, 1, daysAgo(70), "qualified")
	becomes(t, s, ada, 1, daysAgo(60), "dormant")
	becomes(t, s, ada, 2, daysAgo(50), "nurturing")
	exec(t, s, "INSERT INTO adjustments (lead_id, cycle, at, policy) VALUES ($1, 2, $2, 'keep')", ada, daysAgo(50))
	exec(t, s, "UPDATE leads SET cycle = 2 WHERE id = $1", ada)
	foldAll(t, s)
	require.Nil(t, explained(t, s, ada, daysAgo(75), 0).MQLAt)
	require.True(t, explained(t, s, ada, daysAgo(65), 0).MQLAt.Equal(daysAgo(70)))
	require.Nil(t, explained(t, s, ada, daysAgo(40), 0).MQLAt, "another cycle")

	exec(t, s, `UPDATE leads SET profile = '{"title": "Chief", "custom": {"plan": "gold"}}' WHERE id = $1`, ada)
	learns(t, s, ada, "title", `"Chief"`, daysAgo(3))
	got := explained(t, s, ada, daysAgo(1), 0)
	require.Equal(t, []string{record.UnknownProfile}, codes(got.Unknown))
	require.Contains(t, got.Unknown[0].Detail, "custom.plan")
	require.NotContains(t, got.Unknown[0].Detail, "title")
	exec(t, s, `INSERT INTO merges (id, lead_id, into_id, at, actor_type, before, undone_at) VALUES ($1, $2, $3, $4, 'key', '{}', $5)`,
		newID(), newLead(t, s, "other@example.com"), ada, daysAgo(10), daysAgo(9))
	require.Equal(t, []string{record.UnknownProfile, record.UnknownMerged}, codes(explained(t, s, ada, daysAgo(10).Add(time.Hour), 0).Unknown))
	require.Equal(t, []string{record.UnknownProfile}, codes(explained(t, s, ada, daysAgo(8), 0).Unknown))
	exec(t, s, "UPDATE events_kept SET since = $1", daysAgo(60))
	require.Equal(t, []string{record.UnknownEvents, record.UnknownProfile}, codes(explained(t, s, ada, daysAgo(8), 0).Unknown))
}
