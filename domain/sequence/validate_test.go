package sequence

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leadflow-dev/leadflow/domain/span"
)

func TestValidate_namesTheMistakeAndItsPlace(t *testing.T) {
	t.Parallel()
	to := func(s Step, next string) Step { s.Next = next; return s }
	branch := func(id string, k Condition, target string) Step {
		return Step{ID: id, Branch: []Case{{If: k, To: target}}}
	}
	hot := Condition{Band: []string{"hot"}}
	with := func(change func(*Sequence)) Sequence { s := seq(mail("a")); change(&s); return s }
	for _, tc := range []struct {
		path, message string
		give          Sequence
	}{
		{"name", "short name", with(func(s *Sequence) { s.Name = "a/b" })},
		{"entry.stages[0]", "not known", with(func(s *Sequence) { s.Entry.Stages = []string{"won"} })},
		{"exit[1]", "no exit rule", with(func(s *Sequence) { s.Exit = []Exit{ExitReplied, "bored"} })},
		{"window.days[1]", "twice", with(func(s *Sequence) { s.Window = &Window{Days: []string{"mon", "mon"}, From: "09:00", To: "17:00"} })},
		{"window.to", "time of the day", with(func(s *Sequence) { s.Window = &Window{From: "09:00", To: "5pm"} })},
		{"window.zone", "time zone", with(func(s *Sequence) { s.Window = &Window{From: "09:00", To: "17:00", Zone: "+02:00"} })},
		{"steps", "empty", Sequence{Name: "x"}},
		{"steps[0].id", "reserved", seq(mail("end"))},
		{"steps[0].id", "short name", seq(mail("a b"))},
		{"steps[1].id", "steps[0] already", seq(mail("a"), mail("a"))},
		{"steps[0]", "does nothing", seq(Step{ID: "a"})},
		{"steps[0]", "more than one thing", seq(Step{ID: "a", Wait: 1, Mail: &Mail{Subject: "s", Body: "b"}})},
		{"steps[0].mail.subject", "empty", seq(Step{ID: "a", Mail: &Mail{Subject: " ", Body: "b"}})},
		{"steps[0].mail.subject", "more than one line", seq(Step{ID: "a", Mail: &Mail{Subject: "s\r\nBcc: x", Body: "b"}})},
		{"steps[0].mail.body", "empty", seq(Step{ID: "a", Mail: &Mail{Subject: "s", Body: "\n"}})},
		{"steps[0].mail.on_unknown", "not known", seq(Step{ID: "a", Mail: &Mail{Subject: "s", Body: "b", OnUnknown: "maybe"}})},
		{"steps[0].wait_for.any", "empty", seq(Step{ID: "a", WaitFor: &WaitFor{Timeout: 1}})},
		{"steps[0].wait_for.any[0]", "not known", seq(Step{ID: "a", WaitFor: &WaitFor{Any: []string{"fax"}, Timeout: 1}})},
		{"steps[0].wait_for.timeout", "for ever", seq(Step{ID: "a", WaitFor: &WaitFor{Any: []string{"call"}}})},
		{"steps[0].next", "does not exist", seq(to(mail("a"), "b"))},
		{"steps[0].then", "belongs to", seq(Step{ID: "a", Wait: 1, Then: "a"})},
		{"steps[0].else", "belongs to", seq(Step{ID: "a", Wait: 1, Else: "end"})},
		{"steps[0].next", "belongs to", seq(Step{ID: "a", Branch: []Case{{If: hot, To: "end"}}, Next: "end"})},
		{"steps[0].branch[0].to", "missing", seq(branch("a", hot, ""))},
		{"steps[0].branch[0].to", "does not exist", seq(branch("a", hot, "b"))},
		{"steps[0].branch[0].if", "asks nothing", seq(branch("a", Condition{}, "end"))},
		{"steps[0].branch[0].if.band[0]", "not known", seq(branch("a", Condition{Band: []string{"lukewarm"}}, "end"))},
		{"steps[0].branch[0].if.grade[0]", "not known", seq(branch("a", Condition{Grade: []string{"E"}}, "end"))},
		{"steps[0].branch[0].if.score", "asks nothing", seq(branch("a", Condition{Score: &Bounds{}}, "end"))},
		{"steps[0].branch[0].if.score", "can never hold", seq(branch("a", Condition{Score: &Bounds{Gte: num(5), Lt: num(5)}}, "end"))},
		{"steps[0].branch[0].if.score", "two bounds", seq(branch("a", Condition{Score: &Bounds{Gte: num(5), Gt: num(5)}}, "end"))},
		{"steps[0].branch[0].if.engagement.type", "no type", seq(branch("a", Condition{Engagement: &Engagement{}}, "end"))},
		{"steps[0].branch[0].if", "does not name it", seq(branch("a", Condition{Equals: "x"}, "end"))},
		{"steps[0].branch[0].if", "exactly one", seq(branch("a", Condition{Field: "x"}, "end"))},
		{"steps[0].branch[0].if", "exactly one", seq(branch("a", Condition{Field: "x", Present: true, Missing: true}, "end"))},
		{"steps[0].branch[0].if.range", "lower one first", seq(branch("a", Condition{Field: "x", Range: []float64{5, 1}}, "end"))},
		{"steps[0].branch[0].if.matches", "regular expression", seq(branch("a", Condition{Field: "x", Matches: "("}, "end"))},
		{"steps[1]", "never be reached", seq(to(mail("a"), "end"), mail("b"))},
		{"steps[0]", "a -> a", seq(branch("a", hot, "a"))},
		{"steps[1]", "b -> c -> b", seq(mail("a"), branch("b", hot, "end"), to(mail("c"), "b"))},
	} {
		require.Len(t, tc.give.Validate(), 1, "%s: %s", tc.path, tc.message)
		got := tc.give.Validate()[0]
		require.Equal(t, tc.path, got.Path)
		require.Contains(t, got.Message, tc.message)
	}
	require.Empty(t, seq(mail("a"), to(wait("w", time.Hour), "a")).Validate(), "a loop in which time passes")
	require.Empty(t, office(seq(mail("a"))).Validate())
}

// drawSequence makes any sequence, most of them wrong.
func drawSequence(t *rapid.T) Sequence {
	n := rapid.IntRange(1, 7).Draw(t, "steps")
	target := rapid.Custom(func(t *rapid.T) string {
		switch i := rapid.IntRange(-3, n-1).Draw(t, "target"); i {
		case -3, -2:
			return ""
		case -1:
			return End
		default:
			return fmt.Sprintf("s%d", i)
		}
	})
	s := Sequence{Name: "drawn", Exit: []Exit{ExitReplied}}
	if rapid.Bool().Draw(t, "window") {
		s = office(s)
	}
	for i := range n {
		step := Step{ID: fmt.Sprintf("s%d", i)}
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			step.Mail, step.Next = &Mail{Subject: "s", Body: "b"}, target.Draw(t, "next")
		case 1:
			step.Wait = span.Span(rapid.IntRange(1, 100).Draw(t, "wait")) * span.Span(time.Hour)
			step.Next = target.Draw(t, "next")
		case 2:
			step.WaitFor = &WaitFor{Any: []string{"email_click"}, Timeout: span.Span(rapid.IntRange(1, 100).Draw(t, "timeout")) * span.Span(time.Hour)}
			step.Then, step.Else = target.Draw(t, "then"), target.Draw(t, "else")
		case 3:
			step.Branch = []Case{{If: Condition{Band: []string{"hot"}}, To: rapid.SampledFrom([]string{End, "s0", "s1"}).Draw(t, "to")}}
			step.Else = target.Draw(t, "else")
		}
		s.Steps = append(s.Steps, step)
	}
	return s
}

// What Validate takes can be played: every move rests later or ends, sends at most one mail, and says the same again.
func TestWhatIsValid_canBePlayed(t *testing.T) {
	t.Parallel()
	played := 0
	rapid.Check(t, func(t *rapid.T) {
		s := drawSequence(t)
		if len(s.Validate()) > 0 {
			return
		}
		played++
		events := rapid.SliceOf(rapid.Custom(func(t *rapid.T) event {
			return event{
				rapid.SampledFrom([]string{"email_click", "email_click", "email_click", "email_reply"}).Draw(t, "kind"),
				monday.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "hours")) * time.Hour),
			}
		})).Draw(t, "events")
		f := Facts{Entered: monday, Engaged: engaged(events...)}
		now, p := monday, Position{}
		for range 60 {
			f.Band = rapid.SampledFrom([]string{"hot", "cold"}).Draw(t, "band")
			m := Next(s, p, f, now)
			require.Equal(t, m, Next(s, p, f, now))
			if m.Done {
				require.NotContains(t, []string{WhyLoop, WhyUnknownStep}, m.Why)
				return
			}
			require.False(t, m.At.Before(now))
			require.True(t, m.Mail != "" || m.At.After(now), "no move stands still")
			p, now = m.Rest, m.At.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "late"))*time.Hour)
		}
	})
	t.Logf("%d of the drawn sequences are valid", played)
	require.Positive(t, played)
}

func TestSequence_survivesJSON(t *testing.T) {
	t.Parallel()
	give := office(seq(
		Step{ID: "look", WaitFor: &WaitFor{Any: []string{"call"}, Timeout: span.Span(36 * time.Hour)}, Then: "a", Else: End},
		Step{ID: "a", Branch: []Case{{If: Condition{Score: &Bounds{Gte: num(1.5)}, Field: "x", OneOf: []any{"a", 2.0, true}}, To: End}}},
		wait("w", 90*time.Second), mail("m"),
	))
	raw, err := json.Marshal(give)
	require.NoError(t, err)
	require.Contains(t, string(raw), `"wait":"1m30s"`)
	require.NotContains(t, string(raw), `"wait":"0"`)
	var got Sequence
	require.NoError(t, json.Unmarshal(raw, &got))
	require.Equal(t, give, got)
}
