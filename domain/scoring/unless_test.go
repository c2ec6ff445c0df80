package scoring

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// collector takes points from whoever downloads much and never looks at a price.
func collector() Model {
	return Model{
		MQL: MQL{Score: 100},
		Engagement: []EngagementRule{
			{ID: "downloads", On: "content_download", Points: 10},
			{ID: "pricing", On: "page_view", Where: []Condition{{Field: "path", Prefix: "/pricing"}}, Points: 20},
			{
				ID: "collects", On: "content_download", Count: 3, Points: -25,
				Unless: []Unless{{On: "page_view", Where: []Condition{{Field: "path", Prefix: "/pricing"}}}, {On: "demo_request"}},
			},
		},
	}
}

func TestUnless_keepsARuleFromActing(t *testing.T) {
	t.Parallel()
	s := scorer(t, collector())
	download := func(age time.Duration) Event { return happened("content_download", age) }
	three := []Event{download(1), download(2), download(3)}
	recycled := []Adjustment{{At: now.Add(-time.Hour), Policy: PolicyKeep, Cycle: 2}}
	old := func(e Event) Event { e.OccurredAt = now.Add(-2 * time.Hour); return e }
	for _, tt := range []struct {
		name        string
		events      []Event
		adjustments []Adjustment
		want        int
	}{
		{"two downloads", three[:2], nil, 20},
		{"three downloads", three, nil, 5},
		{"and another page", append(three[:3:3], view(0, "/about")), nil, 5},
		{"and a price", append(three[:3:3], view(0, "/pricing")), nil, 50},
		{"a price before", append([]Event{view(4, "/pricing/x")}, three...), nil, 50},
		{"and a demo", append(three[:3:3], happened("demo_request", 0)), nil, 30},
		{"a price in the cycle before", append(three[:3:3], old(view(0, "/pricing"))), recycled, 25},
	} {
		acc := s.Recompute(tt.adjustments, tt.events)
		require.Equal(t, tt.want, s.Evaluate(nil, acc, tt.adjustments, now, "").Score, tt.name)
		e := s.Explain(nil, tt.events, tt.adjustments, now, "")
		require.Equal(t, tt.want, e.Score, tt.name)
		addsUp(t, s, e)
		for _, i := range e.Items {
			require.NotContains(t, i.Rule, "!", "what is only counted is in no explanation")
		}
	}
	e := s.Explain(nil, three, nil, now, "")
	require.Equal(t, "content_download, 3 of them, and never page_view where path begins with /pricing, and never demo_request", itemsOf(e, "collects")[0].Why)
}

// A model that gets such a rule needs the events that keep it from acting, of everybody.
func TestUnless_asksForEventsOfBefore(t *testing.T) {
	t.Parallel()
	was := collector()
	was.Engagement = was.Engagement[:2]
	old, s := scorer(t, was), scorer(t, collector())
	events := []Event{happened("content_download", 1), happened("content_download", 2), happened("content_download", 3), happened("demo_request", 4)}
	kept, gap := s.Since(old).Carry(old.Recompute(nil, events))
	require.ElementsMatch(t, []string{"content_download", "page_view", "demo_request"}, gap.Types)
	require.Equal(t, s.Recompute(nil, events), s.Fill(kept, gap, nil, events))
	require.True(t, s.Since(s).Same)
	require.Equal(t, map[string]any{"path": "/pricing"}, s.Read("page_view", []byte(`{"path": "/pricing", "x": 1}`)))
}

func TestUnless_validates(t *testing.T) {
	t.Parallel()
	require.Empty(t, collector().Validate())
	for want, change := range map[string]func(*EngagementRule){
		"engagement[2].unless: is for rules that take points":    func(r *EngagementRule) { r.Points = 25 },
		"engagement[2].unless: needs a count":                    func(r *EngagementRule) { r.Count = 0 },
		"engagement[2].unless[1].on: is no type of engagement":   func(r *EngagementRule) { r.Unless[1].On = "moon" },
		"engagement[2].unless[0].where[0].field: is missing":     func(r *EngagementRule) { r.Unless[0].Where[0].Field = "" },
		"engagement[2].unless: has 11 kinds of events, at most":  func(r *EngagementRule) { r.Unless = make([]Unless, 11) },
		"engagement[2].half_life: does not go with count":        func(r *EngagementRule) { r.HalfLife = days(3) },
		"engagement[2].unless[0].where[0]: has 2 tests: give ex": func(r *EngagementRule) { r.Unless[0].Where[0].Equals = "x" },
	} {
		m := collector()
		change(&m.Engagement[2])
		_, err := New(m)
		require.ErrorContains(t, err, want)
	}
}

func TestSee_eachRuleByItself(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	var ids []string
	for _, w := range s.Watched() {
		ids = append(ids, w.ID)
	}
	require.Len(t, ids, 17)
	events := []Event{
		view(0, "/pricing"), view(1, "/pricing"), view(2, "/pricing"), happened("content_download", 0, "kind", "whitepaper"), happened("meeting", 0),
		happened("cta_click", 6*span.Day), view(-time.Hour, "/pricing"), // long ago, and in the future
	}
	profile := person.Profile{"company": "x", "industry": "finance"}
	got := s.See(profile, events, nil, now)
	is := func(id string) (float64, int) {
		for i := range ids {
			if ids[i] == id {
				return got.Points[i], got.Events[i]
			}
		}
		t.Fatal(id)
		return 0, 0
	}
	for id, want := range map[string][2]float64{
		"industry": {15, 1}, "buyer": {0, 0}, "no_company": {0, 0}, "pricing": {40, 3}, "visits": {15, 3}, "whitepaper": {10, 1}, "talked": {0, 1}, "recent": {0, 1}, "bounce": {0, 0},
	} {
		points, n := is(id)
		require.InDelta(t, want[0], points, 1e-6, id)
		require.Equal(t, int(want[1]), n, id)
	}
	require.Equal(t, s.Explain(profile, events, nil, now, "").Score, got.Score)
	halved := []Adjustment{{At: now.Add(time.Minute - span.Day), Policy: PolicyHalve, Cycle: 2}}
	got = s.See(profile, []Event{happened("content_download", span.Day, "kind", "whitepaper")}, halved, now)
	points, n := is("whitepaper")
	require.InDelta(t, 4.886, points, 1e-3, "half of what has decayed a day")
	require.Zero(t, n, "of this cycle")
}

func TestRepointed_isAModel(t *testing.T) {
	t.Parallel()
	m := everyKind()
	got := m.Repointed(map[string]float64{"pricing": 10, "chat": 0, "unsubscribe": -20, "industry": 0, "open": 2}, 80)
	require.Empty(t, got.Validate())
	by := map[string]EngagementRule{}
	for _, r := range got.Engagement {
		by[r.ID] = r
	}
	require.InDelta(t, 20, *by["pricing"].Cap, 0, "as many events count as before")
	require.InDelta(t, -20, *by["unsubscribe"].Cap, 0)
	require.NotContains(t, by, "chat")
	require.Len(t, got.Fit, len(m.Fit)-1)
	require.Equal(t, Bands{Hot: 80, Warm: 32, Hysteresis: 8}, got.Bands)
	require.InDelta(t, 80, got.MQL.Score, 0)
	require.Equal(t, everyKind(), m, "the model it is made of stays as it is")
}

func TestFitAbout_rulesThatAskForAField(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	require.Equal(t, []string{"company", "company_domain", "company_size", "custom.role", "industry", "phone", "region", "title"}, s.FitFields())
	vp := person.Profile{"title": "VP", "company_size": 100.0, "industry": "software"}
	require.InDelta(t, 25, s.FitAbout("title", vp), 0, "through a persona")
	require.InDelta(t, 15, s.FitAbout("industry", vp), 0)
	require.InDelta(t, -10, s.FitAbout("company", vp), 0)
	require.True(t, s.Is("buyer", vp))
	require.False(t, s.Is("buyer", person.Profile{"title": "VP"}))
	require.False(t, s.Is("moon", vp))
}

func TestWords_areWhatARuleIsAbout(t *testing.T) {
	t.Parallel()
	of := map[string]string{}
	for _, w := range scorer(t, everyKind()).Watched() {
		of[w.ID] = strings.Join(w.Words(), " ")
	}
	require.Equal(t, "webinar", of["webinar"])
	require.Contains(t, of["pricing"], "pricing")
	require.NotContains(t, of["pricing"], "page")
	require.Equal(t, "whitepaper download kind", of["whitepaper"])
}
