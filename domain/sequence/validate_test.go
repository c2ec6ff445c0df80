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
		{"steps[0].branch[0].if", "exactly one", seq(branch("a", Condition{Field: "custom.x"}, "end"))},
		{"steps[0].branch[0].if", "exactly one", seq(branch("a", Condition{Field: "custom.x", Present: true, Missing: true}, "end"))},
		{"steps[0].branch[0].if.range", "lower one first", seq(branch("a", Condition{Field: "custom.x", Range: []float64{5, 1}}, "end"))},
		{"steps[0].branch[0].if.matches", "regular expression", seq(branch("a", Condition{Field: "custom.x", Matches: "("}, "end"))},
		{"entry.reasons[0]", "small letters", with(func(s *Sequence) { s.Entry.Reasons = []string{"Not ready"} })},
		{"entry.reasons[1]", "twice", with(func(s *Sequence) { s.Entry.Reasons = []string{"price", "price"} })},
		{"entry.reentry", "never, each_cycle, always", with(func(s *Sequence) { s.Entry.Reentry = "often" })},
		{"steps[0].wait_until", "waits for nothing", seq(Step{ID: "a", WaitUntil: &WaitUntil{}})},
		{"steps[0].wait_until", "belong to a field", seq(Step{ID: "a", WaitUntil: &WaitUntil{At: "09:00", Before: 1}})},
		{"steps[0].wait_until", "take one", seq(Step{ID: "a", WaitUntil: &WaitUntil{Field: "custom.x", Before: 1, After: 1}})},
		{"steps[0].wait_until.days", "take one", seq(Step{ID: "a", WaitUntil: &WaitUntil{Field: "custom.x", Days: []string{"mon"}}})},
		{"steps[0].wait_until.days[0]", "mon is meant?", seq(Step{ID: "a", WaitUntil: &WaitUntil{At: "09:00", Days: []string{"mond"}}})},
		{"steps[0].wait_until.at", "time of the day", seq(Step{ID: "a", WaitUntil: &WaitUntil{At: "9"}})},
		{"steps[0].wait_until.field", "no profile field", seq(Step{ID: "a", WaitUntil: &WaitUntil{Field: "renewal"}})},
		{"steps[0].else", "belongs to", seq(Step{ID: "a", WaitUntil: &WaitUntil{At: "09:00"}, Else: End})},
		{"steps[0].wait_for.band[0]", "not known", seq(Step{ID: "a", WaitFor: &WaitFor{Band: []string{"boiling"}, Timeout: 1}})},
		{"steps[0].branch[0].if.field", "country is meant?", seq(branch("a", Condition{Field: "contry", Present: true}, "end"))},
		{"steps[0].branch[0].if.membership[0]", "campaign", seq(branch("a", Condition{Membership: []string{" "}}, "end"))},
		{"steps[0].split", "2 to 10", seq(Step{ID: "a", Split: []Arm{{Arm: "x", To: End}}})},
		{"steps[0].split[1].arm", "twice", seq(Step{ID: "a", Split: []Arm{{Arm: "x", To: End}, {Arm: "x", To: End}}})},
		{"steps[0].split[1].weight", "leave out", seq(Step{ID: "a", Split: []Arm{{Arm: "x", To: End}, {Arm: "y", To: End, Weight: new(int)}}})},
		{"steps[0].split[1].to", "missing", seq(Step{ID: "a", Split: []Arm{{Arm: "x", To: End}, {Arm: "y"}}})},
		{"steps[0].notify", "one of rep", seq(Step{ID: "a", Notify: &Notify{}})},
		{"steps[0].notify.channel", "use webhook", seq(Step{ID: "a", Notify: &Notify{Channel: "#sales"}})},
		{"steps[0].notify.rep", "no address", seq(Step{ID: "a", Notify: &Notify{Rep: "Ada"}})},
		{"steps[0].set_field.field", "no profile field", seq(Step{ID: "a", SetField: &SetField{Field: "email", Value: "x"}})},
		{"steps[0].set_field.value", "must be a number", seq(Step{ID: "a", SetField: &SetField{Field: "company_size", Value: "many"}})},
		{"steps[0].set_field.value", "must be a text", seq(Step{ID: "a", SetField: &SetField{Field: "title", Value: 1.0}})},
		{"steps[0].set_field.value", "missing", seq(Step{ID: "a", SetField: &SetField{Field: "custom.x"}})},
		{"steps[0].goal.name", "short name", seq(Step{ID: "a", Goal: &Goal{When: hot}})},
		{"steps[1].goal.name", "steps[0] already", seq(Step{ID: "a", Goal: &Goal{Name: "g", When: hot}}, Step{ID: "b", Goal: &Goal{Name: "g", When: hot}})},
		{"steps[0].goal.when", "asks nothing", seq(Step{ID: "a", Goal: &Goal{Name: "g"}})},
		{"steps[0].goal.within", "a year", seq(Step{ID: "a", Goal: &Goal{Name: "g", When: hot, Within: span.Span(400 * aDay)}})},
		{"steps[0]", "a -> a", seq(Step{ID: "a", Split: []Arm{{Arm: "x", To: "a"}, {Arm: "y", To: End}}})},
		{"steps[0]", "a -> b -> a", seq(Step{ID: "a", WaitFor: &WaitFor{Band: []string{"hot"}, Timeout: 1}}, to(mail("b"), "a"))},
		{"steps[0]", "a -> b -> a", seq(Step{ID: "a", WaitUntil: &WaitUntil{Field: "custom.x"}, Else: "b"}, to(mail("b"), "a"))},
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
	require.Empty(t, seq(mail("a"), to(Step{ID: "w", WaitUntil: &WaitUntil{At: "09:00"}}, "a")).Validate(), "and one that waits for a morning")
	require.Empty(t, seq(to(mail("a"), End), Step{ID: "g", Goal: &Goal{Name: "g", When: hot}}, mail("b")).Validate(), "leads come to a goal from anywhere")
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
		switch rapid.IntRange(0, 8).Draw(t, "kind") {
		case 4:
			step.WaitUntil, step.Next = &WaitUntil{At: "09:00"}, target.Draw(t, "next")
			if rapid.Bool().Draw(t, "date") {
				step.WaitUntil, step.Else = &WaitUntil{Field: "custom.date"}, target.Draw(t, "else")
			}
		case 5:
			step.Split = []Arm{{Arm: "a", To: target.Draw(t, "a")}, {Arm: "b", To: target.Draw(t, "b")}}
		case 6:
			step.Notify, step.Next = &Notify{Channel: ChannelWebhook}, target.Draw(t, "next")
		case 7:
			step.SetField, step.Next = &SetField{Field: "custom.x", Value: "y"}, target.Draw(t, "next")
		case 8:
			step.Goal = &Goal{Name: step.ID, When: Condition{Engagement: &Engagement{Type: "email_click"}}, Exit: rapid.Bool().Draw(t, "exit")}
			step.Next, step.Else = target.Draw(t, "next"), target.Draw(t, "else")
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
		reached := map[string]bool{}
		f := Facts{
			Lead: rapid.StringMatching("[a-z]{8}").Draw(t, "lead"), Entered: monday, Engaged: engaged(events...),
			Rules:   Rules{PerDay: rapid.IntRange(0, 2).Draw(t, "per day"), Jitter: time.Duration(rapid.IntRange(0, 90).Draw(t, "jitter")) * time.Minute},
			Field:   func(string) (any, bool) { return "2026-12-01", true },
			Reached: func(step string) bool { return reached[step] },
		}
		now, p := monday, Position{}
		for range 60 {
			f.Band = rapid.SampledFrom([]string{"hot", "cold"}).Draw(t, "band")
			m := Next(s, p, f, now)
			require.Equal(t, m, Next(s, p, f, now))
			for _, e := range m.Effects {
				require.False(t, e.Goal != "" && reached[e.Step], "a goal is reached once")
				reached[e.Step] = reached[e.Step] || e.Goal != ""
			}
			if m.Mail != "" {
				require.Equal(t, now, f.Rules.allows(f.Sent, now), "no mail over the cap")
				f.Sent = append(f.Sent, now)
			}
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
		Step{ID: "a", Branch: []Case{{If: Condition{Score: &Bounds{Gte: num(1.5)}, Field: "custom.x", OneOf: []any{"a", 2.0, true}}, To: End}}},
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
