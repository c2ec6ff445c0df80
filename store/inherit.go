package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// What a visitor did while it was nobody's may be hundreds of thousands of events. Its heir comes to them in pieces, in the
// order of their arrival, each in a transaction with what it makes of the score: a score is always what the events of its
// lead say, and nobody waits for longer than a piece takes. Who the heir is stands in the visitor's row, so that anybody
// may go on: whoever claimed the visitor, and the sweep of scores when that one was killed, or had enough.
const (
	inheritRows = 2000
	inheritSome = 4 // pieces taken by whoever claims a visitor, beside the first; the sweep takes the others
)

// happened is an event as a row holds it.
type happened struct {
	ID         string
	Type       string
	OccurredAt time.Time // by the client
	ReceivedAt time.Time // by Postgres
	Properties json.RawMessage
}

const (
	// Where the next piece ends. Nothing is added behind: whoever has the visitor's lock and finds it claimed gives its events
	// to a lead.
	sqlEndOfPiece = `SELECT received_at, id::text FROM events WHERE visitor_id = @visitor AND lead_id IS NULL
ORDER BY received_at, id OFFSET @rows - 1 LIMIT 1`

	// What the lead had under the same id within the time of an id already is a duplicate and goes.
	sqlDropDoubles = `DELETE FROM events v WHERE v.visitor_id = @visitor AND v.lead_id IS NULL AND (v.received_at, v.id) <= (@at, @id)
	AND EXISTS (SELECT FROM events l WHERE l.lead_id = @lead AND l.client_id = v.client_id
		AND l.received_at > v.received_at - interval '35 days' AND l.received_at < v.received_at + interval '35 days')`
	sqlInheritEvents = `UPDATE events SET lead_id = @lead, inherited_at = now()
WHERE visitor_id = @visitor AND lead_id IS NULL AND (received_at, id) <= (@at, @id)
RETURNING id, type, occurred_at, received_at, properties`

	// Of who has events that are older than they are themselves it cannot be said that nothing is missing when these are no
	// longer kept.
	sqlKnownThrough = `UPDATE leads SET known_since = @oldest WHERE id = @lead AND least(created_at, known_since) > @oldest`
)

// lastID is after every id.
const lastID = "ffffffff-ffff-ffff-ffff-ffffffffffff"

// takePiece gives the lead the oldest events of a visitor that have no lead, both locked. Left: there may be more.
func (s *Store) takePiece(ctx context.Context, tx pgx.Tx, visitorID, leadID string) (events []happened, left bool, err error) {
	args := pgx.NamedArgs{"visitor": visitorID, "lead": leadID, "rows": s.inherits, "at": "infinity", "id": lastID}
	var at time.Time
	var id string
	switch err := tx.QueryRow(ctx, sqlEndOfPiece, args).Scan(&at, &id); {
	case err == nil:
		args["at"], args["id"], left = at.Format(time.RFC3339Nano), id, true
	case !errors.Is(err, pgx.ErrNoRows):
		return nil, false, err
	}
	if _, err := tx.Exec(ctx, sqlDropDoubles, args); err != nil {
		return nil, false, err
	}
	rows, _ := tx.Query(ctx, sqlInheritEvents, args)
	events, err = pgx.CollectRows(rows, pgx.RowToStructByName[happened])
	if err != nil || len(events) == 0 {
		return nil, left, err
	}
	oldest := events[0].ReceivedAt
	for _, e := range events {
		if e.ReceivedAt.Before(oldest) {
			oldest = e.ReceivedAt
		}
	}
	_, err = tx.Exec(ctx, sqlKnownThrough, pgx.NamedArgs{"lead": leadID, "oldest": oldest})
	return events, left, err
}

const sqlLockHeir = `SELECT heir_id::text FROM visitors WHERE visitor_id = @visitor AND heir_id IS NOT NULL FOR UPDATE`

const sqlEndInheritance = `UPDATE visitors SET heir_id = NULL WHERE visitor_id = @visitor`

// inheritPiece brings the heir of a visitor one piece of what is left, scored. Left: there may be more.
func (s *Store) inheritPiece(ctx context.Context, visitorID string) (left bool, err error) {
	err = s.tx(ctx, "inherit", func(tx pgx.Tx) error {
		left = false
		w, err := s.enter(ctx, tx)
		if err != nil {
			return err
		}
		var heir string
		err = tx.QueryRow(ctx, sqlLockHeir, pgx.NamedArgs{"visitor": visitorID}).Scan(&heir)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // somebody else took the last
		}
		if err != nil {
			return err
		}
		lead, err := lockPerson(ctx, tx, heir)
		if err != nil {
			return err
		}
		events, more, err := s.takePiece(ctx, tx, visitorID, lead.ID)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		if left = more; !left {
			b.Queue(sqlEndInheritance, pgx.NamedArgs{"visitor": visitorID})
		}
		if len(events) > 0 {
			su := &subject{lead: lead, profile: lead.Profile, address: lead.email(), events: events}
			if err := s.rescore(ctx, tx, b, w, []*subject{su}); err != nil {
				return err
			}
		}
		return tx.SendBatch(ctx, b).Close()
	})
	return left, err
}

// inheritOn takes some pieces more for whoever has claimed a visitor. That was committed: what goes wrong now is no error of
// theirs, and the sweep goes on where it ends.
func (s *Store) inheritOn(ctx context.Context, visitorID string, left bool) {
	for n := 0; left && n < inheritSome; n++ {
		var err error
		if left, err = s.inheritPiece(ctx, visitorID); err != nil {
			return
		}
	}
}

const sqlHeirs = `SELECT visitor_id FROM visitors WHERE heir_id IS NOT NULL ORDER BY visitor_id LIMIT 1000`

// inherit brings each heir one piece. It answers how many have more to come.
func (s *Store) inherit(ctx context.Context) (left int, err error) {
	rows, _ := s.pool.Query(ctx, sqlHeirs)
	visitors, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return 0, masked("inherit", err)
	}
	for _, v := range visitors {
		more, failed := s.inheritPiece(ctx, v)
		if more {
			left++
		}
		if !errors.Is(failed, record.ErrErased) { // they went meanwhile, and with them what they were heir to
			err = errors.Join(err, failed)
		}
	}
	return left, err
}
