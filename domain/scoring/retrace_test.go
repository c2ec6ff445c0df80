package scoring

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRetraceKnowsWhatAScoreDoesNotSay(t *testing.T) {
	s, err := New(Model{
		MQL: MQL{Score: 100}, Bands: Bands{Hot: 100, Warm: 40, Hysteresis: 10}, Grades: Grades{A: 45, B: 30, C: 15},
		Engagement: []EngagementRule{{ID: "form", On: "form_submit", Points: 50}, {ID: "leave", On: "unsubscribe", Points: -5}},
		Triggers:   []string{"demo_request"},
	})
	require.NoError(t, err)
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	event := func(kind string, minutes int) Event {
		at := now.Add(time.Duration(minutes) * time.Minute)
		return Event{ID: kind + at.String(), Type: kind, OccurredAt: at}
	}
	all := func(Event) bool { return true }
	none := func(Event) bool { return false }
	hot := []Event{event("unsubscribe", 2), event("form_submit", 0), event("form_submit", 1)}
	got := s.Retrace(Steady(0), Accumulators{}, nil, hot, all)
	require.Equal(t, Hot, got.Band, "95 points, which were 100")
	require.Equal(t, now.Add(time.Minute), got.Edge)
	require.Zero(t, s.Retrace(Steady(0), Accumulators{}, nil, hot, none).Edge)
	require.Equal(t, Warm, s.Retrace(Steady(0), Accumulators{}, nil, []Event{event("unsubscribe", 0), event("form_submit", 1), event("form_submit", 2)}, all).Band, "95 points, which were never more")
	require.Equal(t, Retraced{Band: Cold, Edge: now}, s.Retrace(Steady(0), Accumulators{}, nil, []Event{event("demo_request", 0)}, all))
	require.Equal(t, Retraced{}, s.Retrace(Steady(100), Accumulators{}, nil, nil, all))
	begun := s.Fold(Accumulators{}, nil, event("form_submit", -9))
	require.Equal(t, now, s.Retrace(Steady(0), begun, nil, []Event{event("form_submit", 0)}, all).Edge, "with what is not among the events")
	late := event("form_submit", -60)
	late.ReceivedAt = now
	require.Equal(t, now, s.Retrace(Steady(60), Accumulators{}, nil, []Event{late}, all).Edge, "when it came")
}

// A predictor that goes by how often pages were seen gives points only once they were: the fit of the end is none of the time before.
func TestRetrace_theFitIsThatOfTheMoment(t *testing.T) {
	day := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	m := Model{
		MQL: MQL{Score: 80}, Engagement: []EngagementRule{{ID: "form", On: "form_submit", Points: 50}},
		Predictive: &Predictive{Use: UseAxis, Points: 40, Predictor: Predictor{
			Target: "won", Outcomes: 200, Positive: 50, Calibration: Calibration{Method: "platt", B: 1},
			Features: []Feature{{Field: FieldEvents + "page_view", Curve: []Knot{{At: 0, Value: -20}, {At: 2, Value: 20}}}},
		}},
	}
	s, err := New(m)
	require.NoError(t, err)
	event := func(kind string, hour int) Event {
		return Event{ID: kind + day.Add(time.Duration(hour)*time.Hour).String(), Type: kind, OccurredAt: day.Add(time.Duration(hour) * time.Hour)}
	}
	profile := []ProfileSince{{Since: day.Add(-time.Hour), Profile: map[string]any{"title": "Head"}}}
	fit := s.Known(profile)
	all := func(Event) bool { return true }
	events := []Event{event("form_submit", 0), event("page_view", 1), event("page_view", 2), event("form_submit", 3)}
	then := day.Add(2 * time.Hour)
	require.InDelta(t, 40, fit(then, s.Recompute(nil, events)), 1e-4)
	require.Equal(t, then, s.Retrace(fit, Accumulators{}, nil, events, all).Edge, "50 points, 70, and 90 once the second page was seen")
	require.Equal(t, []time.Time{then}, s.Edges(fit, nil, events))
	require.Equal(t, day.Add(time.Hour*3), s.Retrace(fit, Accumulators{}, nil, []Event{events[1], events[2], events[3]}, all).Edge, "pages alone qualify nobody")
	require.Zero(t, s.Retrace(fit, Accumulators{}, nil, events[:2], all).Edge)
	require.Empty(t, s.Edges(fit, nil, events[:2]))
	end := s.Recompute(nil, events)
	steady := Steady(fit(then, end))
	require.Equal(t, day, s.Retrace(steady, Accumulators{}, nil, events, all).Edge, "which the fit of the end would have had at once")

	// By a profile it is likewise.
	p, err := New(Model{Bands: Bands{Hot: 100, Warm: 40, Hysteresis: 10}, Fit: []FitRule{{ID: "head", Points: 50, Condition: Condition{Field: "title", Present: true}}}, Engagement: m.Engagement})
	require.NoError(t, err)
	profile = append(profile, ProfileSince{Since: day.Add(90 * time.Minute)})
	require.Equal(t, Warm, p.Retrace(p.Known(profile), Accumulators{}, nil, events[:3], all).Band, "the title was known until half past one")
	require.Equal(t, Hot, p.Retrace(p.Known(profile[:1]), Accumulators{}, nil, events[:3], all).Band)
}
