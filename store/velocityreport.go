package store

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlVelocityStages = `SELECT string_agg(int8send(in_nurturing), '') AS nurturing, string_agg(int8send(in_qualified), '') AS qualified, string_agg(int8send(in_handoff), '') AS handoff,
	string_agg(int8send(in_working), '') AS working, string_agg(int8send(in_opportunity), '') AS opportunity, string_agg(int8send(in_dormant), '') AS dormant
FROM journeys ` + theJourneys

type velocityStages struct {
	Nurturing, Qualified, Handoff, Working, Opportunity, Dormant []byte
}

// velocitySpans are told beside those of the funnel, from a step to the next: the whole way, the sales cycle, and how long it took until a
// journey came to another end.
var velocitySpans = [][2]string{
	{funnel.Captured, funnel.MQL},
	{funnel.MQL, funnel.Accepted},
	{funnel.Accepted, funnel.Opportunity},
	{funnel.Opportunity, funnel.Won},
	{funnel.Accepted, funnel.Won},
	{funnel.Captured, funnel.Won},
	{funnel.Captured, funnel.Disqualified},
	{funnel.Captured, funnel.Lost},
}

const sqlVelocitySpans = `SELECT ` + packed + `mql_at - began_at` + unpacked + ` FILTER (WHERE mql_at >= began_at) AS a,
	` + packed + `accepted_at - mql_at` + unpacked + ` FILTER (WHERE accepted_at >= mql_at) AS b,
	` + packed + `opportunity_at - accepted_at` + unpacked + ` FILTER (WHERE opportunity_at >= accepted_at) AS c,
	` + packed + `won_at - opportunity_at` + unpacked + ` FILTER (WHERE won_at >= opportunity_at) AS d,
	` + packed + `won_at - accepted_at` + unpacked + ` FILTER (WHERE won_at >= accepted_at) AS e,
	` + packed + `won_at - began_at` + unpacked + ` FILTER (WHERE won_at >= began_at) AS f,
	` + packed + `stage_at - began_at` + unpacked + ` FILTER (WHERE stage = 'disqualified' AND stage_at >= began_at) AS g,
	` + packed + `stage_at - began_at` + unpacked + ` FILTER (WHERE stage = 'lost' AND stage_at >= began_at) AS h
FROM journeys ` + theJourneys + ` AND (coalesce(mql_at, accepted_at, opportunity_at, won_at) IS NOT NULL OR stage IN ('disqualified', 'lost'))`

type velocitySpan struct{ A, B, C, D, E, F, G, H []byte }

// Ages are whole days; who was not won is of the age that it has now.
const (
	ageOfJourney = `greatest(0, floor(date_part('epoch', coalesce(won_at, now()) - began_at) / 86400))::int`

	sqlVelocityAges = `SELECT ` + ageOfJourney + ` AS age, count(won_at)::int AS won, (count(*) - count(won_at))::int AS censored
FROM journeys ` + theJourneys + ` GROUP BY 1`
)

// Of all journeys, whenever they began, by when they qualified and were won. The first and the last month are whole where the
// period has all of them.
const sqlVelocityMonths = `SELECT to_char(m, 'YYYY-MM') AS month, coalesce(sum(j.qualified), 0)::int AS qualified, coalesce(sum(j.won), 0)::int AS won,
	m AT TIME ZONE 'UTC' >= @from AND (m + interval '1 month') AT TIME ZONE 'UTC' <= least(@to, now()) AS whole
FROM generate_series(date_trunc('month', @from::timestamptz AT TIME ZONE 'UTC'), @to::timestamptz AT TIME ZONE 'UTC' - interval '1 microsecond', interval '1 month') AS m
LEFT JOIN (
	SELECT date_trunc('month', mql_at AT TIME ZONE 'UTC') AS month, count(*) AS qualified, 0 AS won FROM journeys
	WHERE mql_at >= @from AND mql_at < @to AND ` + ofJourneys + ` GROUP BY 1
	UNION ALL
	SELECT date_trunc('month', won_at AT TIME ZONE 'UTC'), 0, count(*) FROM journeys WHERE won_at >= @from AND won_at < @to AND ` + ofJourneys + ` GROUP BY 1
) AS j ON j.month = m GROUP BY m ORDER BY m`

type velocityMonth struct {
	Month          string
	Qualified, Won int
	Whole          bool
}

// VelocityReport tells how fast the journeys went that began in a period.
func (s *Store) VelocityReport(ctx context.Context, f record.FunnelFilter) (record.VelocityReport, error) {
	out := record.VelocityReport{FunnelFilter: f, Pace: record.Pace{Conversion: []record.FunnelPoint{}}}
	args := journeyArgs(f)
	var stages []velocityStages
	var spans []velocitySpan
	var ages []funnel.Aged
	var months []velocityMonth
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(2)
	all.Go(func() (err error) {
		stages, err = reported[velocityStages](ctx, s, sqlVelocityStages, args)
		return err
	})
	all.Go(func() (err error) { spans, err = reported[velocitySpan](ctx, s, sqlVelocitySpans, args); return err })
	all.Go(func() (err error) { ages, err = reported[funnel.Aged](ctx, s, sqlVelocityAges, args); return err })
	all.Go(func() (err error) { months, err = reported[velocityMonth](ctx, s, sqlVelocityMonths, args); return err })
	if err := all.Wait(); err != nil {
		return out, masked("velocity report", err)
	}
	st, sp := stages[0], spans[0]
	for i, took := range [][]byte{st.Nurturing, st.Qualified, st.Handoff, st.Working, st.Opportunity, st.Dormant} {
		out.Stages = append(out.Stages, record.StageSpan{Stage: funnel.Stays[i], Span: spanned(microsIn(took))})
	}
	for i, took := range [][]byte{sp.A, sp.B, sp.C, sp.D, sp.E, sp.F, sp.G, sp.H} {
		out.Spans = append(out.Spans, record.NamedSpan{From: velocitySpans[i][0], To: velocitySpans[i][1], Span: spanned(secondsIn(took))})
	}
	for _, p := range funnel.Conversion(ages) {
		out.Conversion = append(out.Conversion, record.FunnelPoint{Age: p.Age, AtRisk: p.AtRisk, Share: p.Share, Low: p.Low, High: p.High})
	}
	out.Months = grown(months)
	return out, nil
}

// grown tells how much more there is in a month than in the one before.
func grown(months []velocityMonth) []record.VelocityMonth {
	out := []record.VelocityMonth{}
	for i, m := range months {
		line := record.VelocityMonth{Month: m.Month, Qualified: m.Qualified, Won: m.Won, Whole: m.Whole}
		if i > 0 && m.Whole && months[i-1].Whole && months[i-1].Qualified > 0 {
			line.Growth = new(float64(m.Qualified-months[i-1].Qualified) / float64(months[i-1].Qualified))
		}
		out = append(out, line)
	}
	return out
}
