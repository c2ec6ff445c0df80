package store

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
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
const ahead = 5 * time.Minute

// Ingest stores, dedupes and folds a batch in one transaction and answers item by item, in the order of the batch. An
// error means that nothing of it was stored; ErrNoModel when there is no model to score by.
func (s *Store) Ingest(ctx context.Context, events []record.Event) ([]record.Ingested, error) {
	if len(events) == 0 {
		return nil, nil
	}
	var out []record.Ingested
	err := s.tx(ctx, "ingest", func(tx pgx.Tx) error {
		w, err := s.enter(ctx, tx)
		if err != nil {
			return err
		}
		out, err = s.ingest(ctx, tx, w, events)
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
	lead       *leadRow // nil: the visitor's
	out        *record.Ingested
}

func (i item) kept() bool { return i.out.Code == "" && !i.out.Duplicate }

// owner is under whom the client's id of the event is unique.
func (i item) owner() string {
	if i.lead != nil {
		return i.lead.ID
	}
	return "v:" + i.VisitorID
}

func (s *Store) ingest(ctx context.Context, tx pgx.Tx, w world, events []record.Event) ([]record.Ingested, error) {
	out := make([]record.Ingested, len(events))
	items := make([]item, len(events))
	for i, e := range events {
		e.LeadID = strings.ToLower(e.LeadID)
		items[i] = item{Event: e, id: newID(), at: e.OccurredAt, out: &out[i]}
		s.checkItem(&items[i], w.now)
	}
	if err := resolve(ctx, tx, items); err != nil {
		return nil, err
	}
	if err := dedupe(ctx, tx, items); err != nil {
		return nil, err
	}
	subjects := map[string]*subject{}
	for _, i := range items {
		if !i.kept() || i.lead == nil {
			continue
		}
		if subjects[i.lead.ID] == nil {
			subjects[i.lead.ID] = &subject{lead: *i.lead, profile: i.lead.Profile, address: i.lead.email()}
		}
		su := subjects[i.lead.ID]
		su.events = append(su.events, happened{i.id, i.Type, i.at, w.now, i.properties})
	}
	b := &pgx.Batch{}
	queueEvents(b, items)
	if err := s.rescore(ctx, tx, b, w, slices.Collect(maps.Values(subjects))); err != nil {
		return nil, err
	}
	return out, tx.SendBatch(ctx, b).Close()
}

// checkItem refuses what is not of this time or cannot be a row. Arrival is Postgres's time; a client whose clock is a
// little ahead of it tells of what happens on arrival, so that a score and its explanation know the same events.
func (s *Store) checkItem(i *item, now time.Time) {
	if i.at.IsZero() {
		i.at = now
	}
	var err error
	if i.properties, err = json.Marshal(i.Properties); err != nil || i.Properties == nil {
		i.properties = json.RawMessage(`{}`)
	}
	switch {
	case err != nil, i.VisitorID != "" && (len(i.VisitorID) < 16 || len(i.VisitorID) > 128):
		i.out.Code = codeInvalid
	case i.at.After(now.Add(ahead)):
		i.out.Code = codeInFuture
	case i.at.After(now):
		i.at = now
	case i.at.Before(now.Add(-s.horizon)):
		i.out.Code = codeTooOld
	}
}

const sqlLockPeople = `SELECT ` + leadColumns + ` FROM leads
WHERE id = ANY(@ids::uuid[]) OR email = ANY(@emails::text[]) ORDER BY id FOR NO KEY UPDATE`

// resolve finds whose each event is, and locks visitors and leads in everybody's order.
func resolve(ctx context.Context, tx pgx.Tx, items []item) error {
	var visitors, ids, emails []string
	for _, i := range items {
		switch {
		case i.out.Code != "":
		case i.LeadID != "" && isID(i.LeadID):
			ids = append(ids, i.LeadID)
		case i.LeadID == "" && i.Email != "":
			emails = append(emails, i.Email)
		case i.LeadID == "" && i.VisitorID != "":
			visitors = append(visitors, i.VisitorID)
		}
	}
	owners, err := seeVisitors(ctx, tx, visitors)
	if err != nil {
		return err
	}
	for _, lead := range owners {
		if lead != "" {
			ids = append(ids, lead)
		}
	}
	if len(ids)+len(emails) == 0 {
		ids = []string{}
	}
	rows, _ := tx.Query(ctx, sqlLockPeople, pgx.NamedArgs{"ids": unique(ids), "emails": unique(emails)})
	people, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[leadRow])
	if err != nil {
		return err
	}
	known := make(map[string]*leadRow, 2*len(people))
	for _, p := range people {
		known[p.ID] = p
		if p.Email != nil {
			known[*p.Email] = p
		}
	}
	for n := range items {
		items[n].assign(known, owners)
	}
	return nil
}

func unique(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}

func (i *item) assign(known map[string]*leadRow, owners map[string]string) {
	if i.out.Code != "" {
		return
	}
	switch {
	case i.LeadID != "":
		i.lead = known[i.LeadID]
	case i.Email != "":
		i.lead = known[i.Email]
	case owners[i.VisitorID] != "":
		i.lead = known[owners[i.VisitorID]]
	case i.VisitorID != "":
		return // nobody's yet, and kept
	}
	switch {
	case i.lead == nil:
		i.out.Code = codeUnknownLead
	case i.lead.Stage == lifecycle.StageErased:
		i.out.Code, i.lead = codeErased, nil
	default:
		i.out.LeadID = i.lead.ID
	}
}

// An id that was not swept yet although its time is over is new.
const sqlTakeEventIDs = `INSERT INTO event_ids AS e (owner, client_id)
SELECT owner, client_id FROM unnest(@owners::text[], @ids::text[]) AS i (owner, client_id) ORDER BY owner, client_id
ON CONFLICT (owner, client_id) DO UPDATE SET received_at = now() WHERE e.received_at < now() - interval '35 days'
RETURNING e.owner, e.client_id`

// dedupe marks what was here before, or comes twice in this batch.
func dedupe(ctx context.Context, tx pgx.Tx, items []item) error {
	type key struct{ owner, id string }
	first := map[key]int{}
	var owners, ids []string
	for n := range items {
		i := &items[n]
		if i.ClientID == "" || !i.kept() {
			continue
		}
		k := key{i.owner(), i.ClientID}
		if _, twice := first[k]; twice {
			i.out.Duplicate = true
			continue
		}
		first[k] = n
		owners, ids = append(owners, k.owner), append(ids, k.id)
	}
	if len(ids) == 0 {
		return nil
	}
	rows, _ := tx.Query(ctx, sqlTakeEventIDs, pgx.NamedArgs{"owners": owners, "ids": ids})
	var k key
	if _, err := pgx.ForEachRow(rows, []any{&k.owner, &k.id}, func() error {
		delete(first, k)
		return nil
	}); err != nil {
		return err
	}
	for _, n := range first {
		items[n].out.Duplicate = true
	}
	return nil
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
