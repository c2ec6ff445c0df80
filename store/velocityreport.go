package store

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/record"
)

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

// Ages are whole days; who was not won is of the age that it has now, and who was won before it began of none.
const ageOfJourney = `greatest(0, floor(date_part('epoch', coalesce(won_at, now()) - began_at) / 86400))::int`

// How long it took to ripen and when who was not won began, of all; and how long all that comes later took, of those who came anywhere. Postgres
// gathers what is packed in one process, so the two, which take about as long, are asked for at once.
const (
	sqlVelocityAll = `SELECT ARRAY[string_agg(int8send(in_nurturing), ''), string_agg(int8send(in_dormant), '')] AS stays,
	string_agg(timestamptz_send(began_at), '') FILTER (WHERE won_at IS NULL) AS open, timestamptz_send(now()) AS now
FROM journeys ` + theJourneys

	sqlVelocityReached = `SELECT ARRAY[string_agg(int8send(in_qualified), ''), string_agg(int8send(in_handoff), ''),
		string_agg(int8send(in_working), ''), string_agg(int8send(in_opportunity), '')] AS stays,
	ARRAY[` + packed + `mql_at - began_at` + unpacked + ` FILTER (WHERE mql_at >= began_at),
		` + packed + `accepted_at - mql_at` + unpacked + ` FILTER (WHERE accepted_at >= mql_at),
		` + packed + `opportunity_at - accepted_at` + unpacked + ` FILTER (WHERE opportunity_at >= accepted_at),
		` + packed + `won_at - opportunity_at` + unpacked + ` FILTER (WHERE won_at >= opportunity_at),
		` + packed + `won_at - accepted_at` + unpacked + ` FILTER (WHERE won_at >= accepted_at),
		` + packed + `won_at - began_at` + unpacked + ` FILTER (WHERE won_at >= began_at),
		` + packed + `stage_at - began_at` + unpacked + ` FILTER (WHERE stage = 'disqualified' AND stage_at >= began_at),
		` + packed + `stage_at - began_at` + unpacked + ` FILTER (WHERE stage = 'lost' AND stage_at >= began_at)] AS spans,
	count(*) FILTER (WHERE won_at < began_at)::int AS at_once
FROM journeys ` + theJourneys + ` AND (coalesce(mql_at, accepted_at, opportunity_at, won_at) IS NOT NULL OR stage IN ('disqualified', 'lost')
	OR coalesce(in_qualified, in_handoff, in_working, in_opportunity) IS NOT NULL)`
)

type velocityAll struct {
	Stays     [][]byte // nurturing, dormant
	Open, Now []byte
}

type velocityReached struct {
	Stays, Spans [][]byte
	AtOnce       int
}

// spanWon is the span whose ages are those at which journeys were won.
const spanWon = 5

// agesOf counts journeys by the age at which they were won, or which they have: those that are open by when they began, in microseconds of Postgres's time.
func agesOf(won []time.Duration, atOnce int, open []time.Duration, now time.Duration) []funnel.Aged {
	by := map[int]*funnel.Aged{}
	of := func(age time.Duration) *funnel.Aged {
		days := int(max(0, age) / (24 * time.Hour))
		if by[days] == nil {
			by[days] = &funnel.Aged{Age: days}
		}
		return by[days]
	}
	for _, began := range open {
		of(now-began).Censored++
	}
	for _, took := range won {
		of(took).Won++
	}
	if atOnce > 0 {
		of(0).Won += atOnce
	}
	out := make([]funnel.Aged, 0, len(by))
	for _, a := range by {
		out = append(out, *a)
	}
	return out
}

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
	var every []velocityAll
	var reached []velocityReached
	var months []velocityMonth
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() (err error) { every, err = reported[velocityAll](ctx, s, sqlVelocityAll, args); return err })
	all.Go(func() (err error) {
		reached, err = reported[velocityReached](ctx, s, sqlVelocityReached, args)
		return err
	})
	all.Go(func() (err error) { months, err = reported[velocityMonth](ctx, s, sqlVelocityMonths, args); return err })
	if err := all.Wait(); err != nil {
		return out, masked("velocity report", err)
	}
	for i, took := range slices.Concat(every[0].Stays[:1], reached[0].Stays, every[0].Stays[1:]) {
		out.Stages = append(out.Stages, record.StageSpan{Stage: funnel.Stays[i], Span: spanned(microsIn(took))})
	}
	for i, packed := range reached[0].Spans {
		took := secondsIn(packed)
		out.Spans = append(out.Spans, record.NamedSpan{From: velocitySpans[i][0], To: velocitySpans[i][1], Span: spanned(took)})
		if i == spanWon {
			for _, p := range funnel.Conversion(agesOf(took, reached[0].AtOnce, microsIn(every[0].Open), microsIn(every[0].Now)[0])) {
				out.Conversion = append(out.Conversion, record.FunnelPoint{Age: p.Age, AtRisk: p.AtRisk, Share: p.Share, Low: p.Low, High: p.High})
			}
		}
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
