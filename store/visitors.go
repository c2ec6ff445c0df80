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

// What a visitor does from now on is the lead's.
const sqlClaimVisitor = `UPDATE visitors SET lead_id = @lead, claimed_at = now() WHERE visitor_id = @visitor`

// What the visitor did is the lead's from now on; what the lead had under the same id within the time of an id already is
// a duplicate and goes.
const (
	sqlDropDoubles = `DELETE FROM events v WHERE v.visitor_id = @visitor AND v.lead_id IS NULL AND EXISTS (
	SELECT FROM events l WHERE l.lead_id = @lead AND l.client_id = v.client_id
		AND l.received_at > v.received_at - interval '35 days' AND l.received_at < v.received_at + interval '35 days')`
	sqlInheritEvents = `UPDATE events SET lead_id = @lead WHERE visitor_id = @visitor AND lead_id IS NULL
RETURNING id, type, occurred_at, received_at, properties`
)

// Who has events that are older than the lead has been known for as long: of them it cannot be said that nothing is missing
// when they are no longer kept.
const sqlKnownThrough = `UPDATE leads SET known_since = @oldest WHERE id = @lead AND least(created_at, known_since) > @oldest`

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
	for _, sql := range []string{sqlClaimVisitor, sqlDropDoubles} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return nil, err
		}
	}
	rows, _ := tx.Query(ctx, sqlInheritEvents, args)
	events, err := pgx.CollectRows(rows, pgx.RowToStructByName[happened])
	if err != nil || len(events) == 0 {
		return nil, err
	}
	oldest := events[0].ReceivedAt
	for _, e := range events {
		if e.ReceivedAt.Before(oldest) {
			oldest = e.ReceivedAt
		}
	}
	_, err = tx.Exec(ctx, sqlKnownThrough, pgx.NamedArgs{"lead": leadID, "oldest": oldest})
	return events, err
}
