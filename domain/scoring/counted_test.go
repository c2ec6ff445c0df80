package scoring

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// engaged asks where a lead came from, and how often it was on our pages.
func engaged(use string, points float64) Model {
	m := everyKind()
	m.Predictive = &Predictive{Use: use, Points: points, Predictor: Predictor{
		Target: "won", Outcomes: 400, Positive: 100, Intercept: -1,
		Features: []Feature{
			{Field: FieldSource, Levels: []Level{{"ads", -0.5}, {"web", 1}}, Other: 0.25, Missing: 0.01},
			{Field: FieldEvents + "page_view", Curve: []Knot{{0, -1}, {4, 1}, {10, 2}}, Missing: -9},
			{Field: FieldEvents + "chat", Curve: []Knot{{0, 0}, {1, 3}}},
		},
		Calibration: Calibration{Method: Platt, B: 1},
	}}
	return m
}

func views(n int, kind string) []Event {
	out := make([]Event, n)
	for i := range out {
		out[i] = Event{ID: kind + string(rune('a'+i)), Type: kind, OccurredAt: now.Add(-time.Duration(i+1) * 24 * time.Hour)}
	}
	return out
}

func TestEngaging_theProbabilityGoesByWhatTheLeadDid(t *testing.T) {
	t.Parallel()
	s, plain := scorer(t, engaged(UseAxis, 20)), scorer(t, everyKind())
	require.True(t, s.Engaging())
	require.True(t, s.AsksSource())
	lead := person.Profile{"company": "x", FieldSource: "web"}
	halves := []Adjustment{{At: now.Add(-36 * time.Hour), Policy: PolicyHalve}}
	for _, tt := range []struct {
		events []Event
		cuts   []Adjustment
		logit  float64
	}{
		{nil, nil, -1},
		{views(4, "page_view"), nil, 1},
		{views(4, "page_view"), halves, 1}, // a life has all its cycles
		{append(views(2, "page_view"), views(1, "chat")...), nil, 3},
		{views(3, "email_open"), nil, -1},
	} {
		acc := s.Recompute(tt.cuts, tt.events)
		want := 1 / (1 + math.Exp(-tt.logit))
		got := s.Evaluate(lead, acc, tt.cuts, now, "")
		require.InDelta(t, 20*want, got.Fit-plain.FitOf(lead), 1e-6)
		require.Equal(t, got.Fit, s.FitWith(lead, acc), "as whoever stores it has it")
		other := plain.Evaluate(lead, plain.Recompute(tt.cuts, tt.events), tt.cuts, now, "")
		require.InDelta(t, other.Engagement, got.Engagement, 0, "counting gives no points of engagement")
		e := s.Explain(lead, tt.events, tt.cuts, now, "")
		require.Equal(t, got, e.Result)
		require.InDelta(t, want, e.Prediction.Probability, 1e-12)
		addsUp(t, s, e)
		for _, i := range e.Items {
			require.NotContains(t, i.Rule, "(", "what is counted is no item")
		}
	}
	e := s.Explain(lead, views(4, "page_view"), nil, now, "")
	require.Equal(t, "page_view events are about 4 to 10", e.Prediction.Reasons[1].Why)
	require.Equal(t, "source is web", e.Prediction.Reasons[0].Why)
}

// Folded one by one, carried over from a model that counted nothing, or all at once: the same.
func TestEngaging_countsAreFoldedAndCarriedLikeRules(t *testing.T) {
	t.Parallel()
	s, plain := scorer(t, engaged(UseAxis, 20)), scorer(t, everyKind())
	events := append(views(5, "page_view"), views(2, "chat")...)
	want := s.Recompute(nil, events)
	acc := Accumulators{}
	for _, e := range events {
		acc = s.Fold(acc, nil, e)
	}
	require.Equal(t, want, acc)
	change := s.Since(plain)
	require.False(t, change.Same)
	require.False(t, change.FitKept)
	carried, gap := change.Carry(plain.Recompute(nil, events))
	require.ElementsMatch(t, []string{"page_view", "chat"}, gap.Types)
	require.Equal(t, want, s.Fill(carried, gap, nil, events))
	back, gap := plain.Since(s).Carry(want)
	require.False(t, gap.Open())
	require.Equal(t, plain.Recompute(nil, events), back, "whoever counts no more forgets")
	require.False(t, scorer(t, engaged(UseAxis, 20)).Since(s).FitKept, "a fit that goes by events is never kept")
}

func TestEngaging_aShadowCountsAndHasNoEffect(t *testing.T) {
	t.Parallel()
	s, plain := scorer(t, engaged(UseShadow, 0)), scorer(t, everyKind())
	require.False(t, s.Engaging(), "its fit does not go by it")
	events := views(4, "page_view")
	got := s.Explain(nil, events, nil, now, "")
	require.Equal(t, plain.Explain(nil, events, nil, now, "").Result, got.Result)
	require.InDelta(t, 1/(1+math.Exp(-0.01)), got.Prediction.Probability, 1e-12, "-1 and 1 of events, 0.01 of no source")
	off := scorer(t, engaged(UseOff, 0))
	require.Equal(t, plain.Recompute(nil, events), off.Recompute(nil, events))
	require.False(t, off.AsksSource())
}

func TestForeseen(t *testing.T) {
	t.Parallel()
	for _, field := range []string{"industry", "custom.x", "source", "events.page_view", "events.custom"} {
		require.True(t, Foreseen(field), field)
	}
	for _, field := range []string{"", "Lead Origin", "events.", "events.dance", "events", "source.x"} {
		require.False(t, Foreseen(field), field)
	}
}
