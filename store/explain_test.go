package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func points(items []float64) (sum float64) {
	for _, p := range items {
		sum += p
	}
	return sum
}

func explained(t *testing.T, s *Store, id string, at time.Time, model int) record.Score {
	t.Helper()
	e, err := s.ExplainScore(t.Context(), id, at, model)
	require.NoError(t, err)
	var all []float64
	for _, i := range e.Items {
		all = append(all, i.Points)
	}
	require.InDelta(t, float64(e.Score), points(all), 1e-6, "the items add up")
	return e
}

func TestAnExplanationKnowsWhatWasKnownThen(t *testing.T) {
	s := house(t)
	now := time.Now()
	ada := newLead(t, s, "ada@example.com")
	require.NoError(t, s.PatchLead(t.Context(), ada, record.Capture{Profile: map[string]any{"title": "Chief", "custom.plan": "gold"}, Via: "api"}))
	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit", OccurredAt: now.Add(-72 * time.Hour)},
		record.Event{LeadID: ada, Type: "webinar_attendance", OccurredAt: now.Add(-70 * time.Hour)})
	exec(t, s, "UPDATE profile_values SET learned_at = now() - interval '60 hours' WHERE field = 'title'")
	exec(t, s, "UPDATE events SET received_at = now() - interval '65 hours' WHERE type = 'form_submit'")

	require.Equal(t, 60, explained(t, s, ada, time.Time{}, 0).Score, "no time is now: 30 + 5 + 5 + 20")
	require.Equal(t, 0, explained(t, s, ada, now.Add(-66*time.Hour), 0).Score, "it happened, and nobody had told us")
	require.Equal(t, 5, explained(t, s, ada, now.Add(-64*time.Hour), 0).Score)
	then := explained(t, s, ada, now.Add(-time.Hour), 0)
	require.Equal(t, 35, then.Score, "the title was known, the plan and the webinar were not")
	require.True(t, then.At.Equal(now.Add(-time.Hour)))

	const other = `{"mql": {"score": 100}, "bands": {"hot": 100, "warm": 40}, "grades": {"A": 45, "B": 30, "C": 15},
		"engagement": [{"id": "form", "on": "form_submit", "points": 50}]}`
	publish(t, s, other)
	require.Equal(t, 50, explained(t, s, ada, time.Time{}, 0).Score)
	require.Equal(t, 60, explained(t, s, ada, time.Time{}, 1).Score, "under the model of before")
	require.Equal(t, 60, one[int](t, s, "SELECT score FROM scores"), "explaining writes nothing")

	_, err := s.ExplainScore(t.Context(), ada, now, 99)
	require.ErrorIs(t, err, record.ErrNotFound)
	_, err = s.ExplainScore(t.Context(), newID(), now, 0)
	require.ErrorIs(t, err, record.ErrNotFound)
	require.NoError(t, s.EraseLead(t.Context(), ada, sysActor))
	_, err = s.ExplainScore(t.Context(), ada, now, 0)
	require.ErrorIs(t, err, record.ErrErased)
}

// The clock of the run may be behind Postgres's: what was received a moment ago counts all the same.
func TestAScoreForARunBridgesTheClocks(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	ingest(t, s, record.Event{LeadID: ada, Type: "webinar_attendance"})
	score, band, err := s.ScoreLead(t.Context(), ada, time.Now().Add(-time.Minute))
	require.NoError(t, err)
	require.Equal(t, 20, score)
	require.Equal(t, "cold", band)
	score, _, err = s.ScoreLead(t.Context(), ada, time.Now().Add(-time.Hour))
	require.NoError(t, err)
	require.Zero(t, score)
}

// A client's clock that runs ahead puts no event into the future: folding and recomputing see the arrival.
func TestAnEventOfAClockThatRunsAheadCountsFromItsArrival(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	ingest(t, s, record.Event{LeadID: ada, Type: "webinar_attendance", OccurredAt: time.Now().Add(4 * time.Minute)})
	require.Equal(t, 20, one[int](t, s, "SELECT score FROM scores"))
	require.Equal(t, 20, explained(t, s, ada, time.Time{}, 0).Score)
	require.Equal(t, 20, recomputed(t, s, ada, testModel).Score)
}

// An adjustment that is dated before events which are folded already divides them all the same.
func TestStaleAccumulatorsAreFoldedAnew(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	now := time.Now()
	ingest(t, s, record.Event{LeadID: ada, Type: "webinar_attendance", OccurredAt: now.Add(-72 * time.Hour)},
		record.Event{LeadID: ada, Type: "form_submit", OccurredAt: now.Add(-time.Hour)})
	require.Equal(t, 25, one[int](t, s, "SELECT score FROM scores"))
	exec(t, s, "INSERT INTO adjustments (lead_id, cycle, at, policy) VALUES ($1, 2, $2, 'zero')", ada, now.Add(-48*time.Hour))
	ingest(t, s, record.Event{LeadID: ada, Type: "page_view"})
	require.Equal(t, 5, one[int](t, s, "SELECT score FROM scores"), "the webinar was before the adjustment, the form after it")
	require.Equal(t, recomputed(t, s, ada, testModel).Score, one[int](t, s, "SELECT score FROM scores"))
}

// Whoever came with a profile, alone or in a file, is explained with it from the moment at which they came; what is learned later
// from the moment at which the score knew it.
func TestAnExplanationKnowsWhatCameWithTheCapture(t *testing.T) {
	s := house(t)
	with := record.Capture{Email: "ada@example.com", Profile: map[string]any{"title": "Chief"}}
	ada := capture(t, s, with).LeadID
	of := func(id, column string) int {
		at := one[time.Time](t, s, "SELECT "+column+" FROM leads JOIN scores ON lead_id = id WHERE id = $1", id)
		return explained(t, s, id, at, 0).Score
	}
	want := one[int](t, s, "SELECT score FROM scores WHERE lead_id = $1", ada)
	require.Equal(t, 30, want)
	require.Equal(t, want, of(ada, "created_at"))
	require.Equal(t, want, of(ada, "evaluated_at"))

	bob := newLead(t, s, "bob@example.com")
	require.NoError(t, s.PatchLead(t.Context(), bob, record.Capture{Profile: map[string]any{"title": "Chief"}, Via: "api"}))
	require.Equal(t, 0, of(bob, "created_at"))
	require.Equal(t, 30, of(bob, "evaluated_at"))
}
