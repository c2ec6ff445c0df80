package store

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// terms are the clocks of one lead.
type terms struct {
	sla  lifecycle.SLA
	rule string
}

const sqlWhose = `SELECT coalesce(t.name, '') AS team, coalesce(a.band, s.band, '') AS band, l.source_code AS source
FROM leads l LEFT JOIN scores s ON s.lead_id = l.id LEFT JOIN reps r ON r.id = @rep::uuid LEFT JOIN teams t ON t.id = coalesce(r.team_id, l.team_id)
LEFT JOIN assignment_terms a ON a.assignment_id = @assignment::uuid
WHERE l.id = @lead`

// termsOf finds the clocks of a lead by the team of its rep, by its band as of the assignment, else now, and by its source.
func termsOf(ctx context.Context, q querier, p lifecycle.Policy, leadID, rep, assignment string) (terms, error) {
	if len(p.SLA.Rules) == 0 {
		return terms{sla: p.SLA}, nil
	}
	rows, _ := q.Query(ctx, sqlWhose, pgx.NamedArgs{"lead": leadID, "rep": assignmentID(rep), "assignment": assignmentID(assignment)})
	w, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[lifecycle.Whose])
	return terms{p.SLA.For(w), p.SLA.Rule(w)}, err
}

// What the terms of clocks hang on changed: the runs of these leads plan theirs anew. Old runs let it pass.
const (
	sqlClocksOfAll = `SELECT l.id, coalesce(s.score, 0), coalesce(s.band, ''), l.next_at, now() FROM leads l LEFT JOIN scores s ON s.lead_id = l.id
WHERE l.stage IN ` + takesALead + ` ORDER BY l.id FOR NO KEY UPDATE OF l`

	sqlClocksOfRep = `SELECT l.id, coalesce(s.score, 0), coalesce(s.band, ''), l.next_at, now() FROM leads l LEFT JOIN scores s ON s.lead_id = l.id
WHERE l.stage IN ` + takesALead + ` AND l.owner = @id
	AND EXISTS (SELECT FROM reps r WHERE r.id = @id AND (r.calendar_id IS DISTINCT FROM @calendar::uuid OR r.team_id IS DISTINCT FROM @team::uuid)) ORDER BY l.id FOR NO KEY UPDATE OF l`

	sqlClocksOfTeam = `SELECT l.id, coalesce(s.score, 0), coalesce(s.band, ''), l.next_at, now() FROM leads l LEFT JOIN scores s ON s.lead_id = l.id
JOIN reps r ON r.id = l.owner
WHERE l.stage IN ` + takesALead + ` AND (r.team_id = @id OR l.team_id = @id)
	AND EXISTS (SELECT FROM teams t WHERE t.id = @id AND t.calendar_id IS DISTINCT FROM @calendar::uuid) ORDER BY l.id FOR NO KEY UPDATE OF l`

	// Also of those whose rep and team have none, where the policy names it.
	sqlClocksOfCalendar = `SELECT l.id, coalesce(s.score, 0), coalesce(s.band, ''), l.next_at, now() FROM leads l LEFT JOIN scores s ON s.lead_id = l.id
JOIN reps r ON r.id = l.owner LEFT JOIN teams t ON t.id = coalesce(l.team_id, r.team_id)
WHERE l.stage IN ` + takesALead + ` AND (r.calendar_id = @id OR r.calendar_id IS NULL AND (t.calendar_id = @id
	OR t.calendar_id IS NULL AND EXISTS (SELECT FROM policies p JOIN calendars c ON c.name = p.document ->> 'calendar' WHERE p.active AND c.id = @id)))
ORDER BY l.id FOR NO KEY UPDATE OF l`
)

const triggerTerms = "terms"

// termsEach is how far apart runs are told: a policy concerns all leads that sales have, and each of them plans anew in Temporal, before
// whatever a lead has to be told that turns hot meanwhile. See ADR 70.
const termsEach = 10 * time.Millisecond

// termsChanged tells the runs of leads, locked in their order, that their clocks are to be planned anew, one after the other: whose clock
// passes first hears of it first.
func termsChanged(ctx context.Context, tx pgx.Tx, sql string, args pgx.NamedArgs) error {
	type clocked struct {
		told
		next *time.Time
	}
	rows, _ := tx.Query(ctx, sql, args)
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c clocked, err error) {
		c.kinds = []string{triggerTerms}
		return c, row.Scan(&c.lead, &c.score, &c.band, &c.next, &c.at)
	})
	if err != nil || len(all) == 0 {
		return err
	}
	slices.SortStableFunc(all, func(a, b clocked) int { return cmp.Compare(micros(a.next), micros(b.next)) })
	tells := make([]told, len(all))
	for i, c := range all {
		c.at = c.at.Add(time.Duration(i) * termsEach)
		tells[i] = c.told
	}
	b := &pgx.Batch{}
	tell(b, tells...)
	return tx.SendBatch(ctx, b).Close()
}

// micros orders moments, none last.
func micros(at *time.Time) int64 {
	if at == nil {
		return math.MaxInt64
	}
	return at.UnixMicro()
}
