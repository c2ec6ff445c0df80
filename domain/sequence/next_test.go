package sequence

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/span"
)

var monday = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

const aDay = 24 * time.Hour

func mail(id string) Step { return Step{ID: id, Mail: &Mail{Subject: "s", Body: "b"}} }

func wait(id string, d time.Duration) Step { return Step{ID: id, Wait: span.Span(d)} }

func seq(steps ...Step) Sequence { return Sequence{Name: "test", Steps: steps} }

func num(n float64) *float64 { return &n }

// event is one engagement of a story.
type event struct {
	kind string
	at   time.Time
}

func engaged(events ...event) func([]string, time.Time, time.Time) int {
	return func(types []string, from, to time.Time) int {
		n := 0
		for _, e := range events {
			if slices.Contains(types, e.kind) && !e.at.Before(from) && !e.at.After(to) {
				n++
			}
		}
		return n
	}
}

func office(s Sequence) Sequence {
	s.Window = &Window{Days: []string{"mon", "tue", "wed", "thu", "fri"}, From: "09:00", To: "17:00", Zone: ZoneLead}
	return s
}

func TestNext_sendsOneMailAndRests(t *testing.T) {
	t.Parallel()
	s := seq(mail("a"), mail("b"), wait("w", 3*aDay), mail("c"))
	m := Next(s, Position{}, Facts{}, monday)
	require.Equal(t, Move{Mail: "a", Rest: Position{"b", monday}, At: monday, Via: []string{"a"}}, m, "the second mail is due at once")
	m = Next(s, m.Rest, Facts{}, monday.Add(time.Second))
	require.Equal(t, Move{
		Mail: "b", Rest: Position{"w", monday.Add(time.Second)}, At: monday.Add(3*aDay + time.Second), Via: []string{"b"},
	}, m)
	early := Next(s, m.Rest, Facts{}, m.At.Add(-1))
	require.Equal(t, Move{Rest: m.Rest, At: m.At}, early, "woken early it rests on")
	require.Equal(t, Move{Mail: "c", Done: true, Why: WhyEnd, Via: []string{"w", "c"}}, Next(s, m.Rest, Facts{}, m.At))
}

func TestNext_waitsForTheWindow(t *testing.T) {
	t.Parallel()
	s := office(seq(mail("a"), wait("w", 4*aDay), mail("b")))
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	f := Facts{Zone: berlin}

	night := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	m := Next(s, Position{}, f, night)
	require.Equal(t, Move{Rest: Position{"a", night}, At: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}, m)
	m = Next(s, m.Rest, f, m.At)
	require.Equal(t, "a", m.Mail)

	tuesday := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	m = Next(s, Position{"w", tuesday}, f, tuesday)
	require.Equal(t, time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC), m.At, "four days end on Saturday: Monday at nine, without a stop between")
	require.Equal(t, "b", Next(s, m.Rest, f, m.At).Mail)
}

func TestNext_windowOverTheChangeOfTheClocksAndOverMidnight(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	s := seq(mail("a"))
	s.Window = &Window{From: "20:00", To: "08:00"}
	for now, want := range map[string]string{
		"2026-06-01T12:00:00+02:00": "2026-06-01T20:00:00+02:00", // noon is closed
		"2026-06-01T23:00:00+02:00": "",                          // open before midnight
		"2026-06-02T07:59:00+02:00": "",                          // and after it
		"2026-06-02T08:00:00+02:00": "2026-06-02T20:00:00+02:00",
		"2026-10-25T09:00:00+01:00": "2026-10-25T20:00:00+01:00",
	} {
		at, err := time.Parse(time.RFC3339, now)
		require.NoError(t, err)
		m := Next(s, Position{}, Facts{Zone: berlin}, at)
		if want == "" {
			require.Equal(t, "a", m.Mail, now)
			continue
		}
		require.Equal(t, want, m.At.In(berlin).Format(time.RFC3339), now)
	}
	s.Window = &Window{Days: []string{"sun"}, From: "01:00", To: "09:00"}
	at := time.Date(2026, 10, 24, 12, 0, 0, 0, berlin)
	require.Equal(t, time.Date(2026, 10, 25, 1, 0, 0, 0, berlin), Next(s, Position{}, Facts{Zone: berlin}, at).At)
	s.Window = &Window{Days: []string{"sun"}, From: "04:00", To: "09:00"}
	require.Equal(t, time.Date(2026, 10, 25, 4, 0, 0, 0, berlin), Next(s, Position{}, Facts{Zone: berlin}, at).At)
}

func TestNext_waitFor(t *testing.T) {
	t.Parallel()
	look := Step{ID: "look", WaitFor: &WaitFor{Any: []string{"email_click", "page_view"}, Timeout: span.Span(5 * aDay)}, Then: "yes", Else: "no"}
	s := seq(mail("a"), look, mail("yes"), mail("no"))
	s.Steps[2].Next = End
	until := monday.Add(5 * aDay)
	m := Next(s, Position{}, Facts{Engaged: engaged(event{"email_click", monday})}, monday)
	require.Equal(t, Move{Mail: "a", Rest: Position{"look", monday}, At: until, Any: look.WaitFor.Any, Via: []string{"a"}}, m)

	for name, tc := range map[string]struct {
		events []event
		now    time.Time
		want   string
	}{
		"before it arrived":             {[]event{{"page_view", monday.Add(-1)}}, until, "no"},
		"another type":                  {[]event{{"email_open", monday.Add(aDay)}}, until, "no"},
		"nothing yet":                   {nil, until.Add(-1), ""},
		"in time":                       {[]event{{"page_view", monday.Add(aDay)}}, monday.Add(aDay), "yes"},
		"in the last moment":            {[]event{{"page_view", until}}, until, "yes"},
		"in time, looked at late":       {[]event{{"page_view", until.Add(-1)}}, until.Add(30 * aDay), "yes"},
		"after the end, looked at late": {[]event{{"page_view", until.Add(1)}}, until.Add(30 * aDay), "no"},
	} {
		got := Next(s, m.Rest, Facts{Engaged: engaged(tc.events...)}, tc.now)
		require.Equal(t, tc.want, got.Mail, name)
		if tc.want == "" {
			require.Equal(t, Move{Rest: m.Rest, At: until, Any: look.WaitFor.Any}, got, name)
		}
	}
}

func TestNext_branch(t *testing.T) {
	t.Parallel()
	field := func(k Condition) Condition { k.Field = "custom.x"; return k }
	f := Facts{
		Entered: monday.Add(-10 * aDay), Score: 60, Band: "warm", Grade: "B",
		Engaged: engaged(event{"email_click", monday.Add(-9 * aDay)}, event{"email_click", monday.Add(-aDay)}, event{"page_view", monday.Add(-11 * aDay)}),
	}
	for _, tc := range []struct {
		name  string
		field any
		k     Condition
		want  bool
	}{
		{"band", nil, Condition{Band: []string{"hot", "warm"}}, true},
		{"band not", nil, Condition{Band: []string{"hot"}}, false},
		{"grade", nil, Condition{Grade: []string{"A", "B"}}, true},
		{"grade not", nil, Condition{Grade: []string{"D"}}, false},
		{"score", nil, Condition{Score: &Bounds{Gte: num(60), Lt: num(61)}}, true},
		{"score gt", nil, Condition{Score: &Bounds{Gt: num(60)}}, false},
		{"score lte", nil, Condition{Score: &Bounds{Lte: num(59)}}, false},
		{"all parts", nil, Condition{Band: []string{"warm"}, Grade: []string{"A"}}, false},
		{"engaged since entry", nil, Condition{Engagement: &Engagement{Type: "email_click", Count: 2}}, true},
		{"engaged before entry", nil, Condition{Engagement: &Engagement{Type: "page_view"}}, false},
		{"within", nil, Condition{Engagement: &Engagement{Type: "email_click", Within: span.Span(2 * aDay), Count: 2}}, false},
		{"within reaches before entry", nil, Condition{Engagement: &Engagement{Type: "page_view", Within: span.Span(12 * aDay)}}, true},
		{"equals", "Software", field(Condition{Equals: "software"}), true},
		{"equals number", 50.0, field(Condition{Equals: 50}), true},
		{"equals bool", true, field(Condition{Equals: true}), true},
		{"equals not", "x", field(Condition{Equals: "y"}), false},
		{"one of", "b", field(Condition{OneOf: []any{"a", "b"}}), true},
		{"contains", "Head of Sales", field(Condition{Contains: "SALES"}), true},
		{"matches", "Head of Sales", field(Condition{Matches: "(?i)^head"}), true},
		{"range", "120", field(Condition{Range: []float64{50, 500}}), true},
		{"range of text", "many", field(Condition{Range: []float64{50, 500}}), false},
		{"present", "x", field(Condition{Present: true}), true},
		{"present, empty", "", field(Condition{Present: true}), false},
		{"missing", nil, field(Condition{Missing: true}), true},
		{"missing not", "x", field(Condition{Missing: true}), false},
		{"unknown field", nil, field(Condition{Equals: "x"}), false},
	} {
		f.Field = func(name string) (any, bool) {
			require.Equal(t, "custom.x", name)
			return tc.field, tc.field != nil
		}
		s := seq(Step{ID: "case", Branch: []Case{{If: tc.k, To: "yes"}}, Else: "no"}, mail("yes"), mail("no"))
		require.Empty(t, s.Validate(), tc.name)
		want := map[bool]string{true: "yes", false: "no"}[tc.want]
		require.Equal(t, want, Next(s, Position{}, f, monday).Mail, tc.name)
	}
}

func TestNext_firstCaseWins_elseIsTheStepBelow(t *testing.T) {
	t.Parallel()
	any60 := Condition{Score: &Bounds{Gte: num(0)}}
	s := seq(Step{ID: "case", Branch: []Case{{If: any60, To: "b"}, {If: any60, To: "a"}}}, mail("a"), mail("b"))
	require.Equal(t, "b", Next(s, Position{}, Facts{}, monday).Mail)
	require.Equal(t, "a", Next(s, Position{}, Facts{Score: -1}, monday).Mail)
}

func TestNext_exitRulesComeFirst(t *testing.T) {
	t.Parallel()
	s := seq(wait("w", aDay), mail("a"))
	s.Exit = []Exit{ExitQualified, ExitReplied}
	f := Facts{Entered: monday, Engaged: engaged(event{"email_reply", monday.Add(time.Hour)})}
	require.Equal(t, Move{Done: true, Why: "exit:replied"}, Next(s, Position{"w", monday}, f, monday.Add(aDay)))
	f.Entered = monday.Add(2 * time.Hour) // a reply of the cycle before
	require.Equal(t, "a", Next(s, Position{"w", monday}, f, monday.Add(aDay)).Mail)
}

func TestNext_standsFirmOnWhatValidateRefuses(t *testing.T) {
	t.Parallel()
	always := []Case{{If: Condition{Score: &Bounds{Gte: num(-1000)}}, To: "a"}}
	require.Equal(t, WhyLoop, Next(seq(Step{ID: "a", Branch: always}), Position{}, Facts{}, monday).Why)
	require.Equal(t, WhyUnknownStep, Next(seq(mail("a")), Position{"gone", monday}, Facts{}, monday).Why)
	require.Equal(t, WhyEnd, Next(seq(), Position{}, Facts{}, monday).Why)
}
