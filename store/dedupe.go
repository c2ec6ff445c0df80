package store

import "github.com/jackc/pgx/v5"

// The contract's promise: an id is unique per lead or visitor within 35 days. The events themselves are asked, by an index
// over each partition of that time: no unique key could span them, and none is needed, since whoever asks holds the lock
// of the lead or of the visitor, and its snapshot is younger than the lock. LIMIT keeps it at one probe an id, whatever
// the planner thinks of the table. Nothing is received tomorrow (whoever had the lock before may have begun after us): the
// partitions that are made ahead are not asked.
const (
	sqlKnownToLeads = `SELECT i.n FROM unnest(@owners::uuid[], @ids::text[], @n::int[]) AS i (lead_id, client_id, n)
CROSS JOIN LATERAL (SELECT FROM events e WHERE e.lead_id = i.lead_id AND e.client_id = i.client_id
	AND e.received_at > now() - interval '35 days' AND e.received_at < now() + interval '1 day' LIMIT 1) AS known`
	sqlKnownToVisitors = `SELECT i.n FROM unnest(@owners::text[], @ids::text[], @n::int[]) AS i (visitor_id, client_id, n)
CROSS JOIN LATERAL (SELECT FROM events e WHERE e.visitor_id = i.visitor_id AND e.client_id = i.client_id
	AND e.received_at > now() - interval '35 days' AND e.received_at < now() + interval '1 day' LIMIT 1) AS known`
)

// idRows are ids to be looked up, column by column.
type idRows struct {
	owners, ids []string
	n           []int // of the item
}

func (r *idRows) add(n int, owner, id string) {
	r.owners, r.ids, r.n = append(r.owners, owner), append(r.ids, id), append(r.n, n)
}

func (r *idRows) queue(b *pgx.Batch, sql string, items []item) {
	if len(r.n) == 0 {
		return
	}
	b.Queue(sql, pgx.NamedArgs{"owners": r.owners, "ids": r.ids, "n": r.n}).Query(func(rows pgx.Rows) error {
		var n int
		_, err := pgx.ForEachRow(rows, []any{&n}, func() error {
			items[n].known = true
			return nil
		})
		return err
	})
}

// queueKnown asks what was here before: by the lead, which the event names or was found for it, and what a visitor sends by
// the visitor as well: the same again stays a duplicate when another lead has it now.
func queueKnown(b *pgx.Batch, items []item) {
	var byLead, byVisitor idRows
	for n := range items {
		i := &items[n]
		if i.ClientID == "" || i.out.Code != "" {
			continue
		}
		switch {
		case i.lead != nil:
			byLead.add(n, i.lead.ID, i.ClientID)
		case isID(i.LeadID):
			byLead.add(n, i.LeadID, i.ClientID)
		}
		if i.VisitorID != "" {
			byVisitor.add(n, i.VisitorID, i.ClientID)
		}
	}
	byLead.queue(b, sqlKnownToLeads, items)
	byVisitor.queue(b, sqlKnownToVisitors, items)
}

// markDuplicates marks what was here before, and of what comes twice in the batch all but the first that is kept.
func markDuplicates(items []item) {
	type key struct{ lead, visitor, id string } // a visitor may call itself what a lead is called
	seen := make(map[key]bool, len(items))
	for n := range items {
		i := &items[n]
		if i.ClientID == "" || i.out.Code != "" {
			continue
		}
		i.out.Duplicate = i.known
		for _, k := range [...]key{{lead: i.out.LeadID}, {visitor: i.VisitorID}} {
			if k != (key{}) {
				k.id = i.ClientID
				i.out.Duplicate = i.out.Duplicate || seen[k]
				seen[k] = true
			}
		}
	}
}
