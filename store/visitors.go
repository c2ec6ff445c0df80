package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

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
	var visitor, lead string
	_, err := pgx.ForEachRow(rows, []any{&visitor, &lead}, func() error {
		owners[visitor] = lead
		return nil
	})
	return owners, err
}

// What a visitor does from now on is the lead's.
const sqlClaimVisitor = `UPDATE visitors SET lead_id = @lead, claimed_at = now() WHERE visitor_id = @visitor`

// The ids of what the visitor did are the lead's from now on, also of what stays with another lead: what is sent again is
// a duplicate whoever has the visitor now. What the lead had under the same id already goes.
const (
	sqlDropDoubles = `DELETE FROM events WHERE visitor_id = @visitor AND lead_id IS NULL AND client_id IN (
	SELECT client_id FROM event_ids WHERE owner = @lead::text)`
	sqlInheritIDs = `INSERT INTO event_ids (owner, client_id, received_at)
SELECT @lead::text, client_id, max(received_at) FROM events
WHERE visitor_id = @visitor AND client_id IS NOT NULL AND received_at > now() - interval '35 days' GROUP BY client_id
ON CONFLICT (owner, client_id) DO NOTHING`
	sqlInheritEvents = `UPDATE events SET lead_id = @lead WHERE visitor_id = @visitor AND lead_id IS NULL
RETURNING id, type, occurred_at, received_at, properties`
)

// happened is an event as a row holds it.
type happened struct {
	ID         string
	Type       string
	OccurredAt time.Time // by the client
	ReceivedAt time.Time // by Postgres
	Properties json.RawMessage
}

// claimVisitor gives a visitor to a lead: what it does from now on, and what it did while it belonged to nobody. What it
// did while it was another lead's stays there. The visitor is locked, so "now" is between two of its events.
func claimVisitor(ctx context.Context, tx pgx.Tx, visitorID, leadID string) ([]happened, error) {
	args := pgx.NamedArgs{"visitor": visitorID, "lead": leadID}
	for _, sql := range []string{sqlClaimVisitor, sqlDropDoubles, sqlInheritIDs} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return nil, err
		}
	}
	rows, _ := tx.Query(ctx, sqlInheritEvents, args)
	return pgx.CollectRows(rows, pgx.RowToStructByName[happened])
}
