package scoring

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/span"
)

func itemsOf(e Explanation, rule string) []Item {
	var out []Item
	for _, i := range e.Items {
		if i.Rule == rule {
			out = append(out, i)
		}
	}
	return out
}

func TestExplain_namesRuleEventAndReason(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	profile := person.Profile{"company": "x", "industry": "Finance", "title": "VP of Secrets", "company_size": 80.0}
	events := []Event{
		view(14*span.Day, "/pricing"), view(0, "/pricing"), view(time.Microsecond, "/pricing"), view(2*time.Microsecond, "/pricing"), view(time.Hour, "/"),
		happened("cta_click", 6*span.Day),
	}
	e := s.Explain(profile, events, nil, now, "")
	addsUp(t, s, e)
	require.True(t, e.Complete)
	require.Equal(t, 95, e.Score) // 40 + 40 + 15
	require.Equal(t, []Item{
		{Rule: "buyer", Axis: "fit", Points: 25, Raw: 25, Why: "is the persona buyer"},
		{Rule: "industry", Axis: "fit", Points: 15, Raw: 15, Why: "industry is one of software, finance"},
	}, e.Items[:2])

	pricing := itemsOf(e, "pricing")
	require.Len(t, pricing, 4)
	require.Equal(t, []float64{0, 10, 20, 10}, []float64{pricing[0].Points, pricing[1].Points, pricing[2].Points, pricing[3].Points})
	require.Equal(t, "page_view, halves every 14d; the rule gives at most 40 in a cycle", pricing[0].Why)
	require.Equal(t, events[0].ID, pricing[3].EventID)
	require.Equal(t, events[0].OccurredAt, *pricing[3].OccurredAt)
	require.InDelta(t, 20, pricing[3].Raw, 0)
	require.Equal(t, "page_view, 3 of them within 7d", itemsOf(e, "visits")[0].Why)
	require.Equal(t, "cta_click, longer ago than 5d", itemsOf(e, "recent")[0].Why)
	require.Zero(t, itemsOf(e, "recent")[0].Points)

	text, err := json.Marshal(e)
	require.NoError(t, err)
	require.NotContains(t, string(text), "Secrets", "what people are called or do is not repeated")
	require.Contains(t, string(text), `"score":95`)
}

func TestExplain_capsFloorAndRecyclingAreInTheItems(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	halved := []Adjustment{{At: now.Add(-time.Hour), Policy: "halve", Cycle: 2}}
	e := s.Explain(person.Profile{"company": "x", "industry": "finance", "phone": "1", "custom.role": "buys", "title": "VP", "company_size": 60},
		[]Event{happened("webinar_attendance", 45*span.Day)}, halved, now, "")
	require.Equal(t, 65, e.Score) // fit 75, capped at 60, and a quarter of 20
	require.Equal(t, "webinar_attendance, halves every 45d; counts half since the lead was recycled", itemsOf(e, "webinar")[0].Why)
	require.Contains(t, itemsOf(e, "phone")[0].Why, "fit gives at most 60")
	require.Zero(t, itemsOf(e, "phone")[0].Points)
	addsUp(t, s, e)

	e = s.Explain(person.Profile{"company_domain": "Rival.example"}, nil, nil, now, "")
	require.Equal(t, -50, e.Score)
	require.Equal(t, []Item{{Rule: "floor", Axis: "total", Points: 10, Raw: 10, Why: "a score never falls below the floor"}}, itemsOf(e, "floor"))

	e = s.Explain(known, []Event{happened("chat", 0)}, nil, now, "")
	require.InDelta(t, -0.1, itemsOf(e, "rounding")[0].Points, 0)

	floor := []Adjustment{{At: now.Add(-time.Hour), Policy: "floor", Cycle: 2}}
	e = s.Explain(known, []Event{view(2*time.Hour, "/pricing")}, floor, now, "")
	require.Equal(t, -50, e.Score)
	require.InDelta(t, -50, itemsOf(e, "recycling")[0].Points, 0)
	require.Contains(t, itemsOf(e, "pricing")[0].Why, "counts no more since the lead was recycled on 1 June 2026")
}

func TestExplain_theGroupIsFilledByItsOldestEvents(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	var events []Event
	for i := range 3 {
		events = append(events, happened("webinar_attendance", time.Duration(i)*time.Microsecond), happened("content_download", time.Duration(i+10)*time.Microsecond, "kind", "whitepaper"))
	}
	e := s.Explain(known, events, nil, now, "")
	addsUp(t, s, e)
	require.Equal(t, 60, e.Score)
	webinars := itemsOf(e, "webinar")
	require.Equal(t, []float64{0, 10, 20}, []float64{webinars[0].Points, webinars[1].Points, webinars[2].Points})
	require.Contains(t, webinars[0].Why, "the group content gives at most 60 in a cycle")
}

// The past is asked for under the events of then; what came later does not count.
func TestExplain_goesBackInTime(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	events := []Event{view(0, "/pricing"), view(10*span.Day, "/pricing")}
	adjustments := []Adjustment{{At: now.Add(-5 * span.Day), Policy: "zero", Cycle: 2}}
	e := s.Explain(known, events, adjustments, now.Add(-10*span.Day), "")
	require.Equal(t, 20, e.Score)
	require.Len(t, e.Items, 1)
	require.Equal(t, 20, s.Explain(known, events, adjustments, now, "").Score)
	require.Equal(t, 0, s.Explain(known, events, adjustments, now.Add(-1*time.Second), "").Score)
}

func TestExplain_isBounded(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	var events []Event
	for i := range 5000 {
		events = append(events, happened("chat", time.Duration(i)*time.Minute), happened("cta_click", time.Duration(i)*time.Minute))
	}
	e := s.Explain(known, events, nil, now, "")
	addsUp(t, s, e)
	require.Len(t, itemsOf(e, "chat"), maxNamed+1)
	require.False(t, e.Complete, "not every point of chat names its event")
	old := itemsOf(e, "chat")[maxNamed]
	require.Empty(t, old.EventID)
	require.Equal(t, "4900 earlier chat events; engagement gives at most 150 in a cycle", old.Why)
}

func TestMissing_whatWouldHelpMost(t *testing.T) {
	t.Parallel()
	m := everyKind()
	m.MQL.Score = 35
	s := scorer(t, m)
	e := s.Explain(known, []Event{view(0, "/pricing"), happened("meeting", 0)}, nil, now, "")
	require.Equal(t, 20, e.Score)
	require.Equal(t, "15 points short of MQL; industry gives 15.", e.Sentence)
	require.Equal(t, []string{"industry", "webinar", "pricing", "buyer", "role", "visits", "talked"}, rulesOf(e)[:7])
	require.Equal(t, Missing{Rule: "visits", Points: 15, Events: 2, points: 15 * point, enough: true}, e.Missing[5])
	require.Equal(t, Missing{Rule: "talked", Points: 12, Events: 1, points: 12 * point}, e.Missing[6], "one more meeting makes two")

	e = s.Explain(known, []Event{view(0, "/pricing"), view(1, "/pricing"), view(2, "/pricing")}, nil, now, "")
	require.Empty(t, e.Missing)
	require.NotNil(t, e.Missing, "a list in JSON")
	require.Equal(t, "At 55 points, with 35 needed for MQL.", e.Sentence)
}

func rulesOf(e Explanation) []string {
	var out []string
	for _, m := range e.Missing {
		out = append(out, m.Rule)
	}
	return out
}

func TestMissing_capsAndMinimaAreMinded(t *testing.T) {
	t.Parallel()
	m := everyKind()
	m.MQL = MQL{Score: 50, MinFit: new(20.0), MinEngagement: new(50.0)}
	s := scorer(t, m)
	profile := person.Profile{"company": "x", "industry": "retail", "company_size": 10}
	e := s.Explain(profile, []Event{view(0, "/pricing"), view(1, "/pricing")}, nil, now, "")
	require.Equal(t, "10 points short of MQL; fit is 0, at least 20 is needed; engagement is 40, at least 50 is needed; role gives 30.", e.Sentence)
	require.NotContains(t, rulesOf(e), "pricing", "its cap is reached")
	require.NotContains(t, rulesOf(e), "industry", "it is known, and another")
	require.Contains(t, rulesOf(e), "buyer", "the title is not known")
	require.Contains(t, rulesOf(s.Explain(person.Profile{}, nil, nil, now, "")), "no_company", "to know it would take the negative points away")
	for _, missing := range e.Missing {
		require.Positive(t, missing.Points)
	}
}
