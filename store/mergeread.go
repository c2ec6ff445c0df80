package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// mergeHook is what a subscriber is told of a merge or of its undoing, as of an alert: ids and codes.
func mergeHook(mergeID, loser string, into leadRow, score int, kind string, at time.Time) (pgx.NamedArgs, error) {
	event := record.WebhookKind(kind)
	payload, err := json.Marshal(record.AlertPayload{
		Type: event, Timestamp: at.UTC().Truncate(time.Second),
		Data: record.AlertData{LeadID: into.ID, MergedLeadID: loser, Cycle: into.Cycle, Score: score},
	})
	return pgx.NamedArgs{"merge": mergeID, "into": into.ID, "kind": kind, "event": event, "payload": payload}, err
}

// projection is what a merge keeps of the one that ended.
type projection struct {
	Stage          lifecycle.Stage `json:"stage"`
	StageAt        time.Time       `json:"stage_at"`
	Cycle          int             `json:"cycle"`
	CycleStartedAt time.Time       `json:"cycle_started_at"`
	Version        int64           `json:"version"`
	Seq            int64           `json:"seq"`
	Paused         bool            `json:"paused"`
	Muted          string          `json:"muted"`
	Reason         string          `json:"reason"`
	Owner          *string         `json:"owner"`
	TeamID         *string         `json:"team_id"`
	AssignmentID   *string         `json:"assignment_id"`
	SLADueAt       *time.Time      `json:"sla_due_at"`
	SLAState       string          `json:"sla_state"`
	NextKind       string          `json:"next_kind"`
	NextAt         *time.Time      `json:"next_at"`
	State          json.RawMessage `json:"state"`
	EngagedAt      *time.Time      `json:"engaged_at"`
	TouchWanted    []string        `json:"touch_wanted"`
	TouchSince     *time.Time      `json:"touch_since"`
	Email          string          `json:"email"`       // only where the other took it
	ExternalID     string          `json:"external_id"` // the same
}

func projectionOf(raw json.RawMessage) (p projection, err error) {
	if json.Unmarshal(raw, &p) != nil {
		err = &Error{Op: "read merge", Code: "what was kept of the lead cannot be read"}
	}
	return p, err
}

const (
	mergeColumns = `SELECT id, lead_id, into_id, at, reason, undone_at, counts FROM merges `

	sqlOpenMerge = mergeColumns + `WHERE lead_id = @lead AND undone_at IS NULL`

	sqlMerges = mergeColumns + `WHERE (at, id) < (@at, @after::uuid) AND (@lead::uuid IS NULL OR lead_id = @lead OR into_id = @lead)
	AND CASE @state WHEN 'done' THEN undone_at IS NULL WHEN 'undone' THEN undone_at IS NOT NULL ELSE true END
ORDER BY at DESC, id DESC LIMIT @rows`

	// What a rep rejected as another lead's double, where both are still leads of their own.
	sqlMergeProposals = `SELECT o.lead_id, o.duplicate_of AS into_id, o.at, o.rep_id, o.reason FROM outcomes o
	JOIN leads l ON l.id = o.lead_id AND l.stage <> 'erased' JOIN leads d ON d.id = o.duplicate_of
WHERE o.duplicate_of IS NOT NULL AND o.duplicate_of <> o.lead_id AND (d.stage <> 'erased' OR d.merged_into IS NOT NULL AND d.merged_into <> o.lead_id)
	AND NOT EXISTS (SELECT FROM merges m WHERE m.lead_id = o.lead_id AND m.undone_at > o.at)
ORDER BY o.at DESC, o.id DESC LIMIT @rows`
)

type mergeRead struct {
	ID, LeadID, IntoID string
	At                 time.Time
	Reason             string
	UndoneAt           *time.Time
	Counts             json.RawMessage
}

func (r mergeRead) report() (record.MergeReport, error) {
	until := r.At.Add(record.UnmergeWithin).UTC()
	out := record.MergeReport{ID: r.ID, LeadID: r.LeadID, Into: r.IntoID, At: r.At.UTC(), Reason: r.Reason, UndoUntil: &until, UndoneAt: r.UndoneAt}
	counts := struct {
		Joined  *record.MergeCounts
		Effects *record.MergeEffects
	}{&out.Joined, &out.Effects}
	if json.Unmarshal(r.Counts, &counts) != nil {
		return out, &Error{Op: "read merge", Code: "its figures cannot be read"}
	}
	return out, nil
}

// openMerge reads the merge that ended a lead.
func (s *Store) openMerge(ctx context.Context, tx pgx.Tx, leadID string) (*record.MergeReport, error) {
	row, err := pgx.CollectExactlyOneRow(query(ctx, tx, sqlOpenMerge, pgx.NamedArgs{"lead": leadID}), pgx.RowToStructByName[mergeRead])
	if err != nil {
		return nil, err
	}
	report, err := row.report()
	return &report, err
}

// Merges lists merges, newest first: done, undone or all (empty), and of one lead or all.
func (s *Store) Merges(ctx context.Context, state, leadID, cursor string, limit int) (record.Page[record.MergeReport], error) {
	none := record.Page[record.MergeReport]{Items: []record.MergeReport{}}
	const op = "list merges"
	after, err := markOf(op, cursor, newest)
	if err != nil || !isID(after.ID) {
		return none, errCursor
	}
	if leadID != "" && !isID(leadID) {
		return none, nil
	}
	rows, _ := s.pool.Query(ctx, sqlMerges, pgx.NamedArgs{
		"at": after.At, "after": after.ID, "lead": nullable(leadID), "state": state, "rows": pageSize(limit) + 1,
	})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[mergeRead])
	if err != nil {
		return none, masked(op, err)
	}
	page := pageOf(found, limit, func(r mergeRead) string { return sealed(op, mark{r.At, r.ID}.text()) })
	out := record.Page[record.MergeReport]{Items: make([]record.MergeReport, len(page.Items)), NextCursor: page.NextCursor}
	for i, r := range page.Items {
		if out.Items[i], err = r.report(); err != nil {
			return none, err
		}
	}
	return out, nil
}

// MergeProposals lists the newest leads that were rejected as the double of another, where both are still leads of their own.
func (s *Store) MergeProposals(ctx context.Context, limit int) ([]record.MergeProposal, error) {
	rows, _ := s.pool.Query(ctx, sqlMergeProposals, pgx.NamedArgs{"rows": pageSize(limit)})
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p record.MergeProposal, err error) {
		return p, row.Scan(&p.LeadID, &p.Into, &p.At, &p.RepID, &p.Reason)
	})
	return out, masked("list proposals to merge", err)
}
