package store

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// patience is how long Ingest waits for a lock: longer than whoever else writes holds one, shorter than it takes Postgres to
// look for a deadlock. Behind a lock that somebody forgot the events of everybody else would wait as well.
const patience = "250ms"

// isHeld reports that somebody else held a lock for longer than that.
func isHeld(err error) bool {
	var own *Error
	return errors.As(err, &own) && own.Code == "55P03"
}

// takeFree takes the events of whom nobody else holds, and answers that the others wait.
func (s *Store) takeFree(ctx context.Context, events []record.Event) ([]record.Ingested, error) {
	held, err := s.held(ctx, events)
	if err != nil {
		return nil, err
	}
	out := make([]record.Ingested, len(events))
	var free []record.Event
	var places []int
	for i, e := range events {
		if out[i].Waits = held.has(e); !out[i].Waits {
			free, places = append(free, e), append(places, i)
		}
	}
	if len(free) == 0 {
		return out, nil
	}
	taken, err := s.take(ctx, free)
	if err != nil && !isHeld(err) {
		return nil, err
	}
	for n, i := range places {
		if out[i].Waits = err != nil; !out[i].Waits { // else it is something else that is held
			out[i] = taken[n]
		}
	}
	return out, nil
}

// heldOwners are leads, by id and address, and visitors.
type heldOwners map[string]bool

func (h heldOwners) has(e record.Event) bool {
	switch {
	case e.LeadID != "":
		return h[strings.ToLower(e.LeadID)]
	case e.Email != "":
		return h[e.Email]
	}
	return h["visitor "+e.VisitorID]
}

const (
	sqlOwners       = `SELECT id::text, coalesce(email, '') FROM leads WHERE ` + theOwners
	sqlFreeOwners   = sqlOwners + ` FOR NO KEY UPDATE SKIP LOCKED`
	sqlVisitors     = `SELECT visitor_id, coalesce(lead_id::text, '') FROM visitors WHERE visitor_id = ANY(@visitors::text[])`
	sqlFreeVisitors = sqlVisitors + ` FOR NO KEY UPDATE SKIP LOCKED`
)

// held looks whom of the owners of some events somebody else has locked. It waits for nobody.
func (s *Store) held(ctx context.Context, events []record.Event) (heldOwners, error) {
	held := heldOwners{}
	items := make([]item, len(events))
	for i, e := range events {
		e.LeadID = strings.ToLower(e.LeadID)
		items[i] = item{Event: e, out: &record.Ingested{}}
	}
	who := ownersOf(items)
	err := s.tx(ctx, "look who is held", func(tx pgx.Tx) error {
		leads, visitors := map[string]string{}, map[string]string{}
		b := &pgx.Batch{}
		for sql, found := range map[string]map[string]string{sqlOwners: leads, sqlVisitors: visitors} {
			queueNames(b, sql, who, func(name, more string) { found[name] = more })
		}
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		b = &pgx.Batch{}
		queueNames(b, sqlFreeOwners, who, func(id, _ string) { delete(leads, id) })
		free := map[string]bool{}
		queueNames(b, sqlFreeVisitors, who, func(id, _ string) { free[id] = true })
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		for id, address := range leads {
			held[id], held[address] = true, true
		}
		delete(held, "")
		for id, lead := range visitors {
			held["visitor "+id] = !free[id] || held[lead]
		}
		return nil
	})
	return held, err
}

func queueNames(b *pgx.Batch, sql string, who named, found func(name, more string)) {
	b.Queue(sql, pgx.NamedArgs{"ids": who.ids, "emails": who.emails, "visitors": who.visitors}).Query(func(rows pgx.Rows) error {
		var name, more string
		_, err := pgx.ForEachRow(rows, []any{&name, &more}, func() error {
			found(name, more)
			return nil
		})
		return err
	})
}
