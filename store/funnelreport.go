package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/trial"
)

// The journeys that a report is about: by what they are, and by when they began. Each kind has a table of its own, which cycle tells the planner.
const (
	ofJourneys = `cycle >= CASE @per::text WHEN 'lead' THEN 0 ELSE 1 END AND cycle < CASE @per WHEN 'lead' THEN 1 ELSE 2147483647 END
	AND (@source::text = '' OR source_code = @source) AND (@campaign::text = '' OR campaign = @campaign) AND (@persona::text = '' OR @persona = ANY(personas))
	AND (@band::text = '' OR band = @band) AND (@model::int = 0 OR model_version = @model) AND (@team::uuid IS NULL OR team_id = @team) AND (@rep::uuid IS NULL OR rep_id = @rep)`

	theJourneys = `WHERE began_at >= @from AND began_at < @to AND ` + ofJourneys
)

// What a report is broken down by. Who is of several personas is in the line of each: see linesOf.
const journeyKeys = `CASE @by::text WHEN 'week' THEN date_trunc('week', began_at AT TIME ZONE 'UTC')::date::text
	WHEN 'month' THEN to_char(began_at AT TIME ZONE 'UTC', 'YYYY-MM') WHEN 'source' THEN source_code WHEN 'campaign' THEN campaign
	WHEN 'persona' THEN array_to_string(personas, ',') WHEN 'band' THEN band WHEN 'model' THEN model_version::text
	WHEN 'team' THEN team_id::text WHEN 'rep' THEN rep_id::text WHEN 'cycle' THEN cycle::text ELSE '' END`

// Which are in a line of the breakdown.
const ofLine = `(@by::text = '' OR CASE @by WHEN 'persona' THEN @key::text = ANY(personas) OR @key = '' AND personas = '{}' ELSE coalesce(` + journeyKeys + `, '') = @key END)`

const journeyNames = `LEFT JOIN LATERAL (
	SELECT name FROM reps WHERE @by = 'rep' AND id::text = key UNION ALL SELECT name FROM teams WHERE @by = 'team' AND id::text = key
) AS g ON @by IN ('rep', 'team')`

const sqlFunnelReport = `SELECT c.*, coalesce(g.name, '') AS name FROM (
	SELECT coalesce(` + journeyKeys + `, '') AS key,
		ARRAY[count(*), count(mql_at), count(accepted_at), count(opportunity_at), count(won_at)]::int[] AS reached,
		ARRAY[count(mql_at), count(*) FILTER (WHERE mql_at IS NOT NULL AND accepted_at IS NOT NULL),
			count(*) FILTER (WHERE accepted_at IS NOT NULL AND opportunity_at IS NOT NULL),
			count(*) FILTER (WHERE opportunity_at IS NOT NULL AND won_at IS NOT NULL)]::int[] AS converted,
		count(*) FILTER (WHERE stage = 'won')::int AS won, count(*) FILTER (WHERE stage = 'lost')::int AS lost,
		count(*) FILTER (WHERE stage = 'disqualified')::int AS disqualified, count(*) FILTER (WHERE stage = 'dormant')::int AS dormant,
		count(*) FILTER (WHERE stage = 'erased')::int AS erased, count(*) FILTER (WHERE cycles > 1 AND cycle <> 1)::int AS recycled, count(rewon_at)::int AS rewon,
		` + packed + `mql_at - began_at` + unpacked + ` FILTER (WHERE mql_at >= began_at) AS to_mql,
		` + packed + `accepted_at - mql_at` + unpacked + ` FILTER (WHERE accepted_at >= mql_at) AS to_accepted,
		` + packed + `opportunity_at - accepted_at` + unpacked + ` FILTER (WHERE opportunity_at >= accepted_at) AS to_opportunity,
		` + packed + `won_at - opportunity_at` + unpacked + ` FILTER (WHERE won_at >= opportunity_at) AS to_won
	FROM journeys ` + theJourneys + ` GROUP BY 1
) AS c ` + journeyNames + ` ORDER BY key`

type funnelRow struct {
	Key, Name                                string
	Reached, Converted                       []int
	Won, Lost, Disqualified, Dormant, Erased int
	Recycled, Rewon                          int
	ToMQL, ToAccepted, ToOpportunity, ToWon  []byte
}

// funnelSum is what rows come to together.
type funnelSum struct {
	funnelRow
	took [4][]time.Duration
}

func (c *funnelSum) add(o funnelRow) {
	if c.Reached == nil {
		c.Reached, c.Converted = make([]int, len(funnel.Steps)), make([]int, len(funnel.Steps)-1)
	}
	for i := range o.Reached {
		c.Reached[i] += o.Reached[i]
	}
	for i := range o.Converted {
		c.Converted[i] += o.Converted[i]
	}
	c.Won, c.Lost, c.Disqualified, c.Dormant, c.Erased = c.Won+o.Won, c.Lost+o.Lost, c.Disqualified+o.Disqualified, c.Dormant+o.Dormant, c.Erased+o.Erased
	c.Recycled, c.Rewon = c.Recycled+o.Recycled, c.Rewon+o.Rewon
	for i, took := range [][]byte{o.ToMQL, o.ToAccepted, o.ToOpportunity, o.ToWon} {
		c.took[i] = append(c.took[i], secondsIn(took)...)
	}
}

func (c *funnelSum) line(key, name string) record.FunnelLine {
	out := record.FunnelLine{Key: key, Name: name, Endings: record.Endings{
		Open: c.Reached[0] - c.Won - c.Lost - c.Disqualified - c.Dormant - c.Erased,
		Won:  c.Won, Lost: c.Lost, Disqualified: c.Disqualified, Dormant: c.Dormant, Erased: c.Erased,
	}, Recycled: record.Recycled{Recycled: c.Recycled, Won: c.Rewon, WinRate: rate(c.Rewon, c.Recycled)}}
	for i, step := range funnel.Steps {
		s := record.FunnelStep{Step: step, Reached: c.Reached[i], OfAll: rate(c.Reached[i], c.Reached[0])}
		if i > 0 {
			s.Conversion = rate(c.Converted[i-1], c.Reached[i-1])
			s.Took = spanned(c.took[i-1])
		}
		out.Steps = append(out.Steps, s)
	}
	return out
}

func rate(k, n int) record.Rate { return record.RateOf(trial.Sample{Tried: n, Converted: k}) }

// linesOf are the lines that a key counts in: who is of several personas counts in each, and once in all.
func linesOf(by, key string) []string {
	if by == "persona" {
		return strings.Split(key, ",")
	}
	return []string{key}
}

const sqlFoldedAt = `SELECT folded_at FROM journeys_folded`

func journeyArgs(f record.FunnelFilter) pgx.NamedArgs {
	return pgx.NamedArgs{
		"from": f.From, "to": f.To, "by": f.By, "per": f.Per, "source": f.Source, "campaign": f.Campaign, "persona": f.Persona, "band": f.Band, "model": f.Model,
		"team": assignmentID(f.TeamID), "rep": assignmentID(f.RepID),
	}
}

// FunnelReport tells how far the journeys came that began in a period.
func (s *Store) FunnelReport(ctx context.Context, f record.FunnelFilter) (record.FunnelReport, error) {
	out := record.FunnelReport{FunnelFilter: f, Items: []record.FunnelLine{}}
	rows, err := reported[funnelRow](ctx, s, sqlFunnelReport, journeyArgs(f))
	if err != nil {
		return out, masked("funnel report", err)
	}
	var all funnelSum
	all.add(funnelRow{})
	lines, names := map[string]*funnelSum{}, map[string]string{}
	for _, row := range rows {
		all.add(row)
		if f.By == "" {
			continue
		}
		for _, key := range linesOf(f.By, row.Key) {
			if lines[key] == nil {
				lines[key] = &funnelSum{}
			}
			lines[key].add(row)
			names[key] = row.Name
		}
	}
	for key, line := range lines {
		out.Items = append(out.Items, line.line(key, names[key]))
	}
	slices.SortFunc(out.Items, func(a, b record.FunnelLine) int { return strings.Compare(a.Key, b.Key) })
	out.Total = all.line("", "")
	return out, nil
}

// Postgres would compile what it thinks is costly, which takes longer than all but the largest report; and what a report asks differs so much that
// one plan for all is a bad one. A disk is slow: there is memory to group in.
const sqlReporting = `SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)`

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
