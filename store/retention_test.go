package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// aged makes everything that happened so far older than what is kept, and lets it go.
func aged(t *testing.T, s *Store) {
	t.Helper()
	long := time.Now().AddDate(-2, 0, 0)
	exec(t, s, fmt.Sprintf("CREATE TABLE events_long_ago PARTITION OF events FOR VALUES FROM (%s) TO (%s)", moment(new(monthOf(long))), moment(new(monthOf(long).AddDate(0, 1, 0)))))
	exec(t, s, "UPDATE events SET received_at = $1, occurred_at = $1", long)
	exec(t, s, "UPDATE leads SET created_at = $1", long)
	require.NoError(t, s.KeepEvents(t.Context()))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM events"))
}

// addsUp checks that the items of an explanation are the score.
func addsUp(t *testing.T, got record.Score) {
	t.Helper()
	sum := 0.0
	for _, i := range got.Items {
		sum += i.Points
	}
	require.InDelta(t, float64(got.Score), sum, 1e-9, "%+v", got.Items)
}

func explainedAt(t *testing.T, s *Store, id string, at time.Time) record.Score {
	t.Helper()
	got, err := s.ExplainScore(t.Context(), id, at, 0)
	require.NoError(t, err)
	return got
}

func says(got record.Score) bool {
	for _, i := range got.Items {
		if strings.Contains(i.Why, "no longer kept") {
			return i.EventID == ""
		}
	}
	return false
}

// What is folded outlives the events, and whoever asks is told that some are gone.
func TestRetentionLeavesScores(t *testing.T) {
	s := house(t)
	ada, idle := newLead(t, s, "ada@example.com"), newLead(t, s, "idle@example.com")
	for range 4 {
		ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"})
	}
	ingest(t, s, record.Event{LeadID: ada, Type: "webinar_attendance"})
	before := explainedAt(t, s, ada, time.Time{})
	require.Equal(t, 40, before.Score)
	require.True(t, before.Complete)
	aged(t, s)

	got := explainedAt(t, s, ada, time.Time{})
	require.Equal(t, 40, got.Score)
	require.False(t, got.Complete)
	require.True(t, says(got), "%+v", got.Items)
	addsUp(t, got)
	require.Equal(t, []any{40, "warm"}, []any{one[int](t, s, "SELECT score FROM scores WHERE lead_id = $1", ada), got.Band})
	past := explainedAt(t, s, ada, time.Now().AddDate(-1, 0, 0))
	require.False(t, past.Complete)
	require.True(t, says(past))
	addsUp(t, past)
	require.True(t, explainedAt(t, s, idle, time.Time{}).Complete, "there was nothing to lose")
	young := newLead(t, s, "young@example.com")
	ingest(t, s, record.Event{LeadID: young, Type: "form_submit"})
	require.True(t, explainedAt(t, s, young, time.Time{}).Complete)

	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"})
	got = explainedAt(t, s, ada, time.Time{})
	require.Equal(t, 45, got.Score)
	addsUp(t, got)
	score, _, err := s.ScoreLead(t.Context(), ada, time.Now())
	require.NoError(t, err)
	require.Equal(t, 45, score)
}

// Whatever makes a score be folded anew does not forget what cannot be folded any more, as long as the rule is the same.
func TestNothingFoldedIsForgottenWithItsEvents(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	for range 4 {
		ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"})
	}
	ingest(t, s, record.Event{LeadID: ada, Type: "webinar_attendance"})
	aged(t, s)
	score := func() int { return one[int](t, s, "SELECT score FROM scores WHERE lead_id = $1", ada) }
	now := time.Now()
	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit", OccurredAt: now.Add(-time.Hour)}, record.Event{LeadID: ada, Type: "form_submit"})
	require.Equal(t, 50, score())

	// A cycle that begins before an event that is folded: the accumulators are stale, and are folded anew.
	_, err := s.BeginCycle(t.Context(), lifecycle.Command{ID: ada + "/2/begin", Cycle: 2, Policy: lifecycle.ScoreHalve, At: now.Add(-time.Minute)})
	require.NoError(t, err)
	require.Equal(t, 28, score(), "half of 45, and 5, half up")
	exec(t, s, "INSERT INTO adjustments (lead_id, cycle, at, policy) VALUES ($1, 3, $2, 'keep')", ada, now.Add(-2*time.Minute))
	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"})
	require.Equal(t, 33, score())
	got := explainedAt(t, s, ada, time.Time{})
	require.Equal(t, 33, got.Score)
	addsUp(t, got)

	// A model that gives a rule other points keeps its events; one of another shape knows only the events that are kept.
	publish(t, s, strings.Replace(testModel, `"webinar_attendance", "points": 20`, `"webinar_attendance", "points": 30`, 1))
	require.NoError(t, s.Rescore(t.Context()))
	require.Equal(t, 38, score())
}

// A visitor came two years ago and said who it was a month later. When the month of the visits is dropped the lead has lost
// events, although it is younger than all that is gone.
func TestALeadIsAsOldAsWhatItsVisitorDid(t *testing.T) {
	s := house(t)
	visits := monthOf(time.Now().AddDate(-2, 0, 0))
	exec(t, s, fmt.Sprintf("CREATE TABLE events_long_ago PARTITION OF events FOR VALUES FROM (%s) TO (%s)", moment(&visits), moment(new(visits.AddDate(0, 1, 0)))))
	ingest(t, s, seen("webinar_attendance", "a"), seen("form_submit", "b"), seen("form_submit", "c"))
	exec(t, s, "UPDATE events SET received_at = $1, occurred_at = $1", visits.Add(time.Hour))
	ada := capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor}).LeadID
	eve := newLead(t, s, "eve@example.com")
	exec(t, s, "UPDATE leads SET created_at = $1", visits.AddDate(0, 1, 3))
	before := one[int](t, s, "SELECT score FROM scores WHERE lead_id = $1", ada)
	require.Equal(t, 30, before)
	require.NoError(t, s.KeepEvents(t.Context()))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM events"))

	got := explainedAt(t, s, ada, time.Time{})
	require.Equal(t, before, got.Score)
	require.False(t, got.Complete)
	require.True(t, says(got), "%+v", got.Items)
	addsUp(t, got)
	score, _, err := s.ScoreLead(t.Context(), ada, time.Now())
	require.NoError(t, err)
	require.Equal(t, before, score, "the run is told the same")
	_, out := differences(t, s, 0)
	require.Equal(t, record.Verified{Leads: 2, Unknown: 1}, out)
	require.True(t, explainedAt(t, s, eve, time.Time{}).Complete, "who had no visitor has lost nothing")
}
