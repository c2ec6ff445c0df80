package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/domain/trial"
)

const splitSequence = `"steps": [
	{"id": "before", "mail": {"subject": "S", "body": "B"}},
	{"id": "s", "split": [{"arm": "left", "to": "l", "weight": 1}, {"arm": "right", "to": "r", "weight": 1}]},
	{"id": "l", "mail": {"subject": "S", "body": "B"}, "next": "rest"},
	{"id": "r", "mail": {"subject": "S", "body": "B"}}, {"id": "rest", "wait": "30d"},
	{"id": "g", "goal": {"name": "form", "when": {"engagement": {"type": "form_submit", "count": 2}}, "within": "7d"}},
	{"id": "h", "goal": {"name": "gold", "when": {"field": "custom.plan", "equals": "gold"}, "within": "7d"}}]`

func TestResultsOfASplitAreWhatHappened(t *testing.T) {
	s := garden(t)
	newSequence(t, s, "trial", steps("trial", splitSequence), false)
	byArm := map[string][]string{}
	for i := 0; len(byArm["left"]) < 4 || len(byArm["right"]) < 4; i++ {
		lead := nurturing(t, s, record.Capture{Email: fmt.Sprintf("p%d@example.com", i)})
		j := through(t, s, lead, "trial", 1)
		j.on(time.Now().UTC())
		j.on(time.Now().UTC())
		arm := one[string](t, s, "SELECT value FROM sequence_marks WHERE lead_id = $1", lead)
		byArm[arm] = append(byArm[arm], lead)
	}
	all := len(byArm["left"]) + len(byArm["right"])
	require.Equal(t, 2*all, one[int](t, s, "SELECT count(*) FROM deliveries"))
	exec(t, s, "UPDATE deliveries SET created_at = created_at - interval '1 hour' WHERE step = 'before'") // it was before, in another transaction
	exec(t, s, "UPDATE deliveries SET state = 'sent'")
	left, right := byArm["left"], byArm["right"]
	exec(t, s, "UPDATE deliveries SET state = 'failed' WHERE lead_id = $1 AND step = 'l'", left[3])
	mailOf := func(lead, step string) string {
		return one[string](t, s, "SELECT id::text FROM deliveries WHERE lead_id = $1 AND step = $2", lead, step)
	}
	did := func(lead, kind string, properties map[string]any, times int) {
		for range times {
			ingest(t, s, record.Event{LeadID: lead, Type: kind, Properties: properties})
		}
	}
	did(left[0], "email_click", map[string]any{"mail_id": mailOf(left[0], "l")}, 3)
	did(left[1], "email_click", map[string]any{"mail_id": mailOf(left[1], "before")}, 1) // of a mail before
	did(right[0], "email_open", map[string]any{"mail_id": mailOf(right[0], "r")}, 1)
	did(left[0], "form_submit", nil, 2)
	did(left[1], "form_submit", nil, 1) // twice is asked for
	did(left[2], "form_submit", nil, 2)
	exec(t, s, "UPDATE leads SET stage = 'handoff' WHERE id = $1", left[2]) // who is with sales converts as well
	exec(t, s, "UPDATE leads SET profile = profile || '{\"custom\": {\"plan\": \"gold\"}}' WHERE id = $1", right[0])
	j := through(t, s, right[0], "trial", 1)
	j.n, j.at.Step, j.at.Since = 20, "rest", time.Now().UTC()
	j.on(time.Now().UTC())

	got, err := s.SplitResults(t.Context(), "trial", 1)
	require.NoError(t, err)
	require.Len(t, got.Splits, 1)
	require.Equal(t, []record.SplitArm{
		{Arm: "left", Weight: 1, Entered: len(left), MailsSent: len(left) - 1, Clicked: 1},
		{Arm: "right", Weight: 1, Entered: len(right), MailsSent: len(right), Opened: record.Unsure{Leads: 1}},
	}, got.Splits[0].Arms)
	for _, g := range got.Splits[0].Goals {
		require.Equal(t, []any{1.0, record.SplitUndecided, len(left), 0}, []any{g.P, g.Verdict, g.Arms[0].Pending, g.Arms[0].Settled}, "nobody is settled")
	}
	// Seven days later their outcomes are final, all but one, who drew late.
	for _, sql := range []string{"UPDATE sequence_marks SET at = at - interval '8 days'", "UPDATE events SET occurred_at = occurred_at - interval '8 days', received_at = received_at - interval '8 days'"} {
		exec(t, s, sql)
	}
	exec(t, s, "UPDATE sequence_marks SET at = now() WHERE lead_id = $1", right[3])
	got, err = s.SplitResults(t.Context(), "trial", 1)
	require.NoError(t, err)
	form, gold := got.Splits[0].Goals[0], got.Splits[0].Goals[1]
	require.Equal(t, []int{len(left), 2, 0}, []int{form.Arms[0].Settled, form.Arms[0].Converted, form.Arms[0].Pending})
	require.Equal(t, []int{len(right) - 1, 0, 1}, []int{form.Arms[1].Settled, form.Arms[1].Converted, form.Arms[1].Pending})
	require.Equal(t, []int{0, 1}, []int{gold.Arms[0].Converted, gold.Arms[1].Converted})
	require.InDelta(t, 2/float64(len(left)), form.Arms[0].Rate, 1e-9)
	low, high := trial.Sample{Tried: len(left), Converted: 2}.Wilson(1.959964)
	require.InDeltaSlice(t, []float64{low, high}, []float64{form.Arms[0].Low, form.Arms[0].High}, 1e-9)
	_, err = s.SplitResults(t.Context(), "trial", 2)
	require.ErrorIs(t, err, record.ErrNotFound)
}

// A winner is named when the numbers say so, and not when half of them do.
func TestAWinnerIsNamedWhenThereIsOne(t *testing.T) {
	s := garden(t)
	newSequence(t, s, "trial", steps("trial", splitSequence), false)
	verdict := func() record.SplitGoal {
		got, err := s.SplitResults(t.Context(), "trial", 1)
		require.NoError(t, err)
		return got.Splits[0].Goals[1]
	}
	add := func(n, right, left int) {
		exec(t, s, `WITH made AS (INSERT INTO leads (id, email, stage) SELECT gen_random_uuid(), gen_random_uuid() || '@example.com', 'nurturing' FROM generate_series(1, 2 * $1::int) RETURNING id),
			drawn AS (SELECT id, row_number() OVER () AS n FROM made),
			arms AS (INSERT INTO sequence_marks SELECT id, 1, 'trial', 1, 1, 's', 'arm', CASE WHEN n <= $1 THEN 'right' ELSE 'left' END, now() - interval '9 days' FROM drawn)
			INSERT INTO sequence_marks SELECT id, 1, 'trial', 1, 1, 'h', 'goal', 'gold', now() - interval '5 days' FROM drawn WHERE n <= $2 OR n > $1 AND n <= $1 + $3`, n, right, left)
	}
	add(100, 30, 20)
	require.Equal(t, record.SplitUndecided, verdict().Verdict, "a z-test at this look alone would be near to it")
	add(900, 270, 180)
	g := verdict()
	require.Equal(t, []any{record.SplitWinner, "right", 1000, 300}, []any{g.Verdict, g.Winner, g.Arms[1].Settled, g.Arms[1].Converted})
	require.Less(t, g.P, 0.05)
}

// What a lead does after it was moved into another version counts for the arm it drew; who draws again counts from then on for
// what was drawn then.
func TestWhoIsMovedCountsForTheArmTheyDrew(t *testing.T) {
	s := garden(t)
	newSequence(t, s, "trial", steps("trial", splitSequence), true)
	move := func(lead string, at lifecycle.Position, n int) lifecycle.Position {
		t.Helper()
		c := command(lead, lifecycle.CommandMail, fmt.Sprintf("mail/trial/%d", n))
		c.Position, c.At = at, time.Now().UTC()
		m, err := s.GoOn(t.Context(), c)
		require.NoError(t, err)
		return m.Position
	}
	at := map[string]lifecycle.Position{}
	arms := map[string]string{}
	for i := range 3 {
		lead := nurturing(t, s, record.Capture{Email: fmt.Sprintf("p%d@example.com", i)})
		at[lead] = move(lead, move(lead, lifecycle.Position{Sequence: "trial", Version: 1}, 1), 2)
		require.Equal(t, "rest", at[lead].Step)
		arms[lead] = one[string](t, s, "SELECT value FROM sequence_marks WHERE lead_id = $1", lead)
	}
	publish := func(document string, inside sequence.Inside) {
		t.Helper()
		made, err := s.CreateSequence(t.Context(), record.Sequence{Name: "trial", Document: json.RawMessage(document), Source: document})
		require.NoError(t, err)
		_, err = s.PublishSequence(t.Context(), record.Publication{Name: "trial", Version: made.Version, Inside: inside})
		require.NoError(t, err)
	}
	more := `"steps": [{"id": "s", "split": [{"arm": "left", "to": "rest", "weight": 1}, {"arm": "right", "to": "rest", "weight": 1}]},
		{"id": "rest", "wait": "1ms"}, {"id": "news", "mail": {"subject": "S", "body": "B"}}, {"id": "long", "wait": "30d"},
		{"id": "h", "goal": {"name": "gold", "when": {"field": "custom.plan", "equals": "gold"}, "within": "7d"}}]`
	publish(steps("trial", more), sequence.Onward)
	ids := slices.Sorted(maps.Keys(at))
	moved, again := ids[0], ids[1]
	move(moved, at[moved], 3)
	exec(t, s, "DELETE FROM deliveries WHERE step = 'before'")
	exec(t, s, "UPDATE deliveries SET state = 'sent'")
	gold := func(lead string, n int) {
		exec(t, s, "UPDATE leads SET profile = profile || '{\"custom\": {\"plan\": \"gold\"}}' WHERE id = $1", lead)
		move(lead, lifecycle.Position{Sequence: "trial", Version: 2, Step: "long", Since: time.Now().UTC()}, n)
	}
	gold(moved, 4)
	converted := func(version int, arm string) (n, mails int) {
		r, err := s.SplitResults(t.Context(), "trial", version)
		require.NoError(t, err)
		for _, a := range r.Splits[0].Arms {
			if a.Arm == arm {
				mails = a.MailsSent
			}
		}
		for _, g := range r.Splits[0].Goals {
			for _, a := range g.Arms {
				if g.Goal == "gold" && a.Arm == arm {
					n += a.Converted
				}
			}
		}
		return n, mails
	}
	settle := func() {
		exec(t, s, "UPDATE sequence_marks SET at = at - interval '8 days'")
		exec(t, s, "UPDATE deliveries SET created_at = created_at - interval '8 days'")
	}
	settle()
	n, mails := converted(1, arms[moved])
	same := 0 // of the others, by the same arm: one mail each
	for _, lead := range ids[1:] {
		if arms[lead] == arms[moved] {
			same++
		}
	}
	require.Equal(t, []int{1, 2 + same}, []int{n, mails}, "its goal and its mail in the second version")

	// The third version begins anew: whoever draws there converts there.
	publish(steps("trial", more), sequence.Restart)
	move(again, at[again], 5)
	exec(t, s, "UPDATE leads SET profile = profile || '{\"custom\": {\"plan\": \"gold\"}}' WHERE id = $1", again)
	move(again, lifecycle.Position{Sequence: "trial", Version: 3, Step: "long", Since: time.Now().UTC()}, 6)
	arm := one[string](t, s, "SELECT value FROM sequence_marks WHERE lead_id = $1 AND version = 3 AND kind = 'arm'", again)
	settle()
	n, _ = converted(3, arm)
	require.Equal(t, 1, n)
	n, _ = converted(1, arms[again])
	want := 0
	if arms[again] == arms[moved] {
		want = 1
	}
	require.Equal(t, want, n, "not for the first as well")
}
