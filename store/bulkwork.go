package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlClaimBulk = `UPDATE bulks SET state = 'running', claim = claim + 1, started_at = coalesce(started_at, now()),
	claimed_until = now() + @lease::interval
WHERE id = (SELECT id FROM bulks WHERE state IN ('queued', 'running') AND coalesce(claimed_until, '-infinity') <= now()
	ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING ` + bulkColumns

// ClaimBulk takes the oldest bulk action that nobody carries: one that waits, or whose lease ran out, since its carrier
// died or put it off. false: there is none.
func (s *Store) ClaimBulk(ctx context.Context) (b record.Bulk, ok bool, err error) {
	rows, _ := s.pool.Query(ctx, sqlClaimBulk, pgx.NamedArgs{"lease": bulkLease})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Bulk])
	if err != nil || len(found) == 0 {
		return b, false, masked("claim bulk", err)
	}
	return found[0], true, nil
}

const sqlExtendBulk = `UPDATE bulks SET claimed_until = now() + @lease::interval WHERE id = @id AND claim = @claim AND state = 'running'`

// ExtendBulk keeps a claimed bulk from others; record.ErrNotFound when the claim holds no more, or it was cancelled.
func (s *Store) ExtendBulk(ctx context.Context, b record.Bulk) error {
	return s.deferBulk(ctx, b, bulkLease)
}

// PutOffBulk gives a claimed bulk back: it is claimed again after a while at the earliest.
func (s *Store) PutOffBulk(ctx context.Context, b record.Bulk, after time.Duration) error {
	return s.deferBulk(ctx, b, after)
}

func (s *Store) deferBulk(ctx context.Context, b record.Bulk, after time.Duration) error {
	return s.change(ctx, "extend bulk", sqlExtendBulk, b.ID, pgx.NamedArgs{"claim": b.Claim, "lease": after})
}

const sqlWaitingBulkLeads = `SELECT lead_id FROM bulk_leads WHERE bulk_id = @id AND state = 'waiting' ORDER BY lead_id LIMIT @rows`

// WaitingBulkLeads are the next leads that nobody was asked about.
func (s *Store) WaitingBulkLeads(ctx context.Context, id string, limit int) ([]string, error) {
	rows, _ := s.pool.Query(ctx, sqlWaitingBulkLeads, pgx.NamedArgs{"id": id, "rows": limit})
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return out, masked("read bulk", err)
}

// Counts and rows change together, so a carrier that dies leaves no row that is not counted. What was in hand when somebody
// cancelled is noted as well.
const sqlNoteBulk = `WITH held AS (SELECT id FROM bulks WHERE id = @id AND claim = @claim AND state IN ('running', 'cancelled') FOR UPDATE),
noted AS (
	UPDATE bulk_leads l SET state = d.state, decision_id = coalesce(d.decision, l.decision_id), code = d.code
	FROM unnest(@leads::uuid[], @states::text[], @decisions::uuid[], @codes::text[]) AS d (lead_id, state, decision, code), held
	WHERE l.bulk_id = held.id AND l.lead_id = d.lead_id AND l.state IN ('waiting', 'asked') RETURNING l.state
)
UPDATE bulks b SET applied = b.applied + n.applied, refused = b.refused + n.refused, failed = b.failed + n.failed
FROM held, (SELECT count(*) FILTER (WHERE state = 'applied') AS applied, count(*) FILTER (WHERE state = 'refused') AS refused,
	count(*) FILTER (WHERE state = 'failed') AS failed FROM noted) AS n
WHERE b.id = held.id RETURNING b.state`

// NoteBulk notes what became of leads. record.ErrNotFound when the claim holds no more; record.ErrDecided when they are noted,
// and nobody is to be asked any more: it was cancelled.
func (s *Store) NoteBulk(ctx context.Context, b record.Bulk, done []record.BulkLead) error {
	var leads, states, codes []string
	var decisions []*string
	for _, l := range done {
		leads, states, codes, decisions = append(leads, l.LeadID), append(states, l.State), append(codes, l.Code), append(decisions, l.DecisionID)
	}
	var state string
	err := s.pool.QueryRow(ctx, sqlNoteBulk, pgx.NamedArgs{
		"id": b.ID, "claim": b.Claim, "leads": leads, "states": states, "decisions": decisions, "codes": codes,
	}).Scan(&state)
	if err == nil && state == "cancelled" {
		err = record.ErrDecided
	}
	return masked("note bulk", err)
}

// Of an erased lead there may be no decision any more.
const sqlAnsweredBulkLeads = `SELECT l.lead_id, CASE WHEN d.id IS NULL THEN 'failed' ELSE d.state END AS state, l.decision_id,
	CASE WHEN d.id IS NULL THEN 'erased' ELSE d.code END AS code
FROM bulk_leads l LEFT JOIN decisions d ON d.id = l.decision_id
WHERE l.bulk_id = @id AND l.state = 'asked' AND d.state IS DISTINCT FROM 'pending' LIMIT 1000`

const sqlCountAsked = `SELECT count(*)::int FROM bulk_leads WHERE bulk_id = @id AND state IN ('asked', 'waiting')`

// SettleBulk notes the answers that came to decisions that were stored, and answers how many leads are still open.
func (s *Store) SettleBulk(ctx context.Context, b record.Bulk) (open int, err error) {
	for {
		rows, _ := s.pool.Query(ctx, sqlAnsweredBulkLeads, pgx.NamedArgs{"id": b.ID})
		done, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.BulkLead])
		if err != nil {
			return 0, masked("settle bulk", err)
		}
		if len(done) == 0 {
			break
		}
		if err := s.NoteBulk(ctx, b, done); err != nil {
			return 0, err
		}
	}
	err = s.pool.QueryRow(ctx, sqlCountAsked, pgx.NamedArgs{"id": b.ID}).Scan(&open)
	return open, masked("settle bulk", err)
}

const sqlFinishBulk = `UPDATE bulks SET state = 'done', finished_at = now(), claimed_until = NULL WHERE id = @id AND claim = @claim AND state = 'running'`

// FinishBulk ends one; record.ErrNotFound when the claim holds no more.
func (s *Store) FinishBulk(ctx context.Context, b record.Bulk) error {
	return s.change(ctx, "finish bulk", sqlFinishBulk, b.ID, pgx.NamedArgs{"claim": b.Claim})
}
