package store

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Whoever writes about visitors locks them first, in the order of their ids, and leads after them. That one was seen is
// noted to the day: the index over it is then left alone by all that a visitor does in one.
const sqlSeeVisitors = `INSERT INTO visitors AS v (visitor_id)
SELECT id FROM unnest(@visitors::text[]) AS seen (id) ORDER BY id
ON CONFLICT (visitor_id) DO UPDATE SET seen_at = CASE WHEN v.seen_at < now() - interval '1 day' THEN now() ELSE v.seen_at END
RETURNING v.visitor_id, coalesce(v.lead_id::text, '')`

// seeVisitors makes visitors known, locks them until the transaction ends, and says to which leads they belong
// (empty: nobody).
func seeVisitors(ctx context.Context, tx pgx.Tx, visitors []string) (map[string]string, error) {
	owners := make(map[string]string, len(visitors))
	if len(visitors) == 0 {
		return owners, nil
	}
	slices.Sort(visitors)
	rows, _ := tx.Query(ctx, sqlSeeVisitors, pgx.NamedArgs{"visitors": slices.Compact(visitors)})
	return owners, collectVisitors(rows, owners)
}

func collectVisitors(rows pgx.Rows, owners map[string]string) error {
	var visitor, lead string
	_, err := pgx.ForEachRow(rows, []any{&visitor, &lead}, func() error {
		owners[visitor] = lead
		return nil
	})
	return err
}

// Who a visitor belonged to before keeps what it is heir to.
const sqlClaimVisitor = `UPDATE visitors SET lead_id = @lead, claimed_at = now(),
	heir_id = CASE WHEN lead_id IS NULL THEN @heir::uuid ELSE heir_id END
WHERE visitor_id = @visitor RETURNING heir_id IS NOT NULL`

// claimVisitor gives a visitor to a lead, both locked: what it does from now on, and what it did while it belonged to nobody,
// of which more may be left than one transaction takes. What it did while it was another lead's (owner) stays there. The
// visitor is locked, so "now" is between two of its events.
func (s *Store) claimVisitor(ctx context.Context, tx pgx.Tx, visitorID, owner, leadID string) (events []happened, left bool, err error) {
	var heir *string
	if owner == "" {
		if events, left, err = s.takePiece(ctx, tx, visitorID, leadID); err != nil {
			return nil, false, err
		}
		if left {
			heir = &leadID
		}
	}
	err = tx.QueryRow(ctx, sqlClaimVisitor, pgx.NamedArgs{"visitor": visitorID, "lead": leadID, "heir": heir}).Scan(&left)
	return events, left, err
}
