package scoring

import (
	"fmt"
	"testing"
	"time"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// tenRules is a model as people write it: four rules of fit, six of engagement, of each kind, with caps and a group.
func tenRules() Model {
	points := func(n float64) *float64 { return &n }
	return Model{
		MQL: MQL{Score: 100}, Caps: Caps{Fit: points(60), Engagement: points(150)}, Floor: points(-50),
		Fit: []FitRule{
			{ID: "boss", Condition: Condition{Field: "title", Contains: "director"}, Points: 20},
			{ID: "software", Condition: Condition{Field: "industry", OneOf: []any{"Software", "Finance"}}, Points: 15},
			{ID: "size", Condition: Condition{Field: "company_size", Range: []float64{50, 5000}}, Points: 10},
			{ID: "plan", Condition: Condition{Field: "custom.plan", Equals: "gold"}, Points: 5},
		},
		Groups: map[string]Group{"content": {Cap: 60}},
		Engagement: []EngagementRule{
			{ID: "pricing", On: "page_view", Where: []Condition{{Field: "path", Prefix: "/pricing"}}, Points: 15, HalfLife: days(14)},
			{ID: "paper", On: "content_download", Points: 10, HalfLife: days(30), Cap: points(40), Group: "content"},
			{ID: "webinar", On: "webinar_attendance", Points: 20, Group: "content"},
			{ID: "often", On: "page_view", Points: 10, Count: 3, Within: days(7)},
			{ID: "open", On: "email_open", Points: 1, Within: days(30), Cap: points(5)},
			{ID: "bounce", On: "email_bounce", Points: -40},
		},
	}
}

// tenRuleLeads are some that all differ, with accumulators in memory.
func tenRuleLeads(s *Scorer, n int, at time.Time) (profiles []person.Profile, accs []Accumulators) {
	for i := range n {
		profiles = append(profiles, person.Profile{
			"title": []string{"Sales Director", "Engineer", "Head of IT"}[i%3], "industry": []string{"software", "Mining", "finance", "Retail"}[i%4],
			"company_size": float64(i * 37 % 9000), "custom": map[string]any{"plan": []string{"gold", "none"}[i%2]},
		})
		var events []Event
		for k, kind := range []string{"page_view", "page_view", "content_download", "webinar_attendance", "email_open", "page_view", "content_download", "email_open"} {
			events = append(events, Event{
				ID: fmt.Sprint(k), Type: kind, OccurredAt: at.Add(-time.Duration((i*7+k*31)%600) * time.Hour), Properties: map[string]any{"path": "/pricing"},
			})
		}
		accs = append(accs, s.Recompute(nil, events))
	}
	return profiles, accs
}

// BenchmarkEvaluate is one lead under a model of ten rules with its accumulators in memory. Leads a second of one core are of
// processor time, which the bench of the house compares; run it with -cpu 1.
func BenchmarkEvaluate(b *testing.B) {
	s, err := New(tenRules())
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	profiles, accs := tenRuleLeads(s, 1024, at)
	b.ReportAllocs()
	var sum int
	began := processor(b)
	n := 0
	for b.Loop() {
		i := n & 1023
		sum += s.Evaluate(profiles[i], accs[i], nil, at, Warm).Score
		n++
	}
	b.ReportMetric(float64(n)/(processor(b)-began).Seconds()/1e6, "Mleads/cpu-s")
	if sum == 0 {
		b.Fatal("nobody has a score")
	}
}
