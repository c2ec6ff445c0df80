package scoring

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/span"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func days(n int) span.Span { return span.Span(time.Duration(n) * span.Day) }

// everyKind is a model with every kind of rule.
func everyKind() Model {
	return Model{
		MQL: MQL{Score: 100, MinFit: new(0.0)}, Bands: Bands{Hot: 100, Warm: 40, Hysteresis: 10}, Grades: Grades{A: 45, B: 30, C: 15},
		Caps: Caps{Fit: new(60.0), Engagement: new(150.0)}, Floor: new(-50.0),
		Personas: map[string]Persona{"buyer": {
			All: []Condition{{Field: "title", Matches: "(?i)head|vp|director"}, {Field: "company_size", Range: []float64{50, 5000}}},
		}},
		Fit: []FitRule{
			{ID: "buyer", Persona: "buyer", Points: 25},
			{ID: "industry", Condition: Condition{Field: "industry", OneOf: []any{"software", "finance"}}, Points: 15},
			{ID: "no_company", Condition: Condition{Field: "company", Missing: true}, Points: -10},
			{ID: "rival", Condition: Condition{Field: "company_domain", Equals: "rival.example"}, Points: -50},
			{ID: "role", Condition: Condition{Field: "custom.role", Contains: "buy"}, Points: 30},
			{ID: "phone", Condition: Condition{Field: "phone", Present: true}, Points: 5},
			{ID: "north", Condition: Condition{Field: "region", Prefix: "north"}, Points: 3},
		},
		Groups: map[string]Group{"content": {Cap: 60}},
		Engagement: []EngagementRule{
			{ID: "whitepaper", On: "content_download", Where: []Condition{{Field: "kind", Equals: "whitepaper"}}, Points: 10, HalfLife: days(30), Cap: new(30.0), Group: "content"},
			{ID: "webinar", On: "webinar_attendance", Points: 20, HalfLife: days(45), Group: "content"},
			{ID: "visits", On: "page_view", Count: 3, Within: days(7), Points: 15},
			{ID: "pricing", On: "page_view", Where: []Condition{{Field: "path", Prefix: "/pricing"}}, Points: 20, HalfLife: days(14), Cap: new(40.0)},
			{ID: "recent", On: "cta_click", Points: 7, Within: days(5), Cap: new(20.0)},
			{ID: "open", On: "email_open", Points: 1, HalfLife: days(14), Cap: new(5.0)},
			{ID: "talked", On: "meeting", Count: 2, Points: 12},
			{ID: "chat", On: "chat", Points: 0.1},
			{ID: "bounce", On: "email_bounce", Points: -20},
			{ID: "unsubscribe", On: "unsubscribe", Points: -40, Cap: new(-40.0)},
		},
		Triggers: []string{"demo_request"},
	}
}

func scorer(t require.TestingT, m Model) *Scorer {
	s, err := New(m)
	require.NoError(t, err)
	return s
}

var drawnTypes = []string{"page_view", "content_download", "email_click", "email_bounce"}

// drawModel makes any valid model over few event types, so that rules meet.
func drawModel(t *rapid.T) Model {
	maybe := func(name string, gen *rapid.Generator[float64]) *float64 {
		if !rapid.Bool().Draw(t, "has "+name) {
			return nil
		}
		return new(gen.Draw(t, name))
	}
	positive := rapid.Map(rapid.IntRange(1, 90_000), func(n int) float64 { return float64(n) / 1000 })
	m := Model{
		MQL:    MQL{Score: 40},
		Caps:   Caps{Fit: maybe("fit cap", rapid.Float64Range(40, 80)), Engagement: maybe("engagement cap", rapid.Float64Range(40, 120))},
		Floor:  maybe("floor", rapid.Map(rapid.IntRange(-60, 0), func(n int) float64 { return float64(n) })),
		Groups: map[string]Group{"a": {Cap: positive.Draw(t, "a")}, "b": {Cap: -positive.Draw(t, "b")}},
		Fit:    everyKind().Fit, Personas: everyKind().Personas,
	}
	for i := range rapid.IntRange(1, 8).Draw(t, "rules") {
		m.Engagement = append(m.Engagement, drawRule(t, fmt.Sprintf("r%d", i), positive))
	}
	for name, g := range m.Groups { // a cap that no rule can reach is a mistake
		reached := false
		for _, r := range m.Engagement {
			reached = reached || r.Group == name && r.Points*g.Cap > 0
		}
		if !reached {
			m.Engagement = append(m.Engagement, EngagementRule{ID: "for_" + name, On: "page_view", Points: g.Cap / 3, Group: name})
		}
	}
	return m
}

func drawRule(t *rapid.T, id string, positive *rapid.Generator[float64]) EngagementRule {
	r := EngagementRule{
		ID: id, On: rapid.SampledFrom(drawnTypes).Draw(t, "on"), Points: positive.Draw(t, "points"),
		Group: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "group"),
	}
	if rapid.IntRange(0, 2).Draw(t, "negative") == 0 {
		r.Points = -r.Points
	}
	if rapid.Bool().Draw(t, "capped") {
		r.Cap = new(r.Points * rapid.Float64Range(0.3, 4).Draw(t, "cap"))
	}
	if rapid.Bool().Draw(t, "conditioned") {
		r.Where = []Condition{{Field: "path", Prefix: "/pricing"}}
	}
	length := span.Span(time.Duration(rapid.Int64Range(1, 30*24*3600).Draw(t, "length")) * time.Second)
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		r.HalfLife = length
	case 1:
		r.Within = length
	case 2:
		r.Within, r.Count = length, rapid.IntRange(1, 4).Draw(t, "count")
	case 3:
		r.Count = rapid.IntRange(1, 4).Draw(t, "count")
	}
	if r.Points < 0 && r.Count > 0 && rapid.Bool().Draw(t, "kept from acting") {
		r.Unless = []Unless{{On: rapid.SampledFrom(drawnTypes).Draw(t, "unless"), Where: []Condition{{Field: "path", Prefix: "/pricing"}}}, {On: "meeting"}}
	}
	return r
}

// drawEvents draws moments coarse enough to meet each other, window ends and adjustments, and fine enough to miss them.
func drawEvents(t *rapid.T) []Event {
	out := make([]Event, rapid.IntRange(0, 30).Draw(t, "events"))
	for i := range out {
		out[i] = Event{
			ID: fmt.Sprint(i), Type: rapid.SampledFrom(drawnTypes).Draw(t, "type"), OccurredAt: now.Add(-drawAge(t)),
			Properties: map[string]any{"path": rapid.SampledFrom([]string{"/", "/Pricing/x"}).Draw(t, "path")},
		}
		if rapid.IntRange(0, 4).Draw(t, "ahead") == 0 {
			out[i].ReceivedAt = out[i].OccurredAt
			out[i].OccurredAt = out[i].OccurredAt.Add(4 * time.Minute)
		}
	}
	return out
}

func drawAge(t *rapid.T) time.Duration {
	unit := rapid.SampledFrom([]time.Duration{time.Microsecond, time.Second, 24 * time.Hour}).Draw(t, "unit")
	return min(time.Duration(rapid.IntRange(0, 90).Draw(t, "units"))*unit+time.Duration(rapid.IntRange(0, 3).Draw(t, "hours"))*time.Hour, 90*span.Day)
}

func drawProfile(t *rapid.T) person.Profile {
	all := person.Profile{
		"title": "VP Sales", "company_size": 120.0, "industry": "Software", "company": "Acme", "company_domain": "rival.example",
		"custom": map[string]any{"role": "head BUYER"}, "phone": "+1", "region": "Northern",
	}
	p := person.Profile{}
	for _, k := range []string{"title", "company_size", "industry", "company", "company_domain", "custom", "phone", "region"} {
		if rapid.Bool().Draw(t, k) {
			p[k] = all[k]
		}
	}
	return p
}

func drawAdjustments(t *rapid.T) []Adjustment {
	out := make([]Adjustment, rapid.IntRange(0, 3).Draw(t, "adjustments"))
	for i := range out {
		out[i] = Adjustment{
			At: now.Add(-drawAge(t)), Cycle: i + 2,
			Policy: rapid.SampledFrom([]string{PolicyKeep, PolicyHalve, PolicyZero, PolicyFloor}).Draw(t, "policy"),
		}
	}
	return out
}
