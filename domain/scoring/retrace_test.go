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
	got := s.Retrace(0, Accumulators{}, nil, hot, all)
	require.Equal(t, Hot, got.Band, "95 points, which were 100")
	require.Equal(t, now.Add(time.Minute), got.Edge)
	require.Zero(t, s.Retrace(0, Accumulators{}, nil, hot, none).Edge)
	require.Equal(t, Warm, s.Retrace(0, Accumulators{}, nil, []Event{event("unsubscribe", 0), event("form_submit", 1), event("form_submit", 2)}, all).Band, "95 points, which were never more")
	require.Equal(t, Retraced{Band: Cold, Edge: now}, s.Retrace(0, Accumulators{}, nil, []Event{event("demo_request", 0)}, all))
	require.Equal(t, Retraced{}, s.Retrace(100, Accumulators{}, nil, nil, all))
	begun := s.Fold(Accumulators{}, nil, event("form_submit", -9))
	require.Equal(t, now, s.Retrace(0, begun, nil, []Event{event("form_submit", 0)}, all).Edge, "with what is not among the events")
	late := event("form_submit", -60)
	late.ReceivedAt = now
	require.Equal(t, now, s.Retrace(60, Accumulators{}, nil, []Event{late}, all).Edge, "when it came")
}
