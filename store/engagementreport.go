package store

import (
	"context"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// The newest engagement is kept with the score (0006). It is a lead's and not a cycle's: the report counts leads. What captured somebody
// happened when they began; the clocks of who tells and of Postgres may lie a little wrong.
const (
	theEngaged = `FROM journeys LEFT JOIN (SELECT lead_id AS scored, engaged_at FROM scores) AS s ON scored = lead_id ` + theJourneys

	hasEngaged = `engaged_at > began_at + interval '1 minute'`
	isActive   = hasEngaged + ` AND engaged_at > now() - interval '30 days'`
)

const sqlEngagementReport = `SELECT whole, key, coalesce(g.name, '') AS name, leads, engaged, active FROM (
	SELECT grouping(key) = 1 AS whole, coalesce(key, '') AS key, count(*)::int AS leads, count(*) FILTER (WHERE ` + hasEngaged + `)::int AS engaged,
		count(*) FILTER (WHERE ` + isActive + `)::int AS active
	FROM (SELECT coalesce(` + journeyKeys + `, '') COLLATE "C" AS key, began_at, engaged_at ` + theEngaged + `) AS e GROUP BY GROUPING SETS ((), (key))
) AS c ` + journeyNames + ` ORDER BY whole DESC, key`

type engagementRow struct {
	Whole                  bool
	Key, Name              string
	Leads, Engaged, Active int
}

// EngagementReport tells how many of the leads engaged that began in a period.
func (s *Store) EngagementReport(ctx context.Context, f record.FunnelFilter) (record.EngagementReport, error) {
	out := record.EngagementReport{FunnelFilter: f, Items: []record.EngagementLine{}}
	rows, err := reported[engagementRow](ctx, s, sqlEngagementReport, journeyArgs(f))
	if err != nil {
		return out, masked("engagement report", err)
	}
	for _, r := range rows {
		line := record.EngagementLine{
			Key: r.Key, Name: r.Name, Leads: r.Leads, Engaged: r.Engaged, Silent: r.Leads - r.Engaged, Active: r.Active, Rate: rate(r.Engaged, r.Leads),
		}
		switch {
		case r.Whole:
			out.Total = line
		case f.By != "":
			out.Items = append(out.Items, line)
		}
	}
	return out, nil
}

const sqlEngagedLeads = `SELECT lead_id::text AS lead_id, began_at, CASE WHEN ` + hasEngaged + ` THEN engaged_at END AS engaged_at, stage, source_code AS source, campaign ` + theEngaged + `
	AND (began_at, lead_id) < (@at, @after::uuid) AND (@by::text = '' OR coalesce(` + journeyKeys + `, '') = @key::text)
	AND CASE @figure::text WHEN 'engaged' THEN ` + hasEngaged + ` WHEN 'silent' THEN (` + hasEngaged + `) IS NOT TRUE WHEN 'active' THEN ` + isActive + ` ELSE true END
ORDER BY began_at DESC, lead_id DESC LIMIT @rows`

// EngagedLeads lists what a figure of the report is made of, the newest first.
func (s *Store) EngagedLeads(ctx context.Context, f record.FunnelFilter, figure, key, cursor string, limit int) (record.Page[record.EngagedLead], error) {
	const op = "list engaged leads"
	none := record.Page[record.EngagedLead]{}
	after, err := markOf(op, cursor, newest)
	if err != nil || !isID(after.ID) {
		return none, errCursor
	}
	args := journeyArgs(f)
	args["at"], args["after"], args["figure"], args["key"], args["rows"] = after.At, after.ID, figure, key, pageSize(limit)+1
	items, err := reported[record.EngagedLead](ctx, s, sqlEngagedLeads, args)
	if err != nil {
		return none, masked(op, err)
	}
	return pageOf(items, limit, func(e record.EngagedLead) string {
		return sealed(op, mark{e.BeganAt.UTC().Truncate(time.Microsecond), e.LeadID}.text())
	}), nil
}
