package store

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// testDay is one moment for all that a test compares.
var testDay = time.Now().UTC().Truncate(time.Second)

func daysAgo(days int) time.Time { return testDay.AddDate(0, 0, -days) }

func performance(t *testing.T, s *Store, f record.BacktestFilter) record.Performance {
	t.Helper()
	if f.Decision == "" {
		f.Decision = record.DecidedByOffer
	}
	done := 0
	out, err := s.Backtest(t.Context(), f, func(n, total int) {
		require.LessOrEqual(t, n, total)
		done = n
	})
	require.NoError(t, err)
	require.Equal(t, out.Decisions, done)
	raw, err := json.Marshal(out)
	require.NoError(t, err, "there is no figure that JSON does not know")
	require.NotContains(t, string(raw), "lead_id")
	return out
}

// qualifiedAt makes a lead that was known for long and became an MQL at a moment.
func qualifiedAt(t *testing.T, s *Store, at time.Time) string {
	t.Helper()
	lead := inStage(t, s, lifecycle.StageNurturing, 1)[0]
	exec(t, s, "UPDATE leads SET created_at = $2::timestamptz - interval '30 days' WHERE id = $1", lead, at)
	becomes(t, s, lead, 1, at, "qualified")
	return lead
}

func becomes(t *testing.T, s *Store, lead string, cycle int, at time.Time, stage string) {
	t.Helper()
	exec(t, s, `INSERT INTO timeline (lead_id, at, kind, from_stage, to_stage, actor_type, cycle, of_run) VALUES ($1, $2, 'x', 'x', $3, 'system', $4, true)`, lead, at, stage, cycle)
}

// happens plants an event, and says which columns of it are otherwise.
func happens(t *testing.T, s *Store, lead, kind string, occurred, received time.Time, otherwise string, args ...any) {
	t.Helper()
	id := newID()
	exec(t, s, "INSERT INTO events (id, lead_id, type, occurred_at, received_at) VALUES ($1, $2, $3, $4, $5)", id, lead, kind, occurred, received)
	if otherwise != "" {
		exec(t, s, "UPDATE events SET "+otherwise+" WHERE id = $1", append([]any{id}, args...)...)
	}
}

func learns(t *testing.T, s *Store, lead, field, value string, at time.Time) {
	t.Helper()
	exec(t, s, "INSERT INTO profile_values (lead_id, field, value, learned_at, source) VALUES ($1, $2, $3::jsonb, $4, 'api')", lead, field, value, at)
}

// Whatever is learned after the decision, of what happened before it or not, is nothing to a backtest; what was taken back afterwards
// had counted. Each plant is a lead of its own, so each guard has a case that goes red without it.
func TestBacktest_nothingLooksAhead(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "ann", nil)
	after, hour := time.Second, time.Hour
	for i, tc := range []struct {
		name  string
		want  int // points: a form is 5, a webinar 20, a chief 30
		plant func(lead string, at time.Time)
	}{
		{"what was known", 5, func(string, time.Time) {}},
		{"an event that arrived afterwards", 5, func(lead string, at time.Time) {
			happens(t, s, lead, "webinar_attendance", at.Add(-hour), at.Add(after), "")
		}},
		{"an event that arrived in time", 25, func(lead string, at time.Time) {
			happens(t, s, lead, "webinar_attendance", at.Add(-hour), at, "")
		}},
		{"an event that a visitor had, and the lead afterwards", 5, func(lead string, at time.Time) {
			happens(t, s, lead, "webinar_attendance", at.Add(-hour), at.Add(-hour), "inherited_at = $2", at.Add(after))
		}},
		{"an event that was taken back afterwards", 25, func(lead string, at time.Time) {
			happens(t, s, lead, "webinar_attendance", at.Add(-hour), at.Add(-hour), "voided_at = $2, void_reason = 'scanner'", at.Add(after))
		}},
		{"an event that was taken back before", 5, func(lead string, at time.Time) {
			happens(t, s, lead, "webinar_attendance", at.Add(-hour), at.Add(-hour), "voided_at = $2, void_reason = 'scanner'", at)
		}},
		{"a field that was set afterwards", 5, func(lead string, at time.Time) { learns(t, s, lead, "title", `"Chief"`, at.Add(after)) }},
		{"a field that was set before", 35, func(lead string, at time.Time) { learns(t, s, lead, "title", `"Chief"`, at) }},
		{"a field that was another afterwards", 35, func(lead string, at time.Time) {
			learns(t, s, lead, "title", `"Chief"`, at.Add(-hour))
			learns(t, s, lead, "title", `"Clerk"`, at.Add(after))
		}},
		{"a field that was cleared before", 5, func(lead string, at time.Time) {
			learns(t, s, lead, "title", `"Chief"`, at.Add(-2*hour))
			exec(t, s, "INSERT INTO profile_values (lead_id, field, value, learned_at, source) VALUES ($1, 'title', NULL, $2, 'api')", lead, at.Add(-hour))
		}},
		{"a cycle that began afterwards", 5, func(lead string, at time.Time) {
			exec(t, s, "INSERT INTO adjustments (lead_id, cycle, at, policy) VALUES ($1, 2, $2, 'zero')", lead, at.Add(after))
		}},
		{"a run whose clock was ahead of what was known", 5, func(lead string, at time.Time) {
			happens(t, s, lead, "webinar_attendance", at.Add(-hour), at.Add(hour/2), "")
			exec(t, s, `INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, state, offered_at, decided_at, explanation)
				VALUES ($1::uuid, $1::uuid || '', $2, 1, 1, $3, 'accepted', $4, $4, jsonb_build_object('at', $5::text))`,
				newID(), lead, rep, at.Add(hour), at.Format(time.RFC3339Nano))
		}},
	} {
		at := daysAgo(200 - i)
		lead := qualifiedAt(t, s, at)
		happens(t, s, lead, "form_submit", at.Add(-2*hour), at.Add(-2*hour), "")
		tc.plant(lead, at)
		foldAll(t, s)
		got := performance(t, s, record.BacktestFilter{Model: 1, From: at.Add(-hour), To: at.Add(hour), MatureDays: 90})
		require.Equal(t, []int{1, 1}, []int{got.Decisions, got.Used}, tc.name)
		require.Len(t, got.Models, 1)
		require.Len(t, got.Models[0].Thresholds, 1, tc.name)
		require.Equal(t, tc.want, got.Models[0].Thresholds[0].Threshold, tc.name)
	}
}

// What is young and has no outcome is left out and counted, and so is what nothing is known of; what had its time counts.
func TestBacktest_whoHasAnOutcome(t *testing.T) {
	s := floor(t)
	exec(t, s, "ALTER TABLE models DISABLE TRIGGER models_stay")
	exec(t, s, "UPDATE models SET created_at = $1", daysAgo(50))
	ends := func(age int, stage string) string {
		lead := qualifiedAt(t, s, daysAgo(age))
		if stage != "" {
			becomes(t, s, lead, 1, daysAgo(age-1), stage)
		}
		return lead
	}
	ends(10, "")
	ends(11, "working")
	ends(12, "won")
	ends(13, "lost")
	ends(100, "won")
	ends(101, "opportunity") // has had its time
	ends(102, "disqualified")
	again := ends(103, "dormant")
	becomes(t, s, again, 2, daysAgo(20), "nurturing")
	becomes(t, s, again, 2, daysAgo(19), "qualified") // the second cycle is a decision of its own, and young
	twin := ends(104, "disqualified")
	exec(t, s, "INSERT INTO outcomes (lead_id, cycle, kind, at, duplicate_of) VALUES ($1, 1, 'disqualified', now(), $2)", twin, again)
	exec(t, s, "UPDATE leads SET stage = 'erased', email = NULL WHERE id = $1", ends(105, "won"))
	inStage(t, s, lifecycle.StageNurturing, 3) // nobody decided about them
	foldAll(t, s)
	f := record.BacktestFilter{Model: 1, MatureDays: 90}
	got := performance(t, s, f)
	require.Equal(t, record.LeftOut{Young: 3, Duplicates: 1, Erased: 1}, got.LeftOut)
	require.Equal(t, []int{11, 6, 2, 1, 4}, []int{got.Decisions, got.Used, got.Won, got.StillOpen, got.BeforeModel})
	require.Contains(t, got.Says, "3 without an outcome were decided less than 90 days ago and are left out")
	require.Contains(t, got.Says, "2 of 6 converted: of fewer than 10 of a kind figures say little")
	require.Contains(t, got.Says, "4 of 6 were decided before version 1 was made: it may have been made by what became of them")
	f.OnlyMature = true
	got = performance(t, s, f)
	require.Equal(t, record.LeftOut{Young: 3, YoungEnded: 2, Duplicates: 1, Erased: 1}, got.LeftOut)
	require.Equal(t, []int{4, 1}, []int{got.Used, got.Won})
	f = record.BacktestFilter{Model: 1, MatureDays: 0}
	require.Equal(t, []int{9, 2, 4}, []int{performance(t, s, f).Used, performance(t, s, f).Won, performance(t, s, f).StillOpen})
	// Events of then that are gone make of a decision none.
	exec(t, s, "UPDATE events_kept SET since = $1", daysAgo(100))
	got = performance(t, s, record.BacktestFilter{Model: 1, MatureDays: 90, From: daysAgo(103).Add(-time.Hour), To: daysAgo(99)})
	require.Equal(t, record.LeftOut{EventsGone: 4}, got.LeftOut, "all were known before")
	require.Equal(t, []string{"no decision has an outcome yet that can be measured"}, got.Says)
	require.Nil(t, got.Models[0].AUC)
	_, err := s.Backtest(t.Context(), record.BacktestFilter{Model: 99, Decision: record.DecidedByOffer}, func(int, int) {})
	require.ErrorIs(t, err, record.ErrNotFound)
}

// Of thousands of decisions, in pieces: a version that sees what matters is told from the published one that does not, on the same leads.
func TestBacktest_besideThePublishedModel(t *testing.T) {
	s := house(t)
	const sees = 2
	m, err := s.CreateModel(t.Context(), record.Model{Source: "x", Document: json.RawMessage(ruled(1, 40, "300d"))})
	require.NoError(t, err)
	require.Equal(t, sees, m.Version)
	publish(t, s, `{"mql": {"score": 20}, "engagement": [{"id": "form", "on": "form_submit", "points": 10}]}`)
	// Every fifth saw a webinar; half of these are won, and a tenth of the others. Forms say nothing.
	const leads = backtestRows + 500
	exec(t, s, fmt.Sprintf(`INSERT INTO leads (id, email, created_at) SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid, 'p' || g || '@example.com', now() - interval '300 days'
		FROM generate_series(1, %d) g`, leads))
	exec(t, s, `INSERT INTO events (id, lead_id, type, occurred_at, received_at)
		SELECT gen_random_uuid(), l.id, kind, now() - interval '210 days', now() - interval '210 days' FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM leads) AS l
		CROSS JOIN LATERAL (SELECT 'form_submit' AS kind FROM generate_series(1, (1 + l.n % 3)::int) UNION ALL SELECT 'webinar_attendance' WHERE l.n % 5 = 0) AS k`)
	exec(t, s, `INSERT INTO journeys (lead_id, cycle, began_at, mql_at, won_at, stage, stage_at, cycles, source_code)
		SELECT id, 1, created_at, now() - interval '200 days', CASE WHEN won THEN now() - interval '150 days' END, CASE WHEN won THEN 'won' ELSE 'lost' END, now(), 1, 'other'
		FROM (SELECT id, created_at, n % 10 = 0 OR n % 10 = 1 AND n % 5 <> 0 AS won FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM leads) AS l) AS l`)
	got := performance(t, s, record.BacktestFilter{Model: sees, MatureDays: 90})
	require.Equal(t, []int{leads, leads, leads / 5, 3}, []int{got.Decisions, got.Used, got.Won, got.Published})
	require.Equal(t, []int{sees, 3}, []int{got.Models[0].Model, got.Models[1].Model})
	require.Greater(t, got.Models[0].AUC.Low, 0.6)
	require.InDelta(t, 0.5, got.Models[1].AUC.Value, 0.05)
	require.Greater(t, got.AUCDifference.Low, 0.1)
	require.InDelta(t, got.Models[0].AUC.Value-got.Models[1].AUC.Value, got.AUCDifference.Value, 1e-9)
	top := got.Models[0].Deciles[0]
	require.InDelta(t, 0.5, *top.Conversion.Share, 0.02)
	require.InDelta(t, 2.5, *top.Lift, 0.1)
	require.Equal(t, 20, got.Models[1].Own.Threshold)
	require.InDelta(t, 2./3, float64(got.Models[1].Own.Picked)/leads, 0.01)
	require.Zero(t, got.Models[0].Own.Picked, "nobody has 100")
	alone := performance(t, s, record.BacktestFilter{Model: 3, MatureDays: 90, Decision: record.DecidedByMQL})
	require.Len(t, alone.Models, 1)
	require.Nil(t, alone.AUCDifference)
	require.Equal(t, got.Models[1], alone.Models[0])
}
