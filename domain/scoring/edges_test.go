package scoring

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEdges_onceACycleWhenTheEventWasReceived(t *testing.T) {
	s, err := New(Model{
		MQL: MQL{Score: 20, MinFit: new(5.0)}, Triggers: []string{"demo_request"}, Fit: []FitRule{fitOf("f", 5, Condition{Field: "title", Present: true})},
		Engagement: []EngagementRule{on("visit", 10), {ID: "bounce", On: "email_bounce", Points: 50}},
	})
	require.NoError(t, err)
	day := func(n int) time.Time { return time.Date(2026, 3, n, 12, 0, 0, 0, time.UTC) }
	visit := func(occurred, received int) Event {
		return Event{Type: "page_view", OccurredAt: day(occurred), ReceivedAt: day(received)}
	}
	recycled := []Adjustment{{At: day(10), Policy: PolicyKeep, Cycle: 2}}
	for name, c := range map[string]struct {
		fit    float64
		adjust []Adjustment
		events []Event
		want   []time.Time
	}{
		"not enough":                      {fit: 5, events: []Event{visit(1, 1)}},
		"the second lifts":                {fit: 5, events: []Event{visit(1, 1), visit(2, 2), visit(3, 3)}, want: []time.Time{day(2)}},
		"the axis has a minimum":          {events: []Event{visit(1, 1), visit(2, 2), visit(3, 3)}},
		"known only when it was received": {fit: 5, events: []Event{visit(1, 6), visit(5, 5)}, want: []time.Time{day(6)}},
		"a cycle each":                    {fit: 5, adjust: recycled, events: []Event{visit(1, 1), visit(2, 2), visit(3, 3), visit(11, 11), visit(12, 12)}, want: []time.Time{day(2), day(11)}},
		"late, of the cycle before":       {fit: 5, adjust: recycled, events: []Event{visit(1, 1), visit(2, 12)}},
		"a hard trigger":                  {events: []Event{{Type: "demo_request", OccurredAt: day(4)}, {Type: "demo_request", OccurredAt: day(5)}}, want: []time.Time{day(4)}},
		"a bounce is no engagement":       {fit: 5, events: []Event{{Type: "email_bounce", OccurredAt: day(1)}, visit(2, 2)}, want: []time.Time{day(2)}},
		"an event counts once":            {fit: 5, events: []Event{{ID: "a", Type: "page_view", OccurredAt: day(1)}, {ID: "a", Type: "page_view", OccurredAt: day(1)}}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, s.Edges(Steady(c.fit), c.adjust, c.events))
		})
	}
}

func TestReasons_nameTheRulesThatDifferMost(t *testing.T) {
	from := Explanation{Items: []Item{{Rule: "visit", Points: 10}, {Rule: "visit", Points: 5}, {Rule: "same", Points: 3}, {Rule: "gone", Points: 2.5}}}
	to := Explanation{Items: []Item{{Rule: "visit", Points: 40}, {Rule: "same", Points: 3}, {Rule: "new", Points: -1}}}
	require.Equal(t, []string{"visit 15 -> 40 (+25)", "gone 2.5 -> 0 (-2.5)", "new 0 -> -1 (-1)"}, Reasons(from, to))
	require.Empty(t, Reasons(from, from))
	require.Empty(t, Reasons(Explanation{Items: []Item{{Rule: "rounding", Points: 0.000002}}}, Explanation{Items: []Item{{Rule: "rounding", Points: -0.00001}}}))
}
