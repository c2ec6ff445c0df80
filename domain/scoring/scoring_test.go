package scoring

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/span"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func ptr(f float64) *float64 { return &f }

func days(n int) span.Span { return span.Span(time.Duration(n) * span.Day) }

// everyKind is a model with every kind of rule.
func everyKind() Model {
	return Model{
		MQL: MQL{Score: 100, MinFit: ptr(0)}, Bands: Bands{Hot: 100, Warm: 40, Hysteresis: 10}, Grades: Grades{A: 45, B: 30, C: 15},
		Caps: Caps{Fit: ptr(60), Engagement: ptr(150)}, Floor: -50,
		Personas: map[string]Persona{"buyer": {
			All: []Condition{{Field: "title", Matches: "(?i)head|vp|director"}, {Field: "company_size", Range: []float64{50, 5000}}},
		}},
		Fit: []FitRule{
			{ID: "buyer", Persona: "buyer", Points: 25},
			{ID: "industry", Field: "industry", OneOf: []any{"software", "finance"}, Points: 15},
			{ID: "no_company", Field: "company", Missing: true, Points: -10},
			{ID: "rival", Field: "company_domain", Equals: "rival.example", Points: -50},
			{ID: "role", Field: "custom.role", Contains: "buy", Points: 30},
		},
		Groups: map[string]Group{"content": {Cap: 60}},
		Engagement: []EngagementRule{
			{ID: "whitepaper", On: "content_download", Where: []Condition{{Field: "kind", Equals: "whitepaper"}}, Points: 10, HalfLife: days(30), Cap: ptr(30), Group: "content"},
			{ID: "webinar", On: "webinar_attendance", Points: 20, HalfLife: days(45), Group: "content"},
			{ID: "visits", On: "page_view", Count: 3, Within: days(7), Points: 15},
			{ID: "pricing", On: "page_view", Where: []Condition{{Field: "path", Prefix: "/pricing"}}, Points: 20, HalfLife: days(14), Cap: ptr(40)},
			{ID: "recent", On: "cta_click", Points: 7, Within: days(5), Cap: ptr(20)},
			{ID: "open", On: "email_open", Points: 1, HalfLife: days(14), Cap: ptr(5)},
			{ID: "talked", On: "meeting", Count: 2, Points: 12},
			{ID: "bounce", On: "email_bounce", Points: -20},
			{ID: "unsubscribe", On: "unsubscribe", Points: -40, Cap: ptr(-40)},
		},
		Triggers: []string{"demo_request"},
	}
}

func scorer(t require.TestingT) *Scorer {
	s, err := New(everyKind())
	require.NoError(t, err)
	return s
}

func drawEvents(t *rapid.T) []Event {
	types := []string{"content_download", "webinar_attendance", "page_view", "cta_click", "email_open", "meeting", "email_bounce", "unsubscribe"}
	n := rapid.IntRange(0, 40).Draw(t, "events")
	out := make([]Event, n)
	for i := range out {
		out[i] = Event{
			ID: fmt.Sprint(i), Type: rapid.SampledFrom(types).Draw(t, "type"),
			OccurredAt: now.Add(-time.Duration(rapid.IntRange(0, 90*24*3600).Draw(t, "age")) * time.Second),
			Properties: map[string]any{"kind": rapid.SampledFrom([]string{"whitepaper", "case"}).Draw(t, "kind"), "path": rapid.SampledFrom([]string{"/", "/pricing/x"}).Draw(t, "path")},
		}
	}
	return out
}

func drawProfile(t *rapid.T) person.Profile {
	all := person.Profile{
		"title": "VP Sales", "company_size": 120.0, "industry": "Software", "company": "Acme", "company_domain": "rival.example",
		"custom": map[string]any{"role": "head buyer"},
	}
	p := person.Profile{}
	for _, k := range []string{"title", "company_size", "industry", "company", "company_domain", "custom"} {
		if rapid.Bool().Draw(t, k) {
			p[k] = all[k]
		}
	}
	return p
}

func drawAdjustments(t *rapid.T) []Adjustment {
	var out []Adjustment
	at := now.Add(-60 * span.Day)
	for i := range rapid.IntRange(0, 3).Draw(t, "adjustments") {
		at = at.Add(time.Duration(rapid.IntRange(1, 20*24).Draw(t, "gap")) * time.Hour)
		out = append(out, Adjustment{At: at, Policy: rapid.SampledFrom([]string{"keep", "halve", "zero", "floor"}).Draw(t, "policy"), Cycle: i + 2})
	}
	return out
}

// Events arrive late, twice, in any order, in batches of any size; the score is the one of all of them, to the bit.
func TestFold_orderAndBatchesDoNotMatter(t *testing.T) {
	t.Parallel()
	s := scorer(t)
	rapid.Check(t, func(t *rapid.T) {
		events, adjustments, profile := drawEvents(t), drawAdjustments(t), drawProfile(t)
		want := s.Evaluate(profile, s.Recompute(adjustments, append(events, events...)), adjustments, now, "")

		shuffled := append([]Event(nil), events...)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		acc := Accumulators{}
		for len(shuffled) > 0 {
			n := 1 + r.IntN(len(shuffled))
			acc = s.Fold(acc, adjustments, shuffled[:n]...)
			shuffled = shuffled[n:]
			raw, err := json.Marshal(acc) // as it is between two transactions
			require.NoError(t, err)
			acc = Accumulators{}
			require.NoError(t, json.Unmarshal(raw, &acc))
		}
		require.Equal(t, want, s.Evaluate(profile, acc, adjustments, now, ""))
	})
}

func TestExplain_namesEveryPoint(t *testing.T) {
	t.Parallel()
	s := scorer(t)
	rapid.Check(t, func(t *rapid.T) {
		events, adjustments, profile := drawEvents(t), drawAdjustments(t), drawProfile(t)
		before := rapid.SampledFrom([]string{"", Cold, Warm, Hot}).Draw(t, "band")
		got := s.Explain(profile, events, adjustments, now, before)
		require.Equal(t, s.Evaluate(profile, s.Recompute(adjustments, events), adjustments, now, before), got.Result)
		sum := 0.0
		for _, i := range got.Items {
			sum += i.Points
			require.NotEmpty(t, i.Why)
		}
		require.InDelta(t, got.Score, sum, 1e-6)
		require.GreaterOrEqual(t, float64(got.Score), s.Floor)
		for _, m := range got.Missing {
			require.Positive(t, m.Points)
			require.Less(t, got.Score, 100)
		}
	})
}

func TestEvaluate_examples(t *testing.T) {
	t.Parallel()
	s := scorer(t)
	view := func(age time.Duration, path string) Event {
		return Event{ID: fmt.Sprint(age, path), Type: "page_view", OccurredAt: now.Add(-age), Properties: map[string]any{"path": path}}
	}
	for _, tt := range []struct {
		name        string
		events      []Event
		adjustments []Adjustment
		want        float64
	}{
		{"a pricing visit", []Event{view(0, "/pricing")}, nil, 20},
		{"halves in a half-life", []Event{view(14*span.Day, "/pricing")}, nil, 10},
		{"the cap of a rule", []Event{view(0, "/pricing"), view(1, "/pricing"), view(2, "/pricing/a")}, nil, 55}, // 40, and three visits
		{"three visits within a week", []Event{view(0, "/"), view(time.Hour, "/"), view(2*time.Hour, "/")}, nil, 15},
		{"two visits, and one too old", []Event{view(0, "/"), view(time.Hour, "/"), view(8*span.Day, "/")}, nil, 0},
		{"halved when recycled", []Event{view(0, "/pricing")}, []Adjustment{{At: now, Policy: "halve"}}, 10},
		{"zero, then new", []Event{view(2*time.Hour, "/pricing"), view(0, "/pricing")}, []Adjustment{{At: now.Add(-time.Hour), Policy: "zero"}}, 20},
		{"an adjustment yet to come", []Event{view(0, "/pricing")}, []Adjustment{{At: now.Add(time.Hour), Policy: "zero"}}, 20},
	} {
		got := s.Evaluate(person.Profile{"company": "x"}, s.Recompute(tt.adjustments, tt.events), tt.adjustments, now, "")
		require.InDelta(t, tt.want, got.Engagement, 0.001, tt.name)
	}
	floor := []Adjustment{{At: now.Add(-time.Hour), Policy: "floor"}}
	got := s.Evaluate(person.Profile{"industry": "finance", "company": "x"}, s.Recompute(floor, []Event{view(0, "/pricing")}), floor, now, "")
	require.Equal(t, -30, got.Score, "the floor of -50 and a new visit of 20")
}

func TestBand_isLeftOnlyBeyondItsHysteresis(t *testing.T) {
	t.Parallel()
	s := scorer(t)
	for _, tt := range []struct {
		score        float64
		before, want string
	}{
		{100, Cold, Hot},
		{99, Cold, Warm},
		{91, Hot, Hot},
		{89, Hot, Warm},
		{35, Warm, Warm},
		{29, Warm, Cold},
		{35, Cold, Cold},
	} {
		require.Equal(t, tt.want, s.band(tt.score, tt.before), "%v after %s", tt.score, tt.before)
	}
}

func TestValidate_saysWhatWhereAndWhatToDo(t *testing.T) {
	t.Parallel()
	require.Empty(t, everyKind().Validate())
	for path, spoil := range map[string]func(*Model){
		"engagement[0].half_life": func(m *Model) { m.Engagement[0].Within = days(1) },
		"engagement[1].id":        func(m *Model) { m.Engagement[1].ID = "whitepaper" },
		"engagement[1].group":     func(m *Model) { m.Engagement[1].Group = "nobody" },
		"engagement[2].on":        func(m *Model) { m.Engagement[2].On = "dance" },
		"engagement[3].cap":       func(m *Model) { m.Engagement[3].Cap = ptr(-1) },
		"engagement[4].points":    func(m *Model) { m.Engagement[4].Points = 0 },
		"fit[0].persona":          func(m *Model) { m.Fit[0].Persona = "nobody" },
		"fit[1].field":            func(m *Model) { m.Fit[1].Field = "shoe_size" },
		"fit[2]":                  func(m *Model) { m.Fit[2].Present = true },
		"personas.buyer.all[0].matches": func(m *Model) {
			m.Personas = map[string]Persona{"buyer": {All: []Condition{{Field: "title", Matches: "("}, {Field: "city", Present: true}}}}
		},
		"mql.score":   func(m *Model) { m.MQL.Score = 1000 },
		"bands.hot":   func(m *Model) { m.Bands.Hot = 10 },
		"floor":       func(m *Model) { m.Floor = 5 },
		"triggers[0]": func(m *Model) { m.Triggers = []string{"x"} },
	} {
		m := everyKind()
		spoil(&m)
		problems := m.Validate()
		require.NotEmpty(t, problems, path)
		require.Equal(t, path, problems[0].Path)
		require.NotEmpty(t, problems[0].Message)
		_, err := New(m)
		require.Error(t, err)
	}
}

func TestLifts_aKeptScoreDoesNotQualifyByItself(t *testing.T) {
	t.Parallel()
	s := scorer(t)
	kept := Result{Score: 120, Engagement: 110, Fit: 10}
	require.False(t, s.Lifts(kept, kept))
	more := kept
	more.Engagement, more.Score = 112, 122
	require.True(t, s.Lifts(kept, more))
	require.False(t, s.Lifts(Result{Score: 10}, Result{Score: 99, Engagement: 99}))
}

func BenchmarkFoldAndEvaluate(b *testing.B) {
	s := scorer(b)
	e := Event{Type: "page_view", OccurredAt: now, Properties: map[string]any{"path": "/pricing"}}
	acc := s.Fold(Accumulators{}, nil, e, e, e)
	p := person.Profile{"title": "VP", "company_size": 100.0}
	for b.Loop() {
		_ = s.Evaluate(p, s.Fold(acc, nil, e), nil, now, Warm)
	}
}
