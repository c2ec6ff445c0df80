package scoring

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/span"
)

func happened(kind string, age time.Duration, properties ...string) Event {
	e := Event{ID: fmt.Sprint(kind, age, properties), Type: kind, OccurredAt: now.Add(-age), Properties: map[string]any{}}
	for i := 0; i < len(properties); i += 2 {
		e.Properties[properties[i]] = properties[i+1]
	}
	return e
}

func view(age time.Duration, path string) Event { return happened("page_view", age, "path", path) }

var known = person.Profile{"company": "x"} // nothing that gives or takes points

func TestEvaluate_examples(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	hour, day := time.Hour, time.Duration(span.Day)
	paper := func(age time.Duration) Event { return happened("content_download", age, "kind", "Whitepaper") }
	for _, tt := range []struct {
		name        string
		events      []Event
		adjustments []Adjustment
		want        float64
	}{
		{"nothing", nil, nil, 0},
		{"a pricing visit", []Event{view(0, "/pricing")}, nil, 20},
		{"halves in a half-life", []Event{view(14*day, "/pricing")}, nil, 10},
		{"halves in each half-life", []Event{view(28*day, "/pricing")}, nil, 5},
		{"is forgotten in the end", []Event{view(14*41*day, "/pricing")}, nil, 0},
		{"another page", []Event{view(0, "/about")}, nil, 0},
		{"the cap of a rule", []Event{view(0, "/pricing"), view(1, "/pricing"), view(2, "/pricing/a")}, nil, 55}, // 40, and three visits
		{"three visits within a week", []Event{view(0, "/"), view(hour, "/"), view(2*hour, "/")}, nil, 15},
		{"six visits within a week are not counted twice", []Event{view(0, "/"), view(1*hour, "/"), view(2*hour, "/"), view(3*hour, "/"), view(4*hour, "/"), view(5*hour, "/")}, nil, 15},
		{"the third just in the week", []Event{view(0, "/"), view(hour, "/"), view(7*day-time.Microsecond, "/")}, nil, 15},
		{"the third a week ago", []Event{view(0, "/"), view(hour, "/"), view(7*day, "/")}, nil, 0},
		{"each in a window", []Event{happened("cta_click", 0), happened("cta_click", hour), happened("cta_click", 6*day)}, nil, 14},
		{"each in a window, capped", []Event{happened("cta_click", 0), happened("cta_click", 1), happened("cta_click", 2), happened("cta_click", 3)}, nil, 20},
		{"a group", []Event{
			paper(0), paper(1), paper(2), paper(3), happened("webinar_attendance", 0), happened("webinar_attendance", 1),
		}, nil, 60}, // 30 + 40
		{"all of engagement", []Event{
			paper(0), paper(1), paper(2), happened("webinar_attendance", 0), happened("webinar_attendance", 1), view(0, "/pricing"), view(1, "/pricing"),
			view(2, "/pricing"), happened("cta_click", 0), happened("cta_click", 1), happened("cta_click", 2), happened("meeting", 0), happened("meeting", 1),
			happened("email_open", 0), happened("email_open", 1), happened("email_open", 2), happened("email_open", 3), happened("email_open", 4),
		}, nil, 150}, // 60 + 55 + 20 + 12 + 5
		{"negative points and their cap", []Event{happened("unsubscribe", 0), happened("unsubscribe", 1), happened("email_bounce", 0)}, nil, -60},
		{"kept when recycled", []Event{view(0, "/pricing")}, []Adjustment{{At: now, Policy: "keep"}}, 20},
		{"halved when recycled", []Event{view(14*day, "/pricing")}, []Adjustment{{At: now, Policy: "halve"}}, 5},
		{"halved twice", []Event{view(14*day, "/pricing")}, []Adjustment{{At: now.Add(-day), Policy: "halve"}, {At: now, Policy: "halve"}}, 2.5},
		{"zero, then new", []Event{view(2*hour, "/pricing"), view(0, "/pricing")}, []Adjustment{{At: now.Add(-hour), Policy: "zero"}}, 20},
		{"at the adjustment is before it", []Event{view(hour, "/pricing")}, []Adjustment{{At: now.Add(-hour), Policy: "zero"}}, 0},
		{"an adjustment yet to come", []Event{view(0, "/pricing")}, []Adjustment{{At: now.Add(hour), Policy: "zero"}}, 20},
		{"caps begin again with the cycle", []Event{
			happened("unsubscribe", 2*hour), happened("unsubscribe", 3*hour), happened("unsubscribe", 0), happened("unsubscribe", 1),
		}, []Adjustment{{At: now.Add(-hour), Policy: "keep"}}, -80},
		{"counts begin again with the cycle", []Event{happened("meeting", 0), happened("meeting", 2*hour)}, []Adjustment{{At: now.Add(-hour), Policy: "keep"}}, 0},
		{"the floor", []Event{view(0, "/pricing")}, []Adjustment{{At: now.Add(-hour), Policy: "floor"}}, -30},
		{"the floor, halved later", nil, []Adjustment{{At: now.Add(-hour), Policy: "floor"}, {At: now, Policy: "halve"}}, -25},
		{"the floor, set to zero later", nil, []Adjustment{{At: now.Add(-hour), Policy: "floor"}, {At: now, Policy: "zero"}}, 0},
	} {
		got := s.Evaluate(known, s.Recompute(tt.adjustments, tt.events), tt.adjustments, now, "")
		require.Equal(t, tt.want, got.Engagement, tt.name) //nolint:testifylint // to the bit is what is promised
		addsUp(t, s, s.Explain(known, tt.events, tt.adjustments, now, ""))
	}
}

func TestEvaluate_theFloorPolicyNeverHelps(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	floor := []Adjustment{{At: now.Add(-time.Hour), Policy: "floor"}}
	for _, tt := range []struct {
		profile person.Profile
		want    int
	}{
		{person.Profile{"company": "x", "industry": "finance"}, -50},             // 15 of fit
		{person.Profile{"company": "x", "company_domain": "rival.example"}, -50}, // -50 of fit
		{person.Profile{"company_domain": "rival.example"}, -50},                 // -60 of fit, and the floor holds
	} {
		got := s.Evaluate(tt.profile, Accumulators{}, floor, now, "")
		require.Equal(t, tt.want, got.Score)
		require.LessOrEqual(t, got.Engagement, 0.0)
		e := s.Explain(tt.profile, nil, floor, now, "")
		require.Equal(t, got, e.Result)
		addsUp(t, s, e)
	}
}

func TestEvaluate_wholePointsHalfUp(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	for n, want := range map[int]int{4: 0, 5: 1, 14: 1, 15: 2} {
		var events []Event
		for i := range n {
			events = append(events, happened("chat", time.Duration(i)))
		}
		got := s.Evaluate(known, s.Recompute(nil, events), nil, now, "")
		require.Equal(t, want, got.Score, "%d times 0.1 points", n)
	}
	require.Equal(t, 0, (-point / 2).whole())
	require.Equal(t, -1, (-point/2 - 1).whole())
}

func TestEvaluate_aClockThatRunsAheadChangesNothing(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	e := happened("page_view", -4*time.Minute, "path", "/pricing")
	e.ReceivedAt = now
	require.Equal(t, 20, s.Evaluate(known, s.Recompute(nil, []Event{e}), nil, now, "").Score)
	require.Equal(t, 20, s.Explain(known, []Event{e}, nil, now, "").Score)
	e.ReceivedAt = time.Time{} // as the caller knows no better: it counts as if it happened now
	require.InDelta(t, 20, s.Evaluate(known, s.Recompute(nil, []Event{e}), nil, now, "").Engagement, 0)
}

func TestStale_whenAnAdjustmentComesBeforeWhatIsFolded(t *testing.T) {
	t.Parallel()
	acc := scorer(t, everyKind()).Recompute(nil, []Event{view(0, "/pricing")})
	require.True(t, acc.Stale([]Adjustment{{At: now.Add(-1 * time.Second)}}))
	require.False(t, acc.Stale([]Adjustment{{At: now}}))
	require.False(t, Accumulators{}.Stale([]Adjustment{{At: now}}))
}

func TestFold_leavesWhatItWasGiven(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	acc := s.Recompute(nil, []Event{view(time.Hour, "/pricing"), happened("cta_click", time.Hour), happened("meeting", time.Hour)})
	want := s.Evaluate(known, acc, nil, now, "")
	s.Fold(acc, nil, view(time.Hour, "/pricing"), happened("cta_click", 2*time.Hour), happened("meeting", 0))
	s.Fold(acc, nil, view(0, "/pricing"), happened("cta_click", 0), happened("meeting", 0))
	require.Equal(t, want, s.Evaluate(known, acc, nil, now, ""))
}

func TestBand_isLeftOnlyBeyondItsHysteresis(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	for _, tt := range []struct {
		score        float64
		before, want string
	}{
		{100, Cold, Hot},
		{99, Cold, Warm},
		{99, "", Warm},
		{90, Hot, Hot},
		{89, Hot, Warm},
		{90, Warm, Warm},
		{30, Warm, Warm},
		{29, Warm, Cold},
		{39, Cold, Cold},
		{35, Hot, Warm},
		{29, Hot, Cold},
	} {
		require.Equal(t, tt.want, s.band(tt.score, tt.before), "%v after %s", tt.score, tt.before)
	}
	for fit, want := range map[float64]string{45: "A", 44.9: "B", 30: "B", 29: "C", 15: "C", 14: "D", -50: "D"} {
		require.Equal(t, want, s.grade(fit), fit)
	}
}

func TestLifts_onlyWhatThisCycleEarned(t *testing.T) {
	t.Parallel()
	m := everyKind()
	m.MQL = MQL{Score: 20, MinFit: new(0.0)}
	s := scorer(t, m)
	recycled := []Adjustment{{At: now.Add(-time.Hour), Policy: "keep", Cycle: 2}}
	at := func(p person.Profile, events ...Event) Result {
		return s.Evaluate(p, s.Recompute(recycled, events), recycled, now, "")
	}
	kept := view(2*time.Hour, "/pricing")
	require.True(t, s.Qualified(at(known, kept, view(2*time.Hour+1, "/pricing"))))
	require.False(t, s.Lifts(at(known, kept), at(known, kept)), "a kept score")
	require.False(t, s.Lifts(at(known, kept), at(known, kept, view(3*time.Hour, "/pricing"))), "a late event of an earlier cycle")
	require.False(t, s.Lifts(at(known, kept), at(person.Profile{"company": "x", "industry": "finance"}, kept)), "a better profile")
	require.True(t, s.Lifts(at(known, kept), at(known, kept, happened("chat", 0), happened("chat", 1))), "engagement in this cycle")
	require.False(t, s.Lifts(at(known), at(known, happened("chat", 0))), "not at the threshold")
	nobody := person.Profile{}
	require.False(t, s.Lifts(at(nobody), at(nobody, view(0, "/pricing"), view(1, "/pricing"))), "fit is below its minimum")
	require.True(t, s.Hard("demo_request"))
	require.False(t, s.Hard("page_view"))
}

func TestPolicies_areThoseOfTheLifecycle(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{PolicyKeep, PolicyHalve, PolicyZero, PolicyFloor}, []string{
		string(lifecycle.ScoreKeep), string(lifecycle.ScoreHalve), string(lifecycle.ScoreZero), string(lifecycle.ScoreFloor),
	})
}
