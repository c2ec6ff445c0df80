package sequence

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/span"
)

func TestNext_waitsUntilATimeOfTheDay(t *testing.T) {
	t.Parallel()
	newYork, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	for _, tc := range []struct{ days, at, since, want string }{
		{"", "12:00", "2026-11-23T10:00:00Z", "2026-11-23T17:00:00Z"},
		{"", "04:00", "2026-11-23T10:00:00Z", "2026-11-24T09:00:00Z"},
		{"", "05:00", "2026-11-23T10:00:00Z", "2026-11-24T10:00:00Z"},    // just that: the next
		{"mon", "04:00", "2026-11-23T10:00:00Z", "2026-11-30T09:00:00Z"}, // over for today
		{"tue", "12:00", "2026-11-23T10:00:00Z", "2026-11-24T17:00:00Z"},
		{"sun", "02:30", "2026-03-07T12:00:00Z", "2026-03-08T07:00:00Z"}, // there is no 02:30
		{"sun", "12:00", "2026-03-07T12:00:00Z", "2026-03-08T16:00:00Z"}, // summer begins that day
	} {
		step := Step{ID: "u", WaitUntil: &WaitUntil{At: tc.at}}
		if tc.days != "" {
			step.WaitUntil.Days = []string{tc.days}
		}
		s := seq(step)
		require.Empty(t, s.Validate())
		since, err := time.Parse(time.RFC3339, tc.since)
		require.NoError(t, err)
		m := Next(s, Position{}, Facts{Zone: newYork}, since)
		require.Equal(t, tc.want, m.At.UTC().Format(time.RFC3339), "%s %s", tc.days, tc.at)
		require.Equal(t, m, Next(s, m.Rest, Facts{Zone: newYork}, m.At.Add(-1)), "woken early it rests on")
		require.True(t, Next(s, m.Rest, Facts{Zone: newYork}, m.At).Done)
	}
}

func TestNext_waitsUntilADateOfTheLead(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		u     WaitUntil
		value any
		want  string // or where it goes at once
	}{
		"a day":                       {WaitUntil{}, "2026-12-24", "2026-12-24T08:00:00Z"},
		"at a time":                   {WaitUntil{At: "12:30"}, "2026-12-24", "2026-12-24T11:30:00Z"},
		"before":                      {WaitUntil{Before: span.Span(7 * aDay)}, "2026-12-24", "2026-12-17T08:00:00Z"},
		"before, over a change":       {WaitUntil{Before: span.Span(200 * aDay)}, "2027-06-20", "2026-12-02T08:00:00Z"},
		"before, not whole days":      {WaitUntil{Before: span.Span(aDay + 2*time.Hour)}, "2026-12-24", "2026-12-23T06:00:00Z"},
		"after":                       {WaitUntil{After: span.Span(aDay)}, "2026-12-24T18:00", "2026-12-25T17:00:00Z"},
		"a moment":                    {WaitUntil{}, "2026-12-24T18:00:00+09:00", "2026-12-24T09:00:00Z"},
		"over already":                {WaitUntil{}, "2026-11-01", "late"},
		"over with what comes before": {WaitUntil{Before: span.Span(60 * aDay)}, "2026-12-24", "late"},
		"nothing known":               {WaitUntil{}, nil, "late"},
		"no date":                     {WaitUntil{}, "soon", "late"},
		"a number":                    {WaitUntil{}, 20261224.0, "late"},
		"a day that there is not":     {WaitUntil{}, "2026-02-30", "late"},
	} {
		tc.u.Field = "custom.renewal"
		s := seq(Step{ID: "u", WaitUntil: &tc.u, Next: End, Else: "late"}, mail("late"))
		require.Empty(t, s.Validate(), name)
		f := Facts{Zone: berlin, Field: func(string) (any, bool) { return tc.value, tc.value != nil }}
		m := Next(s, Position{}, f, monday)
		if tc.want == "late" {
			require.Equal(t, "late", m.Mail, name)
			continue
		}
		require.Equal(t, tc.want, m.At.UTC().Format(time.RFC3339), name)
		require.Empty(t, Next(s, m.Rest, f, m.At.Add(30*aDay)).Mail, "%s: looked at late it is still the moment that was waited for", name)
		f.Field = nil
		require.Equal(t, "late", Next(s, m.Rest, f, m.At).Mail, "%s: the date was taken away", name)
	}
}

func TestNext_waitsForABand(t *testing.T) {
	t.Parallel()
	s := seq(Step{ID: "f", WaitFor: &WaitFor{Any: []string{"call"}, Band: []string{"hot", "warm"}, Timeout: span.Span(aDay)}, Then: "yes", Else: "no"}, mail("yes"), mail("no"))
	m := Next(s, Position{}, Facts{Band: "cold"}, monday)
	require.Equal(t, Move{Rest: Position{"f", monday}, At: monday.Add(aDay), Any: []string{"call"}, Bands: []string{"hot", "warm"}}, m)
	require.Equal(t, "yes", Next(s, m.Rest, Facts{Band: "warm"}, monday.Add(time.Hour)).Mail)
	require.Equal(t, "no", Next(s, m.Rest, Facts{Band: "cold"}, m.At).Mail)
	require.Equal(t, "yes", Next(s, Position{}, Facts{Band: "hot"}, monday).Mail, "who is in it does not wait")
}

func TestNext_membership(t *testing.T) {
	t.Parallel()
	s := seq(Step{ID: "b", Branch: []Case{{If: Condition{Membership: []string{"spring-fair", "autumn-fair"}}, To: "yes"}}, Else: End}, mail("yes"))
	require.Empty(t, s.Validate())
	require.True(t, s.AsksMembership())
	f := Facts{Member: func(c string) bool { return c == "autumn-fair" }}
	require.Equal(t, "yes", Next(s, Position{}, f, monday).Mail)
	f.Member = func(string) bool { return false }
	require.Empty(t, Next(s, Position{}, f, monday).Mail)
	require.Empty(t, Next(s, Position{}, Facts{}, monday).Mail)
}

func weight(n int) *int { return &n }

func splitInto(name string) Sequence {
	s := seq(Step{ID: "s", Split: []Arm{{Arm: "a", To: "ma", Weight: weight(1)}, {Arm: "b", To: "mb", Weight: weight(2)}, {Arm: "c", To: End, Weight: weight(5)}}}, mail("ma"), mail("mb"))
	s.Name = name
	return s
}

// The weights are met, the draw is the lead's own, and one split says nothing about another.
func TestSplit_isEvenAndStable(t *testing.T) {
	t.Parallel()
	one, two := splitInto("one"), splitInto("two")
	require.Empty(t, one.Validate())
	const leads = 6_000
	arms, both, cycles := map[string]int{}, map[[2]string]int{}, 0
	draw := func(s Sequence, lead string, cycle int) string {
		f := Facts{Lead: lead, Cycle: cycle}
		m := Next(s, Position{}, f, monday)
		require.Equal(t, m.Effects, Next(s, Position{}, f, monday.Add(aDay)).Effects)
		require.Len(t, m.Effects, 1)
		require.Equal(t, map[string]string{"a": "ma", "b": "mb", "c": ""}[m.Effects[0].Arm], m.Mail)
		return m.Effects[0].Arm
	}
	for i := range leads {
		lead := fmt.Sprintf("0199%08x", i)
		a := draw(one, lead, 1)
		arms[a]++
		both[[2]string{a, draw(two, lead, 1)}]++
		if a != draw(one, lead, 2) {
			cycles++
		}
	}
	share := map[string]float64{"a": 1. / 8, "b": 2. / 8, "c": 5. / 8}
	near := func(n int, p float64) { // four standard errors
		require.InDelta(t, p, float64(n)/leads, 4*math.Sqrt(p*(1-p)/leads))
	}
	for arm, p := range share {
		near(arms[arm], p)
		for other, q := range share {
			near(both[[2]string{arm, other}], p*q)
		}
	}
	near(cycles, 1-(1.+4+25)/64)
}

func TestNext_setsAFieldThatTheNextStepReads(t *testing.T) {
	t.Parallel()
	s := seq(
		Step{ID: "s", SetField: &SetField{Field: "custom.path", Value: "fast"}},
		Step{ID: "n", Notify: &Notify{Channel: ChannelWebhook, Message: "look"}},
		Step{ID: "b", Branch: []Case{{If: Condition{Field: "custom.path", Equals: "fast"}, To: "m"}}, Else: End}, mail("m"))
	require.Empty(t, s.Validate())
	m := Next(s, Position{}, Facts{Field: func(string) (any, bool) { return "slow", true }}, monday)
	require.Equal(t, Move{Mail: "m", Done: true, Why: WhyEnd, Via: []string{"s", "n", "b", "m"}, Effects: []Effect{
		{Step: "s", SetField: s.Steps[0].SetField}, {Step: "n", Notify: s.Steps[1].Notify},
	}}, m)
}

func TestNext_goals(t *testing.T) {
	t.Parallel()
	asked := Condition{Engagement: &Engagement{Type: "form_submit"}}
	steps := func(exit bool) Sequence {
		return seq(mail("a"), wait("w", 10*aDay), mail("b"), Step{ID: "g", Goal: &Goal{Name: "form", When: asked, Exit: exit}, Else: End}, mail("thanks"))
	}
	for _, exit := range []bool{true, false} {
		s := steps(exit)
		require.Empty(t, s.Validate())
		m := Next(s, Position{}, Facts{}, monday)
		require.Equal(t, []string{"form_submit"}, m.Any, "the goal makes it due")
		f := Facts{Entered: monday, Engaged: engaged(event{"form_submit", monday.Add(time.Hour)})}
		got := Next(s, m.Rest, f, monday.Add(2*time.Hour))
		require.Equal(t, []Effect{{Step: "g", Goal: "form"}}, got.Effects)
		if exit {
			require.Equal(t, Move{Done: true, Why: "goal:form", Via: []string{"g"}, Effects: got.Effects}, got)
			continue
		}
		require.Equal(t, Move{Mail: "thanks", Done: true, Why: WhyEnd, Via: []string{"g", "thanks"}, Effects: got.Effects}, got)

		f.Reached = func(step string) bool { return step == "g" }
		again := Next(s, m.Rest, f, monday.Add(3*time.Hour))
		require.Equal(t, m.Rest, again.Rest, "it is reached once")
		require.Empty(t, again.Effects)
		require.Empty(t, again.Any)
	}
	// By the way of the steps: not reached, its own way; reached by what came before in this move, on.
	walked := steps(false)
	require.Equal(t, Move{Mail: "b", Done: true, Why: WhyEnd, Via: []string{"w", "b", "g"}}, Next(walked, Position{"w", monday}, Facts{}, monday.Add(10*aDay)))
	set := seq(Step{ID: "s", SetField: &SetField{Field: "custom.x", Value: true}}, Step{ID: "g", Goal: &Goal{Name: "x", When: Condition{Field: "custom.x", Equals: true}, Exit: true}}, mail("no"))
	m := Next(set, Position{}, Facts{}, monday)
	require.Equal(t, []any{"goal:x", "", "x"}, []any{m.Why, m.Mail, m.Effects[1].Goal})
}

// Of several goals that are reached at once all are noted, the lead goes on from the last, and one that ends ends it.
func TestNext_severalGoalsAtOnce(t *testing.T) {
	t.Parallel()
	hot := Condition{Band: []string{"hot"}}
	goals := func(exit bool) Sequence {
		return seq(wait("w", aDay), Step{ID: "g1", Goal: &Goal{Name: "one", When: hot, Exit: exit}}, mail("one"), Step{ID: "g2", Goal: &Goal{Name: "two", When: hot}}, mail("two"))
	}
	m := Next(goals(false), Position{"w", monday}, Facts{Band: "hot"}, monday)
	require.Equal(t, []any{"two", 2}, []any{m.Mail, len(m.Effects)})
	m = Next(goals(true), Position{"w", monday}, Facts{Band: "hot"}, monday)
	require.Equal(t, []any{"", "goal:one", 2}, []any{m.Mail, m.Why, len(m.Effects)})
	require.Equal(t, []string{"hot"}, Next(goals(false), Position{"w", monday}, Facts{}, monday).Bands)
}

func TestAsks_isWhatHasToBeRead(t *testing.T) {
	t.Parallel()
	s := seq(
		Step{ID: "f", WaitFor: &WaitFor{Any: []string{"page_view"}, Timeout: 1}},
		Step{ID: "b", Branch: []Case{{If: Condition{Engagement: &Engagement{Type: "email_click", Within: span.Span(30 * aDay)}}, To: End}}},
		Step{ID: "g", Goal: &Goal{Name: "g", When: Condition{Engagement: &Engagement{Type: "call"}}}})
	s.Exit = []Exit{ExitQualified, ExitReplied}
	types, within := s.Asks()
	require.Equal(t, []string{"call", "email_click", "email_reply", "page_view"}, types)
	require.Equal(t, 30*aDay, within)
	require.False(t, s.AsksMembership())
}
