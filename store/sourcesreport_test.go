package store

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

func TestSourcesReport_moneyCostsAndAttribution(t *testing.T) {
	s, ctx := floor(t), t.Context()
	day := func(d int) time.Time { return time.Date(2026, 3, d, 12, 0, 0, 0, time.UTC) }
	leads := inStage(t, s, lifecycle.StageWon, 3)
	exec(t, s, `UPDATE leads SET created_at = $1, source_code = 'web', source = '{"campaign": "spring"}'`, day(2))
	exec(t, s, `UPDATE leads SET source_code = 'ads', source = '{}' WHERE id = $1`, leads[2])
	for i, channel := range []string{"ads", "Web", "event"} {
		exec(t, s, `INSERT INTO touches (lead_id, at, source) VALUES ($1, $2, jsonb_build_object('channel', $3::text))`, leads[0], day(3+i), channel)
	}
	exec(t, s, `INSERT INTO touches (lead_id, at, source) VALUES ($1, $2, '{"channel": "event"}')`, leads[0], day(20)) // after it was won
	for i, won := range []struct {
		amount   string
		currency string
	}{{"1000", "EUR"}, {"500.50", "USD"}} {
		movedTo(t, s, leads[i], 1, 10*86400, "working", "won", "{}")
		exec(t, s, `INSERT INTO outcomes (lead_id, cycle, kind, at, amount, currency) VALUES ($1, 1, 'won', $2, $3::numeric, $4)`, leads[i], day(12), won.amount, won.currency)
	}
	movedTo(t, s, leads[2], 1, 86400, "captured", "nurturing", "{}")
	foldAll(t, s)
	set := func(source, campaign, from, to, amount, currency string) record.Cost {
		c, err := s.SetCost(ctx, record.Cost{Source: source, Campaign: campaign, From: from, To: to, Amount: amount, Currency: currency})
		require.NoError(t, err)
		return c
	}
	set("web", "", "2026-02-20", "2026-03-01", "100", "EUR") // one of ten days
	set("web", "spring", "2026-03-05", "2026-03-05", "90", "EUR")
	set("web", "spring", "2026-03-05", "2026-03-05", "190", "EUR") // better known now
	gone := set("web", "", "2026-03-06", "2026-03-06", "1000000", "EUR")
	require.NoError(t, s.RemoveCost(ctx, gone.ID))
	require.ErrorIs(t, s.RemoveCost(ctx, gone.ID), record.ErrNotFound)
	set("print", "", "2026-03-31", "2026-04-01", "8", "EUR")

	f := record.FunnelFilter{From: day(1).Truncate(24 * time.Hour), To: day(1).Truncate(24*time.Hour).AddDate(0, 1, 0), By: "source", Per: "lead"}
	got, err := s.SourcesReport(ctx, f)
	require.NoError(t, err)
	by := map[string]record.SourceLine{}
	for _, l := range got.Items {
		by[l.Key] = l
	}
	require.Equal(t, []string{"web", "ads", "event", "print"}, []string{got.Items[0].Key, got.Items[1].Key, got.Items[2].Key, got.Items[3].Key})
	web := by["web"]
	require.Equal(t, []int{2, 0, 0, 2}, []int{web.Leads, web.MQL, web.Accepted, web.Won})
	require.Len(t, web.Money, 2)
	eur, usd := web.Money[0], web.Money[1]
	require.Equal(t, []string{"EUR", "1000.00", "200.00", "100.00", "100.00"}, []string{eur.Currency, eur.Revenue, eur.Cost, *eur.PerLead, *eur.PerWon})
	require.InDelta(t, 4, *eur.ROI, 1e-12)
	require.Equal(t, map[string]string{funnel.First: "0.00", funnel.Last: "0.00", funnel.Linear: "333.33", funnel.Position: "200.00", funnel.Decay: "332.25"}, eur.Attributed)
	require.Equal(t, []string{"USD", "500.50", "0.00"}, []string{usd.Currency, usd.Revenue, usd.Cost})
	require.Nil(t, usd.ROI)
	require.Equal(t, "500.50", usd.Attributed[funnel.First], "nothing is known of how it came but the source")
	require.Equal(t, "1000.00", by["ads"].Money[0].Attributed[funnel.First])
	require.Equal(t, "1000.00", by["event"].Money[0].Attributed[funnel.Last])
	require.Equal(t, "4.00", by["print"].Money[0].Cost)

	f.By = "campaign"
	got, err = s.SourcesReport(ctx, f)
	require.NoError(t, err)
	for _, l := range got.Items {
		if l.Key == "spring" {
			require.Equal(t, "190.00", l.Money[0].Cost)
			return
		}
	}
	require.Fail(t, "no spring")
}

func TestJourneys_openEveryFigure(t *testing.T) {
	s := floor(t)
	somePast(t, s, 60)
	f := record.FunnelFilter{From: time.Now().Add(-80 * 24 * time.Hour), To: time.Now(), Per: "cycle", By: "source"}
	report, err := s.FunnelReport(t.Context(), f)
	require.NoError(t, err)
	count := func(figure, key string) (n int) {
		cursor := ""
		seen := map[string]bool{}
		for {
			page, err := s.Journeys(t.Context(), f, record.Opened{Figure: figure, Key: key}, cursor, 7)
			require.NoError(t, err)
			for _, j := range page.Items {
				require.Equal(t, key, j.Source)
				require.False(t, seen[j.LeadID+string(rune(j.Cycle))])
				seen[j.LeadID+string(rune(j.Cycle))] = true
				n++
			}
			if page.NextCursor == "" {
				return n
			}
			cursor = page.NextCursor
		}
	}
	for _, item := range report.Items {
		for _, step := range item.Steps {
			require.Equal(t, step.Reached, count(step.Step, item.Key), step.Step)
		}
		e := item.Endings
		for figure, n := range map[string]int{
			"open": e.Open, "lost": e.Lost, "dormant": e.Dormant, "ended_won": e.Won, "recycled": item.Recycled.Recycled, "rewon": item.Recycled.Won,
		} {
			require.Equal(t, n, count(figure, item.Key), figure)
			require.Positive(t, n, figure)
		}
		for i, step := range item.Steps[1:] {
			require.Equal(t, int(math.Round(*step.Conversion.Rate*float64(step.Conversion.Of))), count("to_"+step.Step, item.Key), step.Step)
			require.Equal(t, step.Took.Count, count(item.Steps[i].Step+"-"+step.Step, item.Key), step.Step)
		}
	}
	_, err = s.Journeys(t.Context(), f, record.Opened{Figure: "won"}, "nonsense", 7)
	require.ErrorIs(t, err, record.ErrBadCursor)
}
