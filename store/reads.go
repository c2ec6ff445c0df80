package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// readRow is a lead as the read side shows it.
type readRow struct {
	ID             string
	Email          *string
	ExternalID     *string
	Profile        map[string]any
	Stage          lifecycle.Stage
	Paused         bool
	Band           string
	Score          int
	Fit            float64
	Engagement     float64
	Grade          string
	MQLAt          *time.Time
	Cycle          int
	CycleStartedAt time.Time
	Owner          *string
	TeamID         *string
	AssignmentID   *string
	AssignedRep    *string
	OfferedAt      *time.Time
	SLADueAt       *time.Time
	SLAState       lifecycle.SLAState
	Muted          string
	Suppressed     bool
	Consent        map[string]bool
	Nurture        bool
	Source         record.Source
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Version        int64
	Reason         string
	State          json.RawMessage
	Untracked      bool
	Required       bool // the policy requires a consent
	Unconfirmed    bool // somebody said yes for them, and they were asked whether it is theirs
}

const readColumns = `l.id, l.email, l.external_id, l.profile, l.stage, l.paused, coalesce(s.band, 'cold') AS band,
	coalesce(s.score, 0) AS score, coalesce(s.fit, 0) AS fit, coalesce(s.engagement, 0) AS engagement, coalesce(s.grade, 'D') AS grade,
	CASE WHEN s.mql_cycle = l.cycle THEN s.mql_at END AS mql_at, l.cycle, l.cycle_started_at, l.owner, l.team_id,
	l.assignment_id, a.rep_id AS assigned_rep, a.offered_at, l.sla_due_at, l.sla_state, l.muted,
	false AS suppressed, l.consent, l.nurture, l.source, l.created_at,
	greatest(l.updated_at, s.evaluated_at) AS updated_at, l.version, l.reason, l.state,
	NOT coalesce((l.consent ->> 'tracking')::boolean, false)
		AND coalesce((SELECT (document -> 'consent' ->> 'tracking')::boolean FROM policies WHERE active), false) AS untracked, ` + consentRequired + ` AS required,
	EXISTS (SELECT FROM confirmations c WHERE c.lead_id = l.id AND c.purpose = 'marketing' AND c.ended_at IS NULL) AS unconfirmed`

const readTables = ` FROM leads l LEFT JOIN scores s ON s.lead_id = l.id LEFT JOIN assignments a ON a.id = l.assignment_id `

const sqlReadLead = `SELECT ` + readColumns + `, l.merged_into::text AS merged_into` + readTables + `WHERE l.id = @id`

// readOne is a lead that was asked for, which may be another by now.
type readOne struct {
	readRow
	MergedInto *string
}

// Lead reads one; record.ErrNotFound, or record.ErrErased. Of one that was merged it answers what is left of it as well as
// *record.Merged.
func (s *Store) Lead(ctx context.Context, leadID string) (record.Lead, error) {
	row, err := byID[readOne](ctx, s, "read lead", sqlReadLead, leadID)
	if err != nil {
		return record.Lead{}, err
	}
	switch err := errGoneTo(row.Stage, row.ID, row.MergedInto); {
	case row.MergedInto != nil:
		row.Stage = record.StageMerged
		lead := row.lead()
		lead.MergedInto = row.MergedInto
		return lead, err
	case err != nil:
		return record.Lead{}, err
	}
	rows := []readRow{row.readRow}
	err = s.lookSuppressed(ctx, rows)
	return rows[0].lead(), err
}

func (r readRow) lead() record.Lead {
	l := record.Lead{
		ID: r.ID, WorkflowID: "lead/" + r.ID, Email: r.Email, ExternalID: r.ExternalID, Profile: r.Profile, Stage: r.Stage,
		Paused: r.Paused, Band: r.Band, Score: r.Score, Fit: r.Fit, Engagement: r.Engagement, Grade: r.Grade, MQLAt: r.MQLAt,
		Cycle: r.Cycle, CycleStartedAt: r.CycleStartedAt, Owner: r.Owner, TeamID: r.TeamID,
		SLA: record.SLA{DueAt: r.SLADueAt, State: r.SLAState}, Mail: record.MailState{State: r.mail()}, Source: r.Source,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Version: r.Version, Reason: r.Reason, Untracked: r.Untracked,
	}
	if r.AssignmentID != nil && r.AssignedRep != nil && r.OfferedAt != nil {
		l.Assignment = &record.Assignment{ID: *r.AssignmentID, RepID: *r.AssignedRep, OfferedAt: *r.OfferedAt}
	}
	var c lifecycle.Carried
	if len(r.State) > 0 && json.Unmarshal(r.State, &c) == nil {
		l.Last = c.Lead.Last
	}
	return l
}

// mail says whether nurture mail may be sent, or why it may not.
func (r readRow) mail() string {
	switch {
	case r.Muted != "":
		return r.Muted
	case r.Suppressed:
		return "unsubscribed"
	case r.Email == nil:
		return "no_address"
	case r.Unconfirmed:
		return "unconfirmed"
	case lacksConsent(r.Required, r.Consent):
		return mutedNoConsent
	case !r.Nurture:
		return mutedNotAsked
	}
	return "active"
}

const sqlReadLeads = `SELECT ` + readColumns + readTables + `
WHERE (l.created_at, l.id) < (@at, @id::uuid) AND ` + leadsAsked + `
ORDER BY l.created_at DESC, l.id DESC LIMIT @rows`

// Leads lists leads, newest first.
func (s *Store) Leads(ctx context.Context, f record.LeadFilter) (record.Page[record.Lead], error) {
	const op = "list leads"
	after, err := markOf(op, f.Cursor, newest)
	if err != nil || !isID(after.ID) {
		return record.Page[record.Lead]{}, errCursor
	}
	args, any := filtered(f)
	if !any {
		return record.Page[record.Lead]{Items: []record.Lead{}}, nil
	}
	args["at"], args["id"], args["rows"] = after.At, after.ID, pageSize(f.Limit)+1
	rows, _ := s.pool.Query(ctx, sqlReadLeads, args)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[readRow])
	if err != nil {
		return record.Page[record.Lead]{}, masked(op, err)
	}
	if err := s.lookSuppressed(ctx, found); err != nil {
		return record.Page[record.Lead]{}, err
	}
	items := make([]record.Lead, len(found))
	for i, r := range found {
		items[i] = r.lead()
	}
	return pageOf(items, f.Limit, func(l record.Lead) string { return sealed(op, mark{l.CreatedAt, l.ID}.text()) }), nil
}
