package store

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

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
ON CONFLICT (hash) DO UPDATE SET email = coalesce(EXCLUDED.email, s.email), lead_id = coalesce(EXCLUDED.lead_id, s.lead_id),
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

const sqlSuppressedOf = `SELECT a.email FROM unnest(@emails::text[], @hashes::bytea[]) AS a (email, hash) JOIN suppressions s ON s.hash = a.hash`

// suppressed tells which of some addresses are. They are found by their hashes: that is what is left of a person who was erased
// and came again.
func (s *Store) suppressed(ctx context.Context, emails ...string) (map[string]bool, error) {
	out := map[string]bool{}
	if len(emails) == 0 {
		return out, nil
	}
	hashes := make([][]byte, len(emails))
	for i, email := range emails {
		hashes[i] = s.suppressionHash(email)
	}
	rows, _ := s.pool.Query(ctx, sqlSuppressedOf, pgx.NamedArgs{"emails": emails, "hashes": hashes})
	var email string
	_, err := pgx.ForEachRow(rows, []any{&email}, func() error {
		out[email] = true
		return nil
	})
	return out, masked("look for suppressions", err)
}

// lookSuppressed completes what is read of leads.
func (s *Store) lookSuppressed(ctx context.Context, rows []readRow) error {
	var emails []string
	for _, r := range rows {
		if r.Email != nil {
			emails = append(emails, *r.Email)
		}
	}
	all, err := s.suppressed(ctx, emails...)
	for i := range rows {
		rows[i].Suppressed = rows[i].Email != nil && all[*rows[i].Email]
	}
	return err
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
WHERE (at, hash) < (@at, @hash::bytea) AND (@reason = '' OR reason = @reason) ORDER BY at DESC, hash DESC LIMIT @rows`

// Suppressions lists suppressed addresses, of one reason or all (empty), newest first; those of erased people without the
// address.
func (s *Store) Suppressions(ctx context.Context, reason, cursor string, limit int) (record.Page[record.Suppression], error) {
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
	rows, _ := s.pool.Query(ctx, sqlSuppressions, pgx.NamedArgs{"reason": reason, "at": m.At, "hash": after, "rows": pageSize(limit) + 1})
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

// suppressRows is how many one transaction suppresses.
const suppressRows = 5000

// In the order of everybody who suppresses several. What is told of the time is kept where it is new.
const sqlSuppressAll = `INSERT INTO suppressions AS s (hash, email, reason, lead_id, at)
SELECT r.hash, r.email, r.reason, l.id, coalesce(r.at, now())
FROM unnest(@hashes::bytea[], @emails::text[], @reasons::text[], @at::timestamptz[]) AS r (hash, email, reason, at)
	LEFT JOIN leads l ON l.email = r.email ORDER BY r.hash
ON CONFLICT (hash) DO UPDATE SET email = EXCLUDED.email, lead_id = coalesce(EXCLUDED.lead_id, s.lead_id),
	reason = CASE WHEN s.reason <> 'complaint' AND EXCLUDED.reason IN ('unsubscribe', 'complaint') THEN EXCLUDED.reason ELSE s.reason END
RETURNING xmax = 0`

// SuppressAll suppresses addresses, each named once, and answers how many were not suppressed before. It is not one
// transaction: where it fails the same may be given again. The first reason stays, as in Suppress.
func (s *Store) SuppressAll(ctx context.Context, rows []record.Suppression) (added int, err error) {
	for part := range slices.Chunk(rows, suppressRows) {
		var hashes [][]byte
		var emails, reasons []string
		var at []*time.Time
		for _, r := range part {
			hashes, emails, reasons = append(hashes, s.suppressionHash(*r.Email)), append(emails, *r.Email), append(reasons, r.Reason)
			at = append(at, timeOrNull(r.At))
		}
		args := pgx.NamedArgs{"hashes": hashes, "emails": emails, "reasons": reasons, "at": at}
		fresh := 0
		err := s.tx(ctx, "suppress a list", func(tx pgx.Tx) error {
			fresh = 0
			var is bool
			_, err := pgx.ForEachRow(query(ctx, tx, sqlSuppressAll, args), []any{&is}, func() error {
				if is {
					fresh++
				}
				return nil
			})
			return err
		})
		if err != nil {
			return added, err
		}
		added += fresh
	}
	return added, nil
}

// EachSuppression calls each for every suppression, of one reason or all (empty), the newest first, page by page.
func (s *Store) EachSuppression(ctx context.Context, reason string, each func(record.Suppression) error) error {
	for cursor := ""; ; {
		page, err := s.Suppressions(ctx, reason, cursor, maxPage)
		if err != nil {
			return err
		}
		for _, one := range page.Items {
			if err := each(one); err != nil {
				return err
			}
		}
		if cursor = page.NextCursor; cursor == "" {
			return nil
		}
	}
}
