package store

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/hearing"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Codes of events that are not kept.
const (
	codeUnknownLead = "unknown_lead"
	codeErased      = "erased"
	codeInFuture    = "occurred_at_in_future"
	codeTooOld      = "too_old"
	codeInvalid     = "invalid"
)

// ahead is how far a client's clock may be ahead of Postgres's, and the tolerance wherever the two are compared.
const ahead = hearing.Ahead

// Ingest stores, dedupes and folds a batch in one transaction and answers item by item, in the order of the batch. An
// error means that nothing of it was stored; ErrNoModel when there is no model to score by. It takes two round trips where
// all leads are named by id: what is locked and read, what is written. Else it takes three: what can be read only
// when it is known whose the events are is asked apart.
//
// Whom somebody else holds for longer than patience costs the others of the batch nothing: the events of these leads and
// visitors are answered with Waits, and may be sent again.
func (s *Store) Ingest(ctx context.Context, events []record.Event) ([]record.Ingested, error) {
	if len(events) == 0 {
		return nil, nil
	}
	out, err := s.take(ctx, events)
	if isHeld(err) {
		return s.takeFree(ctx, events)
	}
	return out, err
}

// take is one transaction.
func (s *Store) take(ctx context.Context, events []record.Event) ([]record.Ingested, error) {
	var out []record.Ingested
	var known detour
	err := s.exchanged(ctx, "ingest", func(x *exchange) (err error) {
		out, err = s.ingest(ctx, x, events, &known)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// item is one event of a batch on its way.
type item struct {
	record.Event
	id         string
	at         time.Time
	properties json.RawMessage
	lead       *leadRow // nil: the visitor's, or not known yet
	known      bool     // an event with its id was here before
	named      string   // the merged lead that it named, where that is not the lead it is given to
	out        *record.Ingested
}

func (i item) kept() bool { return i.out.Code == "" && !i.out.Duplicate }

func (s *Store) ingest(ctx context.Context, x *exchange, events []record.Event, known *detour) ([]record.Ingested, error) {
	out := make([]record.Ingested, len(events))
	items := make([]item, len(events))
	for i, e := range events {
		e.LeadID = strings.ToLower(e.LeadID)
		items[i] = item{Event: e, id: newID(), out: &out[i]}
		items[i].prepare()
		items[i].led(*known)
	}
	named := ownersOf(items)
	named.ids = unique(append(named.ids, known.survivors()...))
	stood := make(map[string]*standing, len(named.ids))
	// These statements come after the one that locks: each sees what had been committed when it began, and whoever held a
	// lock before has committed by then.
	read := func(b *pgx.Batch, leads []string) {
		queueKnown(b, items)
		queueStood(b, leads, stood)
	}
	early := func(b *pgx.Batch) {
		if named.byID() {
			read(b, named.ids)
		}
	}
	w, people, err := s.lockOwners(ctx, x, named, early)
	if err != nil {
		return nil, err
	}
	if err := people.led(ctx, x, known); err != nil {
		return nil, err
	}
	for n := range items {
		s.checkTime(&items[n], w.now)
		items[n].assign(people)
	}
	if !named.byID() {
		b := &pgx.Batch{}
		read(b, people.ids())
		if err := x.send(b); err != nil {
			return nil, err
		}
	}
	markDuplicates(items)
	b := &pgx.Batch{}
	queueEvents(b, items)
	queueLed(b, items)
	if err := s.fold(ctx, x, b, w, subjects(items, w.now), stood); err != nil {
		return nil, err
	}
	return out, x.commit(b)
}

// subjects are the leads to whom something happened.
func subjects(items []item, now time.Time) []*subject {
	byLead := map[string]*subject{}
	var all []*subject
	for _, i := range items {
		if !i.kept() || i.lead == nil {
			continue
		}
		su := byLead[i.lead.ID]
		if su == nil {
			su = &subject{lead: *i.lead, bare: true, address: i.lead.email()}
			byLead[i.lead.ID], all = su, append(all, su)
		}
		su.events = append(su.events, happened{i.id, i.Type, i.at, now, i.properties})
	}
	return all
}

// prepare refuses what cannot be a row.
func (i *item) prepare() {
	var err error
	switch {
	case i.JSON != nil:
		i.properties = i.JSON
	case i.Properties == nil:
		i.properties = json.RawMessage(`{}`)
	default:
		i.properties, err = json.Marshal(i.Properties)
	}
	if err != nil || i.VisitorID != "" && (len(i.VisitorID) < 16 || len(i.VisitorID) > 128) {
		i.out.Code = codeInvalid
	}
}

// checkTime refuses what is not of this time. Arrival is Postgres's time; a client whose clock is a little ahead of it tells
// of what happens on arrival, so that a score and its explanation know the same events.
func (s *Store) checkTime(i *item, now time.Time) {
	if i.at = i.OccurredAt; i.at.IsZero() {
		i.at = now
	}
	switch {
	case i.out.Code != "":
	case i.at.After(now.Add(ahead)):
		i.out.Code = codeInFuture
	case i.at.After(now):
		i.at = now
	case i.at.Before(now.Add(-s.horizon)):
		i.out.Code = codeTooOld
	}
}

const sqlInsertEvents = `INSERT INTO events (id, lead_id, visitor_id, client_id, type, occurred_at, properties)
SELECT id, lead_id, nullif(visitor_id, ''), nullif(client_id, ''), type, occurred_at, properties::jsonb
FROM unnest(@ids::uuid[], @leads::uuid[], @visitors::text[], @client_ids::text[], @types::text[], @at::timestamptz[],
	@properties::text[]) AS e (id, lead_id, visitor_id, client_id, type, occurred_at, properties)`

// queueEvents writes what is kept.
func queueEvents(b *pgx.Batch, items []item) {
	var ids, visitors, clients, types, properties []string
	var leads []*string
	var at []time.Time
	for _, i := range items {
		if !i.kept() {
			continue
		}
		var lead *string
		if i.lead != nil {
			lead = &i.lead.ID
		}
		ids, leads, visitors = append(ids, i.id), append(leads, lead), append(visitors, i.VisitorID)
		clients, types, at = append(clients, i.ClientID), append(types, i.Type), append(at, i.at)
		properties = append(properties, string(i.properties))
	}
	if len(ids) > 0 {
		b.Queue(sqlInsertEvents, pgx.NamedArgs{
			"ids": ids, "leads": leads, "visitors": visitors, "client_ids": clients, "types": types, "at": at,
			"properties": properties,
		})
	}
}
