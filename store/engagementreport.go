package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// The newest engagement stands with the score (0006): it is that of the lead, and of its last cycle. A journey has it as it was when it was folded, which
// is late by no more than engagedLately; for whoever engaged since then the score is asked. What captured somebody happened when they began; the clocks
// of who tells and of Postgres may lie a little wrong.
const (
	engagedLately = `now() - interval '30 days'`

	newestEngagement = `greatest(engaged_at, scored_at)`

	theEngaged = `FROM journeys LEFT JOIN (SELECT lead_id AS scored, engaged_at AS scored_at FROM scores WHERE engaged_at > ` + engagedLately + `) AS s
	ON scored = lead_id AND (cycle = 0 OR cycle = cycles) ` + theJourneys

	hasEngaged = newestEngagement + ` > began_at + interval '1 minute'`
	isActive   = hasEngaged + ` AND ` + newestEngagement + ` > ` + engagedLately
)

const sqlEngagementReport = `SELECT c.*, coalesce(g.name, '') AS name FROM (
	SELECT coalesce(` + journeyKeys + `, '') AS key, count(*)::int AS leads, count(*) FILTER (WHERE ` + hasEngaged + `)::int AS engaged, count(*) FILTER (WHERE ` + isActive + `)::int AS active
	` + theEngaged + ` GROUP BY 1
) AS c ` + journeyNames + ` ORDER BY key`

type engagementRow struct {
	Key, Name              string
	Leads, Engaged, Active int
}

func (r *engagementRow) add(o engagementRow) {
	r.Leads, r.Engaged, r.Active = r.Leads+o.Leads, r.Engaged+o.Engaged, r.Active+o.Active
}

func (r *engagementRow) line() record.EngagementLine {
	return record.EngagementLine{
		Key: r.Key, Name: r.Name, Leads: r.Leads, Engaged: r.Engaged, Silent: r.Leads - r.Engaged, Active: r.Active, Rate: rate(r.Engaged, r.Leads),
	}
}

// EngagementReport tells how many of the leads, or of their cycles, engaged that began in a period.
func (s *Store) EngagementReport(ctx context.Context, f record.FunnelFilter) (record.EngagementReport, error) {
	out := record.EngagementReport{FunnelFilter: f, Items: []record.EngagementLine{}}
	rows, err := reported[engagementRow](ctx, s, sqlEngagementReport, journeyArgs(f))
	if err != nil {
		return out, masked("engagement report", err)
	}
	var all engagementRow
	lines := map[string]*engagementRow{}
	for _, row := range rows {
		all.add(row)
		for _, key := range linesOf(f.By, row.Key) {
			if lines[key] == nil {
				lines[key] = &engagementRow{Key: key, Name: row.Name}
			}
			lines[key].add(row)
		}
	}
	out.Total = all.line()
	if f.By != "" {
		for _, line := range lines {
			out.Items = append(out.Items, line.line())
		}
		slices.SortFunc(out.Items, func(a, b record.EngagementLine) int { return strings.Compare(a.Key, b.Key) })
	}
	return out, nil
}

const sqlEngagedLeads = `SELECT lead_id::text AS lead_id, cycle, began_at, CASE WHEN ` + hasEngaged + ` THEN ` + newestEngagement + ` END AS engaged_at, stage, source_code AS source, campaign ` + theEngaged + `
	AND (began_at, lead_id, cycle) < (@at, @lead::uuid, @after::int) AND ` + ofLine + `
	AND CASE @figure::text WHEN 'engaged' THEN ` + hasEngaged + ` WHEN 'silent' THEN (` + hasEngaged + `) IS NOT TRUE WHEN 'active' THEN ` + isActive + ` ELSE true END
ORDER BY began_at DESC, lead_id DESC, cycle DESC LIMIT @rows`

// EngagedLeads lists what a figure of the report is made of, the newest first.
func (s *Store) EngagedLeads(ctx context.Context, f record.FunnelFilter, figure, key, cursor string, limit int) (record.Page[record.EngagedLead], error) {
	const op = "list engaged leads"
	none := record.Page[record.EngagedLead]{}
	args, err := journeyPage(op, f, cursor, limit)
	if err != nil {
		return none, err
	}
	args["figure"], args["key"] = figure, key
	items, err := reported[record.EngagedLead](ctx, s, sqlEngagedLeads, args)
	if err != nil {
		return none, masked(op, err)
	}
	return pageOf(items, limit, func(e record.EngagedLead) string {
		return sealed(op, mark{e.BeganAt.UTC().Truncate(time.Microsecond), e.LeadID + "/" + strconv.Itoa(e.Cycle)}.text())
	}), nil
}
