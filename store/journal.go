package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Why a run may send no mail, as lifecycle keeps it in Muted.
const (
	mutedNotAsked  = "not_asked"
	mutedNoConsent = "no_consent"
)

// mutedBy tells a run why an address is suppressed in the words of its own events.
var mutedBy = map[string]string{
	suppressedUnsubscribe: string(lifecycle.Unsubscribed), suppressedBounce: string(lifecycle.Bounced),
	suppressedComplaint: string(lifecycle.Complained), suppressedConsent: mutedNoConsent,
}

type loadedRow struct {
	Stage      lifecycle.Stage
	State      json.RawMessage
	SourceCode string
	Email      *string
	Nurture    bool
	Score      int
	Band       string
	Sequence   *string
	Version    *int
	Policy     json.RawMessage
	Reasons    json.RawMessage
}

const sqlLoadLead = `SELECT l.stage, l.state, l.source_code, l.email, l.nurture, coalesce(s.score, 0) AS score,
	coalesce(s.band, '') AS band, q.name AS sequence, q.version, (SELECT document FROM policies WHERE active) AS policy,
	` + houseReasons + ` AS reasons
FROM leads l LEFT JOIN scores s ON s.lead_id = l.id LEFT JOIN sequences q ON q.is_default AND q.state = 'published'
WHERE l.id = @id`

// LoadLead reads what a run begins with: what an earlier run recorded, the policy, the score, and the sequence of a
// first cycle.
func (s *Store) LoadLead(ctx context.Context, leadID string, _ time.Time) (record.Loaded, error) {
	row, err := byID[loadedRow](ctx, s, "load lead", sqlLoadLead, leadID)
	if errors.Is(err, record.ErrNotFound) {
		return record.Loaded{}, nil
	}
	if err != nil {
		return record.Loaded{}, err
	}
	out := record.Loaded{Found: true, Stage: row.Stage, Source: row.SourceCode, Score: row.Score, Band: row.Band}
	policy, err := policyWith(row.Policy, row.Reasons)
	if err != nil {
		return record.Loaded{}, err
	}
	out.Policy = &policy
	if row.Sequence != nil {
		out.Position = lifecycle.Position{Sequence: *row.Sequence, Version: *row.Version}
	}
	if out.Muted, err = s.muted(ctx, s.pool, row.Email, row.Nurture); err != nil {
		return record.Loaded{}, masked("load lead", err)
	}
	if len(row.State) > 0 && row.Stage != lifecycle.StageErased {
		out.State = &lifecycle.Carried{}
		if err := json.Unmarshal(row.State, out.State); err != nil {
			return record.Loaded{}, &Error{Op: "load lead", Code: "the recorded state cannot be read"}
		}
	}
	return out, nil
}

const sqlSuppressed = `SELECT reason FROM suppressions WHERE hash = @hash`

// muted says why a person may get no nurture mail whatever they consent to; empty when they may. A consent that is missing mutes
// no run: it may be given any day, and the sequence rests until then (GoOn).
func (s *Store) muted(ctx context.Context, q querier, email *string, nurture bool) (string, error) {
	if !nurture {
		return mutedNotAsked, nil
	}
	if email == nil {
		return "", nil // the ledger says so at every mail: an address may still come
	}
	rows, _ := q.Query(ctx, sqlSuppressed, pgx.NamedArgs{"hash": s.suppressionHash(*email)})
	reason, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if why, ok := mutedBy[reason]; ok {
		return why, err
	}
	return reason, err
}

const sqlLastActivity = `SELECT coalesce(greatest(s.engaged_at, l.engaged_at), l.created_at) AS engaged,
	CASE WHEN l.worked_at > coalesce(a.decided_at, a.offered_at, l.worked_at - interval '1 second') THEN l.worked_at END AS worked
FROM leads l LEFT JOIN assignments a ON a.id = l.assignment_id LEFT JOIN scores s ON s.lead_id = l.id WHERE l.id = @id`

// LastActivity reads when the lead was last engaged, and last worked since its owner took it over.
func (s *Store) LastActivity(ctx context.Context, leadID string) (record.Activity, error) {
	row, err := byID[struct{ Engaged, Worked *time.Time }](ctx, s, "read activity", sqlLastActivity, leadID)
	out := record.Activity{}
	if row.Engaged != nil {
		out.Engaged = row.Engaged.UTC()
	}
	if row.Worked != nil {
		out.Worked = row.Worked.UTC()
	}
	return out, err
}

const sqlDecisionWaits = `SELECT EXISTS (SELECT FROM decisions WHERE lead_id = @id AND (state = 'pending' OR unkept > 0) AND created_at <= @until)`

// DecisionWaits reports whether somebody decided about the lead until then, and its run has not answered, or nobody knows that it has.
func (s *Store) DecisionWaits(ctx context.Context, leadID string, until time.Time) (waits bool, err error) {
	if !isID(leadID) {
		return false, nil
	}
	err = s.pool.QueryRow(ctx, sqlDecisionWaits, pgx.NamedArgs{"id": leadID, "until": until}).Scan(&waits)
	return waits, masked("look for decisions", err)
}
