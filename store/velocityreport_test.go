package store

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/record"
)

func TestVelocityReport_isWhatTheFactsSay(t *testing.T) {
	s := floor(t)
	somePast(t, s, 120)
	now := time.Now()
	f := record.FunnelFilter{From: now.Add(-70 * 24 * time.Hour), To: now, Per: "cycle"}
	got, err := s.VelocityReport(t.Context(), f)
	require.NoError(t, err)
	facts, _ := journeyFacts(t, s, f)
	for _, ending := range []string{"disqualified", "lost"} {
		rows, _ := s.pool.Query(t.Context(), `SELECT lead_id || '/' || cycle AS subject, stage AS step, stage_at AS at FROM journeys WHERE cycle > 0 AND stage = $1`, ending)
		ends, err := pgx.CollectRows(rows, pgx.RowToStructByName[funnel.Fact])
		require.NoError(t, err)
		facts = append(facts, ends...)
	}
	for _, sp := range got.Spans {
		if sp.To == funnel.Disqualified {
			require.Zero(t, sp.Count, "nobody was")
			continue
		}
		want := funnel.Between(sp.From, sp.To, facts)
		require.Positive(t, want.N)
		require.Equal(t, want.N, sp.Count, sp.From+" "+sp.To)
		require.InDelta(t, want.Median.Seconds(), *sp.P50, 1e-3)
		require.InDelta(t, want.P90.Seconds(), *sp.P90, 1e-3)
	}
	for i, stage := range got.Stages {
		require.Equal(t, one[int](t, s, "SELECT count(in_"+stage.Stage+")::int FROM journeys WHERE cycle > 0"), stage.Count)
		require.Positive(t, stage.Count, i)
		require.InDelta(t, one[float64](t, s, "SELECT percentile_cont(0.9) WITHIN GROUP (ORDER BY in_"+stage.Stage+") / 1e6 FROM journeys WHERE cycle > 0"), *stage.P90, 1e-6)
	}
	won := one[int](t, s, "SELECT count(won_at)::int FROM journeys WHERE cycle > 0")
	inMonths, qualified := 0, 0
	for _, m := range got.Months {
		inMonths, qualified = inMonths+m.Won, qualified+m.Qualified
	}
	require.Equal(t, one[int](t, s, "SELECT count(*)::int FROM journeys WHERE cycle > 0 AND won_at < $1", now), inMonths)
	require.Equal(t, one[int](t, s, "SELECT count(*)::int FROM journeys WHERE cycle > 0 AND mql_at < $1", now), qualified)
	require.False(t, got.Months[len(got.Months)-1].Whole, "it is not over")
	rows, _ := s.pool.Query(t.Context(), `SELECT `+ageOfJourney+` AS age, count(won_at)::int AS won, (count(*) - count(won_at))::int AS censored FROM journeys WHERE cycle > 0 AND began_at >= $1 AND began_at < $2 GROUP BY 1`, f.From, f.To)
	ages, err := pgx.CollectRows(rows, pgx.RowToStructByName[funnel.Aged])
	require.NoError(t, err)
	want := funnel.Conversion(ages)
	require.Len(t, got.Conversion, len(want))
	for i, p := range want {
		require.Equal(t, record.FunnelPoint{Age: p.Age, AtRisk: p.AtRisk, Share: p.Share, Low: p.Low, High: p.High}, got.Conversion[i])
	}
	require.NotEmpty(t, got.Conversion)
	require.Positive(t, won)
}

func TestGrown(t *testing.T) {
	t.Parallel()
	got := grown([]velocityMonth{{"2026-01", 5, 0, false}, {"2026-02", 10, 1, true}, {"2026-03", 12, 1, true}, {"2026-04", 0, 0, true}, {"2026-05", 3, 0, true}})
	require.Nil(t, got[0].Growth)
	require.Nil(t, got[1].Growth, "the month before is not whole")
	require.InDelta(t, 0.2, *got[2].Growth, 1e-12)
	require.InDelta(t, -1, *got[3].Growth, 1e-12)
	require.Nil(t, got[4].Growth, "after none there is no rate")
}
