package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Versions stand side by side, each with its own offers and leads, and each figure opens into what it counts.
func TestModelsReport_sideBySide(t *testing.T) {
	s := floor(t)
	ann := newRep(t, s, "ann", nil)
	base := time.Now().Add(-48 * time.Hour).Truncate(time.Second)
	for _, o := range []anOffer{
		{state: "accepted", band: "one", rep: ann, offered: 2, decided: 62, due: 3600},
		{state: "accepted", band: "one", rep: ann, offered: 2, decided: 4002, due: 3600}, // late
		{state: "rejected", band: "one", rep: ann, offered: 2, decided: 100, due: 3600},
		{state: "missed", band: "two", rep: ann, offered: 2, decided: 4000, due: 3600},
		{state: "missed", reason: "idle_final", band: "two", rep: ann, offered: 2, decided: 32, due: 3600}, // accepted, and given back later
		{state: "withdrawn", band: "two", rep: ann, offered: 2, decided: 50, due: 3600},
		{state: "offered", band: "two", rep: ann, offered: 2, due: 3600},            // its clock has run out
		{state: "offered", band: "two", rep: ann, offered: 2, due: 3600 * 24 * 100}, // it has not
		{state: "accepted", band: "old", rep: ann, offered: 2, decided: 2},          // a claim of before there were models
	} {
		o.put(t, s, base)
	}
	exec(t, s, `UPDATE assignments a SET model_version = CASE t.band WHEN 'one' THEN 1 WHEN 'two' THEN 2 END FROM assignment_terms t WHERE t.assignment_id = a.id`)
	exec(t, s, `UPDATE leads SET created_at = now() - interval '9 days'`)
	foldAll(t, s)
	exec(t, s, `DELETE FROM journeys`)
	for i, lead := range inStage(t, s, lifecycle.StageWorking, 10) {
		exec(t, s, `INSERT INTO journeys (lead_id, cycle, began_at, won_at, stage, stage_at, cycles, source_code, model_version)
			VALUES ($1, 0, now() - interval '2 days', CASE WHEN $2::int IN (1, 7, 9) THEN now() END, 'working', now(), 1, 'web', CASE WHEN $2 < 5 THEN 1 WHEN $2 < 9 THEN 2 END)`, lead, i)
	}
	f := record.FunnelFilter{From: base.Add(-24 * time.Hour), To: time.Now(), Per: "lead"}
	got, err := s.ModelsReport(t.Context(), f)
	require.NoError(t, err)
	require.Len(t, got.Items, 3)
	counts := func(l record.ModelLine) []int {
		return []int{l.Model, l.Leads, l.Won, l.Offers, l.Accepted, l.Rejected, l.Met, l.Breached}
	}
	two, first, none := got.Items[0], got.Items[1], got.Items[2]
	require.Equal(t, []int{2, 4, 1, 5, 1, 0, 1, 2}, counts(two), "the newest first")
	require.Equal(t, []int{1, 5, 1, 3, 2, 1, 2, 1}, counts(first))
	require.Equal(t, []int{0, 0, 0, 1, 1, 0, 0, 0}, counts(none))
	require.Equal(t, []int{0, 9, 2, 9, 4, 1, 3, 3}, counts(got.Total), "who was never offered is in none")
	require.InDeltaSlice(t, []float64{2.0 / 3, 2.0 / 3, 0.2}, []float64{*first.Acceptance.Rate, *first.SLA.Rate, *first.WinRate.Rate}, 1e-9)
	require.InDeltaSlice(t, []float64{0.5, 1.0 / 3, 0.25, 30}, []float64{*two.Acceptance.Rate, *two.SLA.Rate, *two.WinRate.Rate, *two.TookP50}, 1e-9, "what runs or was withdrawn is no answer")
	require.NotNil(t, first.PublishedAt)

	opened := func(model int, figure string) (n int) {
		t.Helper()
		f.Model = model
		for cursor := ""; ; {
			page, err := s.OffersMade(t.Context(), f, record.Opened{Figure: figure}, cursor, 2)
			require.NoError(t, err)
			n += len(page.Items)
			if cursor = page.NextCursor; cursor == "" {
				return n
			}
		}
	}
	for figure, want := range map[string][2]int{"offers": {3, 5}, "accepted": {2, 1}, "rejected": {1, 0}, "missed": {0, 1}, "met": {2, 1}, "breached": {1, 2}, "running": {0, 1}, "withdrawn": {0, 1}} {
		require.Equal(t, want, [2]int{opened(1, figure), opened(2, figure)}, figure)
	}
	f.Model, f.Band = 0, "two"
	got, err = s.ModelsReport(t.Context(), f)
	require.NoError(t, err)
	require.Equal(t, 5, got.Total.Offers)
	f.Band, f.RepID = "", newID()
	got, err = s.ModelsReport(t.Context(), f)
	require.NoError(t, err)
	require.Empty(t, got.Items)
	require.Nil(t, got.Total.SLA.Rate)
}

// Engaged is who did something since; what captured them is none.
func TestEngagementReport_countsAndOpens(t *testing.T) {
	s := floor(t)
	leads := inStage(t, s, lifecycle.StageNurturing, 6)
	for i, engaged := range []string{"NULL", "j.began_at + interval '30 seconds'", "j.began_at + interval '2 hours'", "now() - interval '1 hour'", "j.began_at - interval '9 days'", "now() - interval '29 days'"} {
		exec(t, s, `INSERT INTO journeys (lead_id, cycle, began_at, stage, stage_at, cycles, source_code) VALUES ($1, 0, now() - interval '40 days', 'nurturing', now(), 1, $2),
			($1, 1, now() - interval '40 days', 'nurturing', now(), 1, $2)`, leads[i], []string{"ads", "web"}[i%2])
		exec(t, s, `INSERT INTO scores (lead_id, model_version, accumulators, score, fit, engagement, band, grade, evaluated_at) VALUES ($1, 1, '{}', 0, 0, 0, 'cold', 'D', now())
			ON CONFLICT (lead_id) DO NOTHING`, leads[i])
		exec(t, s, `UPDATE scores s SET engaged_at = `+engaged+` FROM journeys j WHERE j.lead_id = s.lead_id AND s.lead_id = $1`, leads[i])
	}
	exec(t, s, `DELETE FROM scores WHERE lead_id = $1`, leads[0])
	exec(t, s, `UPDATE journeys j SET engaged_at = s.engaged_at FROM scores s WHERE s.lead_id = j.lead_id AND s.engaged_at < now() - interval '30 days'`) // as they are folded
	f := record.FunnelFilter{From: time.Now().Add(-41 * 24 * time.Hour), To: time.Now(), Per: "lead", By: "source"}
	got, err := s.EngagementReport(t.Context(), f)
	require.NoError(t, err)
	counts := func(l record.EngagementLine) []any { return []any{l.Key, l.Leads, l.Engaged, l.Silent, l.Active} }
	require.Equal(t, []any{"", 6, 3, 3, 2}, counts(got.Total))
	require.Equal(t, []any{"ads", 3, 1, 2, 0}, counts(got.Items[0]))
	require.Equal(t, []any{"web", 3, 2, 1, 2}, counts(got.Items[1]))
	require.InDelta(t, 0.5, *got.Total.Rate.Rate, 1e-9)
	for figure, want := range map[string][]string{"leads": {leads[1], leads[3], leads[5]}, "engaged": {leads[3], leads[5]}, "silent": {leads[1]}, "active": {leads[3], leads[5]}} {
		var opened []string
		for cursor := ""; ; {
			page, err := s.EngagedLeads(t.Context(), f, figure, "web", cursor, 1)
			require.NoError(t, err)
			for _, e := range page.Items {
				opened = append(opened, e.LeadID)
				require.Equal(t, figure == "engaged" || figure == "active" || figure == "leads" && e.LeadID != leads[1], e.EngagedAt != nil)
			}
			if cursor = page.NextCursor; cursor == "" {
				break
			}
		}
		require.ElementsMatch(t, want, opened, figure)
	}
	f.By = ""
	got, err = s.EngagementReport(t.Context(), f)
	require.NoError(t, err)
	require.Equal(t, []int{6, 0}, []int{got.Total.Leads, len(got.Items)})
}
