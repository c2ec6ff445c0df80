package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/trial"
)

// The journeys that a report is about: by what they are, and by when they began.
const (
	ofJourneys = `(cycle = 0) = (@per::text = 'lead')
	AND (@source::text = '' OR source_code = @source) AND (@campaign::text = '' OR campaign = @campaign) AND (@band::text = '' OR band = @band)
	AND (@model::int = 0 OR model_version = @model) AND (@team::uuid IS NULL OR team_id = @team) AND (@rep::uuid IS NULL OR rep_id = @rep)`

	theJourneys = `WHERE began_at >= @from AND began_at < @to AND ` + ofJourneys
)

// What a report is broken down by.
const journeyKeys = `CASE @by::text WHEN 'week' THEN date_trunc('week', began_at AT TIME ZONE 'UTC')::date::text
	WHEN 'month' THEN to_char(began_at AT TIME ZONE 'UTC', 'YYYY-MM') WHEN 'source' THEN source_code WHEN 'campaign' THEN campaign
	WHEN 'band' THEN band WHEN 'model' THEN model_version::text WHEN 'team' THEN team_id::text WHEN 'rep' THEN rep_id::text
	WHEN 'cycle' THEN cycle::text ELSE '' END`

const journeyNames = `LEFT JOIN LATERAL (
	SELECT name FROM reps WHERE @by = 'rep' AND id::text = key UNION ALL SELECT name FROM teams WHERE @by = 'team' AND id::text = key
) AS g ON @by IN ('rep', 'team')`

const sqlFunnelCounts = `SELECT key, coalesce(g.name, '') AS name, reached, converted, won, lost, disqualified, dormant, erased FROM (
	SELECT coalesce(` + journeyKeys + `, '') AS key,
		ARRAY[count(*), count(mql_at), count(accepted_at), count(opportunity_at), count(won_at)]::int[] AS reached,
		ARRAY[count(mql_at), count(*) FILTER (WHERE mql_at IS NOT NULL AND accepted_at IS NOT NULL),
			count(*) FILTER (WHERE accepted_at IS NOT NULL AND opportunity_at IS NOT NULL),
			count(*) FILTER (WHERE opportunity_at IS NOT NULL AND won_at IS NOT NULL)]::int[] AS converted,
		count(*) FILTER (WHERE stage = 'won')::int AS won, count(*) FILTER (WHERE stage = 'lost')::int AS lost,
		count(*) FILTER (WHERE stage = 'disqualified')::int AS disqualified, count(*) FILTER (WHERE stage = 'dormant')::int AS dormant,
		count(*) FILTER (WHERE stage = 'erased')::int AS erased
	FROM journeys ` + theJourneys + ` GROUP BY 1
) AS c ` + journeyNames + ` ORDER BY key`

const spanOf = `percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY `

// A span that would be less than nothing is none: the clocks of runs and of the database may lie a little wrong, and a step may
// have been reached before the one that reports put before it.
const sqlFunnelSpans = `SELECT grouping(key) = 1 AS whole, coalesce(key, '') AS key,
	ARRAY[count(*) FILTER (WHERE to_mql >= 0), count(*) FILTER (WHERE to_accepted >= 0), count(*) FILTER (WHERE to_opportunity >= 0), count(*) FILTER (WHERE to_won >= 0)]::int[] AS spans,
	` + spanOf + `to_mql) FILTER (WHERE to_mql >= 0) AS to_mql, ` + spanOf + `to_accepted) FILTER (WHERE to_accepted >= 0) AS to_accepted,
	` + spanOf + `to_opportunity) FILTER (WHERE to_opportunity >= 0) AS to_opportunity, ` + spanOf + `to_won) FILTER (WHERE to_won >= 0) AS to_won
FROM (
	SELECT coalesce(` + journeyKeys + `, '') COLLATE "C" AS key,
		extract(epoch FROM mql_at - began_at)::float8 AS to_mql, extract(epoch FROM accepted_at - mql_at)::float8 AS to_accepted,
		extract(epoch FROM opportunity_at - accepted_at)::float8 AS to_opportunity, extract(epoch FROM won_at - opportunity_at)::float8 AS to_won
	FROM journeys ` + theJourneys + ` AND coalesce(mql_at, opportunity_at) IS NOT NULL
) AS j GROUP BY GROUPING SETS ((), (key))`

type funnelCounts struct {
	Key, Name                                string
	Reached, Converted                       []int
	Won, Lost, Disqualified, Dormant, Erased int
}

type funnelSpans struct {
	Whole                                   bool
	Key                                     string
	Spans                                   []int
	ToMQL, ToAccepted, ToOpportunity, ToWon []float64
}

func (c *funnelCounts) add(o funnelCounts) {
	for i := range c.Reached {
		c.Reached[i] += o.Reached[i]
	}
	for i := range c.Converted {
		c.Converted[i] += o.Converted[i]
	}
	c.Won, c.Lost, c.Disqualified, c.Dormant, c.Erased = c.Won+o.Won, c.Lost+o.Lost, c.Disqualified+o.Disqualified, c.Dormant+o.Dormant, c.Erased+o.Erased
}

func (c funnelCounts) line(t funnelSpans) record.FunnelLine {
	out := record.FunnelLine{Key: c.Key, Name: c.Name, Endings: record.Endings{
		Open: c.Reached[0] - c.Won - c.Lost - c.Disqualified - c.Dormant - c.Erased,
		Won:  c.Won, Lost: c.Lost, Disqualified: c.Disqualified, Dormant: c.Dormant, Erased: c.Erased,
	}}
	took := [][]float64{t.ToMQL, t.ToAccepted, t.ToOpportunity, t.ToWon}
	for i, step := range funnel.Steps {
		s := record.FunnelStep{Step: step, Reached: c.Reached[i], OfAll: rate(c.Reached[i], c.Reached[0])}
		if i > 0 {
			s.Conversion = rate(c.Converted[i-1], c.Reached[i-1])
			if len(t.Spans) > 0 {
				s.Took = spanned(t.Spans[i-1], took[i-1])
			}
		}
		out.Steps = append(out.Steps, s)
	}
	return out
}

func rate(k, n int) record.Rate { return record.RateOf(trial.Sample{Tried: n, Converted: k}) }

func spanned(n int, quantiles []float64) record.Span {
	out := record.Span{Count: n}
	if len(quantiles) == 2 && n > 0 {
		out.P50, out.P90 = &quantiles[0], &quantiles[1]
	}
	return out
}

const sqlFoldedAt = `SELECT folded_at FROM journeys_folded`

func journeyArgs(f record.FunnelFilter) pgx.NamedArgs {
	return pgx.NamedArgs{
		"from": f.From, "to": f.To, "by": f.By, "per": f.Per, "source": f.Source, "campaign": f.Campaign, "band": f.Band, "model": f.Model,
		"team": assignmentID(f.TeamID), "rep": assignmentID(f.RepID),
	}
}

// FunnelReport tells how far the journeys came that began in a period.
func (s *Store) FunnelReport(ctx context.Context, f record.FunnelFilter) (record.FunnelReport, error) {
	out := record.FunnelReport{FunnelFilter: f, Items: []record.FunnelLine{}}
	var counts []funnelCounts
	var spans []funnelSpans
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		counts, err = reported[funnelCounts](ctx, s, sqlFunnelCounts, journeyArgs(f))
		return err
	})
	both.Go(func() (err error) {
		spans, err = reported[funnelSpans](ctx, s, sqlFunnelSpans, journeyArgs(f))
		return err
	})
	if err := both.Wait(); err != nil {
		return out, masked("funnel report", err)
	}
	took := map[string]funnelSpans{}
	var whole funnelSpans
	for _, t := range spans {
		if t.Whole {
			whole = t
		} else {
			took[t.Key] = t
		}
	}
	all := funnelCounts{Reached: make([]int, len(funnel.Steps)), Converted: make([]int, len(funnel.Steps)-1)}
	for _, c := range counts {
		all.add(c)
		if f.By != "" {
			out.Items = append(out.Items, c.line(took[c.Key]))
		}
	}
	out.Total = all.line(whole)
	return out, nil
}

// Reports sort much, and a disk is slow. Postgres would compile what it thinks is costly, which takes longer than all but the largest report.
const sqlReporting = `SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true)`

// reported reads the rows of a report.
func reported[T any](ctx context.Context, s *Store, sql string, args pgx.NamedArgs) (out []T, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlReporting); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, sql, args)
		out, err = pgx.CollectRows(rows, pgx.RowToStructByName[T])
		return err
	})
	return out, err
}

// JourneysFoldedAt is when journeys were folded last: reports know nothing of what came later.
func (s *Store) JourneysFoldedAt(ctx context.Context) (at time.Time, err error) {
	return at, masked("read when journeys were folded", s.pool.QueryRow(ctx, sqlFoldedAt).Scan(&at))
}
