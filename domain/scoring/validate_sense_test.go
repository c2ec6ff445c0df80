package scoring

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/span"
)

func on(id string, points float64, change ...func(*EngagementRule)) EngagementRule {
	r := EngagementRule{ID: id, On: "page_view", Points: points}
	for _, c := range change {
		c(&r)
	}
	return r
}

func capped(n float64) func(*EngagementRule)     { return func(r *EngagementRule) { r.Cap = &n } }
func grouped(g string) func(*EngagementRule)     { return func(r *EngagementRule) { r.Group = g } }
func counting(n int) func(*EngagementRule)       { return func(r *EngagementRule) { r.Count = n } }
func where(c ...Condition) func(*EngagementRule) { return func(r *EngagementRule) { r.Where = c } }

func fitOf(id string, points float64, c Condition) FitRule {
	return FitRule{ID: id, Points: points, Condition: c}
}

func paths(all []Finding) (out []string) {
	for _, f := range all {
		out = append(out, f.Path)
	}
	return out
}

func TestSense_findsContradictions(t *testing.T) {
	size := func(from, to float64) Condition { return Condition{Field: "company_size", Range: []float64{from, to}} }
	seconds := func(from, to float64) Condition { return Condition{Field: "seconds", Range: []float64{from, to}} }
	open := on("open", 10)
	for name, c := range map[string]struct {
		m                 Model
		refused, doubtful []string
	}{
		"nothing":                         {m: Model{Engagement: []EngagementRule{open}}},
		"a cap under its rule":            {m: Model{Engagement: []EngagementRule{open, on("a", 10, capped(9))}}, refused: []string{"engagement[1].cap"}},
		"a cap of exactly its rule":       {m: Model{Engagement: []EngagementRule{open, on("a", 10, capped(10))}}},
		"a cap of negative points":        {m: Model{Engagement: []EngagementRule{open, on("a", -10, capped(-5))}}, refused: []string{"engagement[1].cap"}},
		"a group under a rule":            {m: Model{Groups: map[string]Group{"g": {Cap: 15}}, Engagement: []EngagementRule{open, on("a", 20, grouped("g"))}}, refused: []string{"groups.g.cap"}},
		"a group that limits the bad":     {m: Model{Groups: map[string]Group{"g": {Cap: -30}}, Engagement: []EngagementRule{open, on("a", -20, grouped("g")), on("b", 40, grouped("g"))}}},
		"fit under a rule":                {m: Model{Caps: Caps{Fit: new(10.0)}, Fit: []FitRule{fitOf("f", 20, Condition{Field: "title", Present: true})}, Engagement: []EngagementRule{open}}, refused: []string{"caps.fit"}},
		"engagement under a rule":         {m: Model{Caps: Caps{Engagement: new(99.0)}, MQL: MQL{Score: 50}, Engagement: []EngagementRule{on("a", 100)}}, refused: []string{"caps.engagement"}},
		"a score nobody reaches":          {m: Model{Engagement: []EngagementRule{on("a", 20, capped(60)), on("b", 39, counting(3))}}, refused: []string{"mql.score"}},
		"a score just reached":            {m: Model{Engagement: []EngagementRule{on("a", 20, capped(60)), on("b", 39.5, counting(3))}}},
		"a score that any number reaches": {m: Model{Engagement: []EngagementRule{on("a", 1)}}},
		"a fit nobody reaches": {
			m:       Model{MQL: MQL{MinFit: new(25.0)}, Fit: []FitRule{fitOf("small", 20, size(1, 49)), fitOf("large", 10, size(50, 500))}, Engagement: []EngagementRule{open}},
			refused: []string{"mql.min_fit"},
		},
		"a fit by two fields":  {m: Model{MQL: MQL{MinFit: new(25.0)}, Fit: []FitRule{fitOf("small", 20, size(1, 49)), fitOf("title", 10, Condition{Field: "title", Present: true})}, Engagement: []EngagementRule{open}}},
		"an engagement nobody": {m: Model{MQL: MQL{Score: 10, MinEngagement: new(50.0)}, Caps: Caps{Engagement: new(50.0)}, Engagement: []EngagementRule{on("a", 10, capped(40))}}, refused: []string{"mql.min_engagement"}},
		"steps that meet":      {m: Model{Fit: []FitRule{fitOf("small", 5, size(1, 50)), fitOf("large", 10, size(50, 500))}, Engagement: []EngagementRule{open}}, refused: []string{"fit[1].range"}},
		"steps of events":      {m: Model{Engagement: []EngagementRule{open, on("a", 1, where(seconds(10, 60))), on("b", 2, where(seconds(30, 90)))}}, refused: []string{"engagement[2].where[0].range"}},
		"steps of events on one page": {
			m: Model{Engagement: []EngagementRule{
				open, on("a", 1, where(Condition{Field: "path", Equals: "/pricing"}, seconds(10, 60))), on("b", 2, where(seconds(30, 90), Condition{Field: "path", Equals: "/pricing"})),
			}},
			refused: []string{"engagement[2].where[0].range"},
		},
		"steps of events on two pages": {m: Model{Engagement: []EngagementRule{
			open, on("a", 1, where(Condition{Field: "path", Equals: "/pricing"}, seconds(10, 60))), on("b", 2, where(seconds(30, 90), Condition{Field: "path", Equals: "/"})),
		}}},
		"one asks for more":    {m: Model{Engagement: []EngagementRule{open, on("a", 1, where(seconds(10, 60))), on("b", 2, where(seconds(30, 90), Condition{Field: "path", Equals: "/"}))}}},
		"the same twice":       {m: Model{Engagement: []EngagementRule{open, on("a", 1, where(seconds(10, 60))), on("b", 2, where(seconds(10, 60)))}}, refused: []string{"engagement[2].where[0].range"}},
		"the same, counted":    {m: Model{Engagement: []EngagementRule{open, on("a", 1, where(seconds(10, 60))), on("b", 2, where(seconds(10, 60)), counting(3))}}},
		"ranges of two fields": {m: Model{Fit: []FitRule{fitOf("small", 5, size(1, 50)), fitOf("rich", 10, Condition{Field: "annual_revenue", Range: []float64{1, 50}})}, Engagement: []EngagementRule{open}}},
		"what has no effect": {
			m: Model{
				Bands: Bands{Hot: 500, Warm: 10}, Grades: Grades{A: 50, B: 20, C: 10}, MQL: MQL{Score: 60}, Caps: Caps{Engagement: new(60.0)},
				Personas: map[string]Persona{"p": {All: []Condition{{Field: "title", Present: true}}}}, Groups: map[string]Group{"g": {Cap: 5}},
				Fit: []FitRule{fitOf("f", 20, Condition{Field: "title", Present: true})}, Engagement: []EngagementRule{open},
			},
			doubtful: []string{"bands.hot", "grades.A", "personas.p", "groups.g"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, c.m.Validate(), "the other checks take it")
			refused, doubtful := c.m.Sense()
			require.Equal(t, c.refused, paths(refused))
			require.Equal(t, c.doubtful, paths(doubtful))
			for _, f := range append(refused, doubtful...) {
				require.NotEmpty(t, f.Why)
				require.NotEmpty(t, f.Remedy)
			}
		})
	}
}

// What is said to be out of reach is: no profile and no events get there.
func TestSense_theMostIsNeverLessThanWhatALeadHas(t *testing.T) {
	m := Model{
		Caps: Caps{Engagement: new(90.0)},
		Fit: []FitRule{
			fitOf("software", 10, Condition{Field: "industry", OneOf: []any{"software", "games"}}), fitOf("games", 7, Condition{Field: "industry", Equals: "Games"}),
			fitOf("s", 3, Condition{Field: "company_size", Range: []float64{1, 10}}), fitOf("m", 5, Condition{Field: "company_size", Range: []float64{11, 50}}),
			fitOf("tag", 2, Condition{Field: "custom.tags", Equals: "a"}), fitOf("tag2", 2, Condition{Field: "custom.tags", Equals: "b"}),
		},
		Engagement: []EngagementRule{on("a", 50, capped(100)), on("b", 30, counting(2))},
	}
	s, err := New(m)
	require.NoError(t, err)
	best := s.FitOf(person.Profile{"industry": "games", "company_size": 20.0, "custom": map[string]any{"tags": []any{"a", "b"}}})
	require.Equal(t, 26.0, best)
	require.Equal(t, best, m.mostFit())
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var events []Event
	for range 5 {
		events = append(events, Event{Type: "page_view", OccurredAt: at})
	}
	require.Equal(t, 90.0, s.Evaluate(nil, s.Recompute(nil, events), nil, at, "").Engagement)
	require.Equal(t, 90.0, m.mostEngagement())
}

func TestUnheld_namesFieldsThatNoLeadHas(t *testing.T) {
	m := Model{
		Personas: map[string]Persona{"buyer": {All: []Condition{{Field: "title", Present: true}}}},
		Fit: []FitRule{
			{ID: "buyer", Persona: "buyer", Points: 5},
			fitOf("budget", 10, Condition{Field: "custom.budget", Present: true}),
			fitOf("none", -5, Condition{Field: "department", Missing: true}),
		},
	}
	require.Equal(t, []string{"title", "custom.budget", "department"}, m.FieldNames())
	require.Empty(t, m.Unheld(0, nil), "nothing is known of a house without leads")
	found := m.Unheld(200, map[string]int{"title": 3})
	require.Equal(t, []string{"fit[1].field", "fit[2].field"}, paths(found))
	require.Contains(t, found[0].Why, "none of the newest 200 leads has custom.budget, so this never holds")
	require.Contains(t, found[1].Why, "so this holds for everybody")
}

func TestProperties_namesWhatNoEventHas(t *testing.T) {
	m := Model{Engagement: []EngagementRule{
		on("pricing", 5, where(Condition{Field: "path", Prefix: "/pricing"}, Condition{Field: "utm.source", Equals: "ads"})),
		on("long", 5, where(Condition{Field: "seconds", Range: []float64{60, 600}}, Condition{Field: "bot", Missing: true})),
		{ID: "webinar", On: "webinar_attendance", Points: 5, Where: []Condition{{Field: "minutes", Range: []float64{30, 90}}}},
		{ID: "never", On: "content_download", Points: -5, Count: 3, Unless: []Unless{{On: "page_view", Where: []Condition{{Field: "page", Present: true}}}}},
	}}
	require.Empty(t, m.Validate())
	p := m.Properties()
	require.Equal(t, []string{"page_view", "webinar_attendance"}, p.Types())
	require.Empty(t, p.Unheld(0), "nothing is known of a house without events")
	p.Count("page_view", map[string]any{"path": "/", "utm": map[string]any{"source": "web"}, "seconds": " ", "<b>": 1})
	p.Count("page_view", map[string]any{"path": "/x", "bot": nil})
	found := p.Unheld(7)
	require.Equal(t, []string{"engagement[1].where[0].field", "engagement[1].where[1].field", "engagement[3].unless[0].where[0].field"}, paths(found), "of webinars nothing is known")
	require.Equal(t, "none of 2 page_view events of the newest 7 leads has seconds, so this never holds", found[0].Why)
	require.Equal(t, "send it with the events, or use another property: they have path, bot, seconds, utm", found[0].Remedy)
	require.Contains(t, found[1].Why, "so this holds for each of them")
	p = m.Properties()
	p.Count("page_view", nil)
	require.Contains(t, p.Unheld(1)[0].Remedy, "these have none")
}

func TestDiff_saysByRuleAndInWordsWhatIsOtherwise(t *testing.T) {
	from := Model{
		Caps: Caps{Fit: new(60.0)}, Personas: map[string]Persona{"buyer": {All: []Condition{{Field: "title", Contains: "head"}}}},
		Fit:        []FitRule{{ID: "buyer", Persona: "buyer", Points: 25}, fitOf("rival", -50, Condition{Field: "company_domain", Equals: "rival.example"})},
		Groups:     map[string]Group{"content": {Cap: 60}},
		Engagement: []EngagementRule{on("visit", 10, where(Condition{Field: "path", Prefix: "/pricing"})), on("old", 1)},
		Triggers:   []string{"demo_request"},
	}
	to := from
	to.MQL = MQL{Score: 80, MinFit: new(10.0)}
	to.Caps = Caps{}
	to.Personas = map[string]Persona{"buyer": {All: []Condition{{Field: "title", Contains: "chief"}}}}
	to.Fit = []FitRule{{ID: "buyer", Persona: "buyer", Points: 30}}
	visit := on("visit", 20, where(Condition{Field: "path", Prefix: "/pricing"}), capped(40))
	visit.HalfLife = span.Span(14 * span.Day)
	to.Engagement = []EngagementRule{visit, on("webinar", 20, counting(2), grouped("content"))}
	to.Triggers = nil
	require.Empty(t, from.Diff(from))
	require.Equal(t, []Difference{
		{"mql", "", Changed, "score 100 -> 80; least fit none -> 10"},
		{"bands", "", Changed, "hot 100 -> 80; warm 40 -> 32; hysteresis 10 -> 8"},
		{"caps", "", Changed, "fit 60 -> none"},
		{"persona", "buyer", Changed, "all of title contains head -> title contains chief"},
		{"fit", "buyer", Changed, "points 25 -> 30"},
		{"fit", "rival", Removed, "-50 points where company_domain is rival.example"},
		{"engagement", "visit", Changed, "points 10 -> 20; half-life none -> 14d; cap none -> 40"},
		{"engagement", "webinar", Added, "20 points for at least 2 page_view, in the group content"},
		{"engagement", "old", Removed, "1 points for page_view"},
		{"triggers", "", Changed, "qualify at once demo_request -> none"},
	}, from.Diff(to))
}

// Two long lists that differ at their end are told in full.
func TestDiff_doesNotCutWhatDiffers(t *testing.T) {
	var values []any
	for range 40 {
		values = append(values, "something long")
	}
	a := Model{Fit: []FitRule{fitOf("f", 1, Condition{Field: "industry", OneOf: append(values[:40:40], "x")})}}
	b := Model{Fit: []FitRule{fitOf("f", 1, Condition{Field: "industry", OneOf: append(values[:40:40], "y")})}}
	require.Len(t, a.Diff(b), 1)
}
