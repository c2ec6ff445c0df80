package store

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// contains makes a pattern that finds the text anywhere; its own wildcards are plain letters.
func contains(text string) string {
	if text == "" {
		return ""
	}
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

const sqlStageOf = `SELECT stage, merged_into::text AS into FROM leads WHERE id = @id`

// stageOf answers record.ErrNotFound, record.ErrErased or *record.Merged where there is nothing to show.
func (s *Store) stageOf(ctx context.Context, leadID string) error {
	row, err := byID[struct {
		Stage lifecycle.Stage
		Into  *string
	}](ctx, s, "read lead", sqlStageOf, leadID)
	if err != nil {
		return err
	}
	return errGoneTo(row.Stage, leadID, row.Into)
}

const timelineColumns = `SELECT id, at, kind, coalesce(from_stage, '') AS from_stage, coalesce(to_stage, '') AS to_stage, actor_type,
	coalesce(actor_id, '') AS actor_id, why, cycle, version, data || CASE WHEN assignment_id IS NULL THEN '{}'::jsonb
		ELSE jsonb_build_object('assignment_id', assignment_id) END || coalesce((SELECT jsonb_strip_nulls(jsonb_build_object(
			'amount', d.body -> 'amount', 'currency', d.body -> 'currency', 'one_thing', d.body -> 'one_thing',
			'missing', d.body -> 'missing', 'note', d.body -> 'note', 'duplicate_of', d.body -> 'duplicate_of'))
		FROM decisions d WHERE d.lead_id = t.lead_id AND d.id::text = t.data ->> 'decision_id' AND d.state = 'applied'), '{}') || CASE WHEN t.lead_id <> @id::uuid THEN jsonb_build_object('merged_from', t.lead_id) ELSE '{}' END AS data`

const sqlTimelineOf = timelineColumns + `
FROM timeline t WHERE lead_id = @id AND (at, id) < (@at, @after) ORDER BY at DESC, id DESC LIMIT @rows`

// The lines of what was merged into a lead name whose they are.
const sqlTimelineOfAll = timelineColumns + `
FROM timeline t WHERE lead_id = ANY(` + ofLead + `) AND (at, id) < (@at, @after) ORDER BY at DESC, id DESC LIMIT @rows`

// Timeline lists what happened to a lead, newest first. What people said with a decision is read from the decision: the
// timeline itself holds ids and codes only.
func (s *Store) Timeline(ctx context.Context, leadID, cursor string, limit int) (record.Page[record.TimelineItem], error) {
	none := record.Page[record.TimelineItem]{}
	var merged *record.Merged // its own lines are there still
	if err := s.stageOf(ctx, leadID); err != nil && !errors.As(err, &merged) {
		return none, err
	}
	sql, err := s.linesOf(ctx, leadID)
	if err != nil {
		return none, err
	}
	list := "timeline of " + leadID
	after, err := markOf(list, cursor, mark{At: newest.At, ID: strconv.Itoa(math.MaxInt64)})
	number, numErr := strconv.ParseInt(after.ID, 10, 64)
	if err != nil || numErr != nil {
		return none, errCursor
	}
	rows, _ := s.pool.Query(ctx, sql, pgx.NamedArgs{"id": leadID, "at": after.At, "after": number, "rows": pageSize(limit) + 1})
	items, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (record.TimelineItem, error) {
		var i record.TimelineItem
		var id int64
		err := row.Scan(&id, &i.At, &i.Kind, &i.From, &i.To, &i.Actor.Type, &i.Actor.ID, &i.Why, &i.Cycle, &i.Version, &i.Data)
		i.ID = strconv.FormatInt(id, 10)
		return i, err
	})
	if err != nil {
		return none, masked("read timeline", err)
	}
	return pageOf(items, limit, func(i record.TimelineItem) string { return sealed(list, mark{i.At, i.ID}.text()) }), nil
}

const sqlHasMerged = `SELECT EXISTS (SELECT FROM leads WHERE merged_into = @id)`

// linesOf is how a timeline is read: by one index, unless something was merged into the lead.
func (s *Store) linesOf(ctx context.Context, leadID string) (sql string, err error) {
	var merged bool
	if err := s.pool.QueryRow(ctx, sqlHasMerged, pgx.NamedArgs{"id": leadID}).Scan(&merged); err != nil {
		return "", masked("read timeline", err)
	}
	if merged {
		return sqlTimelineOfAll, nil
	}
	return sqlTimelineOf, nil
}

// mailColumns are what people see of a mail's row.
const mailColumns = `id, key, lead_id, lane, kind, coalesce(sequence, '') AS sequence, coalesce(sequence_version, 0) AS version,
	coalesce(step, '') AS step, coalesce(cycle, 0) AS cycle, state, code, attempts, created_at, sending_at, sent_at,
	decided, coalesce(decided_by, '') AS decided_by, decided_at`

const sqlMails = `SELECT ` + mailColumns + `
FROM deliveries WHERE channel = 'mail' AND (created_at, id) < (@at, @after::uuid) AND (@state = '' OR state = @state)
	AND (@state NOT IN ('failed', 'unknown', 'suppressed', 'expired') OR unsent = @state)
	AND (@lead::uuid IS NULL OR lead_id = @lead OR lead_id IN (SELECT id FROM leads WHERE merged_into = @lead))
ORDER BY created_at DESC, id DESC LIMIT @rows`

// Mails lists the ledger of mails, newest first.
func (s *Store) Mails(ctx context.Context, state, leadID, cursor string, limit int) (record.Page[record.Mail], error) {
	const op = "list mails"
	after, err := markOf(op, cursor, newest)
	if err != nil || !isID(after.ID) {
		return record.Page[record.Mail]{}, errCursor
	}
	if leadID != "" && !isID(leadID) {
		return record.Page[record.Mail]{Items: []record.Mail{}}, nil
	}
	rows, _ := s.pool.Query(ctx, sqlMails, pgx.NamedArgs{
		"at": after.At, "after": after.ID, "state": state, "lead": nullable(leadID), "rows": pageSize(limit) + 1,
	})
	items, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Mail])
	if err != nil {
		return record.Page[record.Mail]{}, masked(op, err)
	}
	return pageOf(items, limit, func(m record.Mail) string { return sealed(op, mark{m.CreatedAt, m.ID}.text()) }), nil
}

type inboxRow struct {
	LeadID       string
	AssignmentID *string
	RepID        *string
	TeamID       *string
	Stage        lifecycle.Stage
	Score        int
	Band         string
	OfferedAt    *time.Time
	DueAt        *time.Time
	SLAState     lifecycle.SLAState
	Reasons      []string
	SortAt       time.Time
}

const sqlInbox = `WITH items AS (
	SELECT l.id AS lead_id, l.assignment_id, l.owner AS rep_id, l.team_id, l.stage, coalesce(s.score, 0) AS score,
		coalesce(s.band, 'cold') AS band, a.offered_at, l.sla_due_at AS due_at, l.sla_state,
		ARRAY(SELECT i ->> 'why' FROM jsonb_array_elements(CASE jsonb_typeof(a.explanation -> 'items') WHEN 'array' THEN a.explanation -> 'items' ELSE '[]' END) i
			WHERE (i ->> 'points')::float > 0 ORDER BY (i ->> 'points')::float DESC LIMIT 3) AS reasons,
		CASE WHEN l.sla_state IN ('running', 'held', 'breached') THEN coalesce(l.sla_due_at, 'infinity') ELSE 'infinity' END AS sort_at
	FROM leads l LEFT JOIN scores s ON s.lead_id = l.id LEFT JOIN assignments a ON a.id = l.assignment_id
	WHERE l.stage IN ('handoff', 'qualified', 'working', 'opportunity')
		AND (@rep::uuid IS NULL OR l.owner = @rep OR l.stage = 'qualified' AND (l.team_id IS NULL
			OR l.team_id = (SELECT team_id FROM reps WHERE id = @rep)))
		AND (@team::uuid IS NULL OR l.team_id = @team OR l.stage = 'qualified' AND l.team_id IS NULL))
SELECT lead_id, assignment_id, rep_id, team_id, stage, score, band, offered_at, due_at, sla_state, reasons,
	least(sort_at, '9999-01-01') AS sort_at
FROM items WHERE (least(sort_at, '9999-01-01'), lead_id) > (@at, @after::uuid) ORDER BY least(sort_at, '9999-01-01'), lead_id LIMIT @rows`

// Inbox lists what waits for sales, by the time that is left: the longest overdue first, then open offers, then what has
// no clock that runs.
func (s *Store) Inbox(ctx context.Context, f record.InboxFilter) (record.Page[record.InboxItem], error) {
	none := record.Page[record.InboxItem]{Items: []record.InboxItem{}}
	const op = "read inbox"
	after, err := markOf(op, f.Cursor, mark{At: time.Unix(0, 0), ID: "00000000-0000-0000-0000-000000000000"})
	if err != nil || !isID(after.ID) {
		return none, errCursor
	}
	if f.RepID != "" && !isID(f.RepID) || f.TeamID != "" && !isID(f.TeamID) {
		return none, nil
	}
	rows, _ := s.pool.Query(ctx, sqlInbox, pgx.NamedArgs{
		"rep": nullable(f.RepID), "team": nullable(f.TeamID), "at": after.At, "after": after.ID, "rows": pageSize(f.Limit) + 1,
	})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[inboxRow])
	if err != nil {
		return none, masked(op, err)
	}
	page := pageOf(found, f.Limit, func(r inboxRow) string { return sealed(op, mark{r.SortAt, r.LeadID}.text()) })
	out := record.Page[record.InboxItem]{Items: make([]record.InboxItem, len(page.Items)), NextCursor: page.NextCursor}
	for i, r := range page.Items {
		out.Items[i] = record.InboxItem{
			LeadID: r.LeadID, AssignmentID: r.AssignmentID, RepID: r.RepID, TeamID: r.TeamID, Stage: r.Stage, Score: r.Score,
			Band: r.Band, OfferedAt: r.OfferedAt, SLA: record.SLA{DueAt: r.DueAt, State: r.SLAState}, Reasons: r.Reasons,
		}
	}
	return out, nil
}
