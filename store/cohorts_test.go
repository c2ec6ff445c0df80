package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Who is of several personas counts in each of them, and once in all. Another model, or another profile, and they are counted anew.
func TestPersonasAreACohort(t *testing.T) {
	s := floor(t)
	personas := func(document string) { publish(t, s, strings.Replace(testModel, "{", `{"personas": `+document+",", 1)) }
	personas(`{"buyer": {"all": [{"field": "title", "equals": "VP"}]}, "local": {"all": [{"field": "city", "equals": "Graz"}]}}`)
	leads := inStage(t, s, lifecycle.StageNurturing, 4)
	profile := func(lead, profile string) { exec(t, s, `UPDATE leads SET profile = $2 WHERE id = $1`, lead, profile) }
	profile(leads[0], `{"title": "VP", "city": "Graz"}`)
	profile(leads[1], `{"title": "VP"}`)
	profile(leads[2], `{"city": "Graz"}`)
	movedTo(t, s, leads[0], 1, 10, "nurturing", "qualified", "{}")
	movedTo(t, s, leads[0], 1, 20, "working", "won", "{}")
	foldAll(t, s)
	f := record.FunnelFilter{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour), Per: "lead", By: "persona"}
	lines := func() map[string][2]int {
		t.Helper()
		foldAll(t, s)
		_, found := checked(t, s, false)
		require.Empty(t, found)
		got, err := s.FunnelReport(t.Context(), f)
		require.NoError(t, err)
		require.Equal(t, 4, got.Total.Steps[0].Reached)
		engaged, err := s.EngagementReport(t.Context(), f)
		require.NoError(t, err)
		out := map[string][2]int{}
		for i, l := range got.Items {
			out[l.Key] = [2]int{l.Steps[0].Reached, l.Steps[4].Reached}
			require.Equal(t, l.Steps[0].Reached, engaged.Items[i].Leads)
			for _, figure := range []string{"captured", "won"} {
				page, err := s.Journeys(t.Context(), f, record.Opened{Figure: figure, Key: l.Key}, "", 10)
				require.NoError(t, err)
				require.Len(t, page.Items, map[string]int{"captured": l.Steps[0].Reached, "won": l.Steps[4].Reached}[figure], l.Key)
			}
		}
		return out
	}
	require.Equal(t, map[string][2]int{"": {1, 0}, "buyer": {2, 1}, "local": {2, 1}}, lines())
	profile(leads[3], `{"title": "VP"}`)
	require.Equal(t, map[string][2]int{"buyer": {3, 1}, "local": {2, 1}}, lines(), "what is known of somebody changed")
	personas(`{"local": {"all": [{"field": "city", "one_of": ["Graz", "Linz"]}]}}`)
	require.Equal(t, map[string][2]int{"": {2, 0}, "local": {2, 1}}, lines(), "so did the personas, and everybody is folded again")

	f.By, f.Persona = "", "local"
	got, err := s.FunnelReport(t.Context(), f)
	require.NoError(t, err)
	require.Equal(t, 2, got.Total.Steps[0].Reached)
	exec(t, s, `UPDATE journeys SET personas = '{buyer}' WHERE lead_id = $1`, leads[3])
	_, found := checked(t, s, true)
	require.Len(t, found, 2)
}

// A cycle that is over engaged whoever did something while it was on; of the last one the score tells.
func TestEngagementByCycle(t *testing.T) {
	s := floor(t)
	lead := inStage(t, s, lifecycle.StageNurturing, 1)[0]
	exec(t, s, `UPDATE leads SET created_at = now() - interval '40 days'`)
	day := 86400
	movedTo(t, s, lead, 1, 10, "captured", "nurturing", "{}")
	movedTo(t, s, lead, 1, 5*day, "nurturing", "dormant", "{}")
	movedTo(t, s, lead, 2, 10*day, "dormant", "nurturing", "{}")
	movedTo(t, s, lead, 2, 15*day, "nurturing", "dormant", "{}")
	movedTo(t, s, lead, 3, 20*day, "dormant", "nurturing", "{}")
	did := func(kind string, days float64, voided bool) {
		exec(t, s, `INSERT INTO events (id, lead_id, client_id, type, occurred_at, received_at, voided_at)
			SELECT gen_random_uuid(), id, gen_random_uuid()::text, $2, created_at + $3 * interval '1 day', created_at + $3 * interval '1 day', CASE WHEN $4 THEN now() END FROM leads WHERE id = $1`, lead, kind, days, voided)
	}
	did("page_view", 0.0003, false) // what captured them
	did("unsubscribe", 2, false)    // by that nobody comes nearer
	did("email_click", 3, true)     // it was a scanner's
	did("page_view", 12, false)     // in the second cycle
	did("content_download", 13, false)
	foldAll(t, s)
	_, found := checked(t, s, false)
	require.Empty(t, found)
	f := record.FunnelFilter{From: time.Now().Add(-41 * 24 * time.Hour), To: time.Now(), Per: "cycle", By: "cycle"}
	engaged := func() (out []int) {
		got, err := s.EngagementReport(t.Context(), f)
		require.NoError(t, err)
		for _, l := range got.Items {
			out = append(out, l.Engaged)
		}
		require.Equal(t, 3, got.Total.Leads)
		page, err := s.EngagedLeads(t.Context(), f, "engaged", "2", "", 10)
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		require.WithinDuration(t, time.Now().Add(-27*24*time.Hour), *page.Items[0].EngagedAt, time.Hour)
		return out
	}
	require.Equal(t, []int{0, 1, 0}, engaged())
	exec(t, s, `INSERT INTO scores (lead_id, model_version, accumulators, score, fit, engagement, band, grade, evaluated_at, engaged_at) VALUES ($1, 1, '{}', 0, 0, 0, 'cold', 'D', now(), now())
		ON CONFLICT (lead_id) DO UPDATE SET engaged_at = now()`, lead)
	require.Equal(t, []int{0, 1, 1}, engaged(), "of the last cycle the score tells, at once")

	// Events are kept for a while only: what was known of them stays.
	exec(t, s, `DELETE FROM events`)
	exec(t, s, `UPDATE events_kept SET since = now() - interval '1 day'`)
	movedTo(t, s, lead, 3, 21*day, "nurturing", "qualified", "{}")
	foldAll(t, s)
	require.Equal(t, []int{0, 1, 1}, engaged())
	_, found = checked(t, s, false)
	require.Empty(t, found)
}

// Reports ask the score of those only who engaged lately: whoever leaves these days was folded before, once, and whoever was missed meanwhile is found.
func TestWhoEngagedLongAgo_isFoldedBeforeTheScoreIsAskedNoMore(t *testing.T) {
	s := floor(t)
	lead := inStage(t, s, lifecycle.StageNurturing, 1)[0]
	exec(t, s, `UPDATE leads SET created_at = now() - interval '100 days'`)
	movedTo(t, s, lead, 1, 10, "captured", "nurturing", "{}")
	exec(t, s, `INSERT INTO scores (lead_id, model_version, accumulators, score, fit, engagement, band, grade, evaluated_at) VALUES ($1, 1, '{}', 0, 0, 0, 'cold', 'D', now())
		ON CONFLICT (lead_id) DO UPDATE SET engaged_at = NULL`, lead)
	foldAll(t, s)
	at := func(table string, days int) {
		exec(t, s, fmt.Sprintf("UPDATE %s SET engaged_at = now() - $1 * interval '1 day'", table), days)
	}
	is := func(engaged, active, daysAgo int) {
		t.Helper()
		f := record.FunnelFilter{From: time.Now().Add(-101 * 24 * time.Hour), To: time.Now(), Per: "lead"}
		got, err := s.EngagementReport(t.Context(), f)
		require.NoError(t, err)
		require.Equal(t, []int{engaged, active}, []int{got.Total.Engaged, got.Total.Active})
		page, err := s.EngagedLeads(t.Context(), f, "engaged", "", "", 10)
		require.NoError(t, err)
		require.Len(t, page.Items, engaged)
		for _, e := range page.Items {
			require.WithinDuration(t, time.Now().Add(-time.Duration(daysAgo)*24*time.Hour), *e.EngagedAt, time.Hour)
		}
	}
	folds := func(want int) {
		t.Helper()
		n, err := s.FoldJourneys(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	is(0, 0, 0)
	at("scores", 27)
	is(1, 1, 27)
	_, found := checked(t, s, false)
	require.Empty(t, found, "the score is asked")
	exec(t, s, `UPDATE journeys_folded SET swept_at = now() - interval '25 hours'`)
	folds(0)
	at("scores", 29)
	folds(0) // it was swept just now
	exec(t, s, `UPDATE journeys_folded SET swept_at = swept_at - interval '25 hours'`)
	folds(1)
	folds(0)
	at("scores", 31)
	at("journeys", 31)
	is(1, 0, 31)

	at("scores", 30) // and nobody folded for some days
	is(1, 0, 31)
	_, found = checked(t, s, false)
	require.Len(t, found, 2)
	exec(t, s, `UPDATE journeys_folded SET swept_at = now() - interval '25 hours'`)
	folds(1)
	_, found = checked(t, s, false)
	require.Empty(t, found)
	is(1, 0, 30)
	at("scores", 1)
	is(1, 1, 1)
}

// Whatever changes of an offer is told again, whether or not the timeline tells of it.
func TestOffersAreTimedAnew(t *testing.T) {
	s := floor(t)
	ann := newRep(t, s, "ann", nil)
	base := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	anOffer{state: "offered", band: "hot", rep: ann, offered: 2, due: 3600}.put(t, s, base)
	id := one[string](t, s, "SELECT id::text FROM assignments")
	lead := one[string](t, s, "SELECT lead_id::text FROM assignments")
	exec(t, s, `INSERT INTO deliveries (id, key, lane, channel, kind, state, lead_id, assignment_id) VALUES (gen_random_uuid(), 'mail', 'alert', 'mail', 'offer', 'sending', $1, $2)`, lead, id)
	foldAll(t, s)
	told := func() string {
		t.Helper()
		foldAll(t, s) // what waits is not compared, and another test's transaction may keep it waiting
		_, found := checked(t, s, false)
		require.Empty(t, found)
		return one[string](t, s, `SELECT concat_ws(' ', state, CASE WHEN delivered_at IS NOT NULL THEN 'delivered' END, CASE WHEN seen_at IS NOT NULL THEN 'seen' END,
			CASE WHEN touched_at IS NOT NULL THEN 'touched' END, due_at - offered_at) FROM offer_times`)
	}
	require.Equal(t, "offered 00:59:58", told())
	exec(t, s, `UPDATE deliveries SET state = 'sent', sent_at = now() WHERE key = 'mail'`)
	require.Equal(t, "offered delivered 00:59:58", told())
	require.NoError(t, s.SeeOffers(t.Context(), []string{id}, "inbox"))
	require.Equal(t, "offered delivered seen 00:59:58", told())
	exec(t, s, `UPDATE assignments SET due_at = due_at + interval '1 hour'`)
	require.Equal(t, "offered delivered seen 01:59:58", told())
	exec(t, s, `UPDATE assignments SET state = 'accepted', decided_at = now()`)
	require.Equal(t, "accepted delivered seen 01:59:58", told())
	exec(t, s, `INSERT INTO notes (id, lead_id, at, rep_id, text) VALUES (gen_random_uuid(), $1, now() + interval '1 minute', $2, 'called')`, lead, ann)
	exec(t, s, `UPDATE leads SET worked_at = now() WHERE id = $1`, lead)
	require.Equal(t, "accepted delivered seen touched 01:59:58", told())

	exec(t, s, `UPDATE offer_times SET seen_at = NULL`)
	out, found := checked(t, s, true)
	require.Equal(t, []record.JourneyDifference{{LeadID: lead, Cycle: 1, What: "offer"}}, found)
	require.Equal(t, 1, out.Mended)
	require.Equal(t, "accepted delivered seen touched 01:59:58", told())
	require.NoError(t, s.EraseLead(t.Context(), lead, lifecycle.System))
	foldAll(t, s)
	require.Equal(t, "accepted delivered seen touched 01:59:58", told(), "of who was erased it stays")
}

// Rewon is who was won after they were taken up again.
func TestFunnelReport_tellsWhoCameBack(t *testing.T) {
	s := floor(t)
	leads := inStage(t, s, lifecycle.StageNurturing, 3)
	for i, lead := range leads {
		movedTo(t, s, lead, 1, 10, "nurturing", []string{"won", "dormant", "dormant"}[i], "{}")
		if i > 0 {
			movedTo(t, s, lead, 2, 20, "dormant", "nurturing", "{}")
		}
	}
	movedTo(t, s, leads[2], 2, 30, "nurturing", "won", "{}")
	foldAll(t, s)
	f := record.FunnelFilter{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour), Per: "lead"}
	for per, want := range map[string][3]int{"lead": {2, 1, 2}, "cycle": {2, 1, 2}} {
		f.Per = per
		got, err := s.FunnelReport(t.Context(), f)
		require.NoError(t, err)
		require.Equal(t, want, [3]int{got.Total.Recycled.Recycled, got.Total.Recycled.Won, got.Total.Steps[4].Reached}, per)
		require.InDelta(t, 0.5, *got.Total.Recycled.WinRate.Rate, 1e-9)
	}
}

// Months and shares by age open as well: by when a step was reached, and by age.
func TestVelocityReport_opens(t *testing.T) {
	s := floor(t)
	somePast(t, s, 80)
	now := time.Now()
	f := record.FunnelFilter{From: now.Add(-100 * 24 * time.Hour), To: now, Per: "cycle"}
	got, err := s.VelocityReport(t.Context(), f)
	require.NoError(t, err)
	count := func(f record.FunnelFilter, o record.Opened) int {
		page, err := s.Journeys(t.Context(), f, o, "", 200)
		require.NoError(t, err)
		return len(page.Items)
	}
	seen := 0
	for _, m := range got.Months {
		in := f
		in.From, err = time.Parse("2006-01", m.Month)
		require.NoError(t, err)
		in.To = in.From.AddDate(0, 1, 0)
		require.Equal(t, m.Qualified, count(in, record.Opened{Figure: "mql", Counted: "reached"}), m.Month)
		require.Equal(t, m.Won, count(in, record.Opened{Figure: "won", Counted: "reached"}), m.Month)
		seen += m.Qualified
	}
	require.Positive(t, seen)
	for _, st := range got.Stages {
		require.Equal(t, st.Count, count(f, record.Opened{Figure: "in_" + st.Stage}), st.Stage)
	}
	for _, sp := range got.Spans {
		require.Equal(t, sp.Count, count(f, record.Opened{Figure: sp.From + "-" + sp.To}), sp.To)
	}
	require.Greater(t, len(got.Conversion), 0)
	for _, p := range got.Conversion {
		require.Equal(t, p.AtRisk, count(f, record.Opened{Figure: "at_risk", Age: p.Age}), p.Age)
	}
	last := got.Conversion[len(got.Conversion)-1].Age
	require.Equal(t, one[int](t, s, "SELECT count(won_at)::int FROM journeys WHERE cycle > 0"), count(f, record.Opened{Figure: "won_by", Age: last}))
	require.Zero(t, count(f, record.Opened{Figure: "won_by", Age: got.Conversion[0].Age - 1}))
}

// What is attributed to a source opens into what was won, with its share.
func TestAttributed_opensWhatIsAttributed(t *testing.T) {
	s := floor(t)
	leads := inStage(t, s, lifecycle.StageWon, 4)
	exec(t, s, `UPDATE leads SET source_code = 'web'`)
	for i, lead := range leads {
		movedTo(t, s, lead, 1, 100+i, "working", "won", "{}")
		exec(t, s, `INSERT INTO outcomes (lead_id, cycle, kind, at, amount, currency) VALUES ($1, 1, 'won', now(), $2, 'EUR')`, lead, 100*(i+1))
		for k := range i {
			exec(t, s, `INSERT INTO touches (lead_id, at, source) SELECT id, created_at + $2 * interval '10 seconds', jsonb_build_object('channel', $3::text) FROM leads WHERE id = $1`, lead, k, []string{"ads", "fair", "ads"}[k])
		}
	}
	foldAll(t, s)
	f := record.FunnelFilter{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour), Per: "lead", By: "source"}
	report, err := s.SourcesReport(t.Context(), f)
	require.NoError(t, err)
	require.Len(t, report.Items, 3)
	require.Equal(t, []any{4, "1000.00"}, []any{report.Total.Won, report.Total.Money[0].Attributed[funnel.Linear]})
	for _, line := range report.Items {
		sums := map[string]float64{}
		for cursor := ""; ; {
			page, err := s.Attributed(t.Context(), f, line.Key, cursor, 1)
			require.NoError(t, err)
			for _, a := range page.Items {
				var amount float64
				require.NoError(t, json.Unmarshal([]byte(a.Amount), &amount))
				for way, share := range a.Shares {
					sums[way] += share * amount
				}
			}
			if cursor = page.NextCursor; cursor == "" {
				break
			}
		}
		for _, way := range funnel.Attributions {
			var want float64
			require.NoError(t, json.Unmarshal([]byte(line.Money[0].Attributed[way]), &want))
			require.InDelta(t, want, sums[way], 0.006, "%s %s", line.Key, way)
		}
	}
}
