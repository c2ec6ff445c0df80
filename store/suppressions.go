package store

import (
	"context"
	"encoding/hex"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Why an address is suppressed.
const (
	suppressedUnsubscribe = "unsubscribe"
	suppressedBounce      = "hard_bounce"
	suppressedComplaint   = "complaint"
	suppressedConsent     = "consent"
)

// The first reason stays, but for what the person says: no, or that it was spam. A row that erasure left without its address gets it back: the person came again.
const sqlSuppress = `INSERT INTO suppressions AS s (hash, email, reason, lead_id)
VALUES (@hash, @email, @reason, coalesce(@lead::uuid, (SELECT id FROM leads WHERE email = @email)))
ON CONFLICT (hash) DO UPDATE SET email = EXCLUDED.email, lead_id = coalesce(EXCLUDED.lead_id, s.lead_id),
	reason = CASE WHEN s.reason <> 'complaint' AND EXCLUDED.reason IN ('unsubscribe', 'complaint') THEN EXCLUDED.reason ELSE s.reason END
RETURNING email, reason, lead_id, at`

func (s *Store) suppressArgs(leadID, email, reason string) pgx.NamedArgs {
	return pgx.NamedArgs{"hash": s.suppressionHash(email), "email": email, "reason": reason, "lead": nullable(leadID)}
}

// Suppress keeps nurture mail from an address, whoever it belongs to now or later. The same again is no error and
// keeps the first reason.
func (s *Store) Suppress(ctx context.Context, email, reason string) (record.Suppression, error) {
	rows, _ := s.pool.Query(ctx, sqlSuppress, s.suppressArgs("", email, reason))
	out, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Suppression])
	return out, masked("suppress", err)
}

const sqlUnsuppress = `DELETE FROM suppressions WHERE hash = @hash`

// Unsuppress lets mail go to an address again; record.ErrNotFound when it was not suppressed.
func (s *Store) Unsuppress(ctx context.Context, email string) error {
	tag, err := s.pool.Exec(ctx, sqlUnsuppress, pgx.NamedArgs{"hash": s.suppressionHash(email)})
	if err == nil && tag.RowsAffected() == 0 {
		err = record.ErrNotFound
	}
	return masked("unsuppress", err)
}

const sqlSuppressions = `SELECT email, reason, lead_id, at, hash FROM suppressions
WHERE (at, hash) < (@at, @hash::bytea) ORDER BY at DESC, hash DESC LIMIT @rows`

// Suppressions lists suppressed addresses, newest first; those of erased people without the address.
func (s *Store) Suppressions(ctx context.Context, cursor string, limit int) (record.Page[record.Suppression], error) {
	none := record.Page[record.Suppression]{}
	const op = "list suppressions"
	m, err := markOf(op, cursor, mark{At: newest.At, ID: "ff"})
	if err != nil {
		return none, err
	}
	after, err := hex.DecodeString(m.ID)
	if err != nil {
		return none, errCursor
	}
	type row struct {
		record.Suppression
		Hash []byte
	}
	rows, _ := s.pool.Query(ctx, sqlSuppressions, pgx.NamedArgs{"at": m.At, "hash": after, "rows": pageSize(limit) + 1})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
	if err != nil {
		return none, masked(op, err)
	}
	page := pageOf(found, limit, func(r row) string { return sealed(op, mark{r.At, hex.EncodeToString(r.Hash)}.text()) })
	out := record.Page[record.Suppression]{Items: make([]record.Suppression, len(page.Items)), NextCursor: page.NextCursor}
	for i, r := range page.Items {
		out.Items[i] = r.Suppression
	}
	return out, nil
}
