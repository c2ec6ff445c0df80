package store

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// The leads of visitors are read by a statement that comes after the one that locked the visitors. Their profiles are not
// read: events change no fit. Servers name leads by id most of the time: that needs one index and no new plan each time.
const (
	sqlLockLeads = `SELECT id::text, email, stage, cycle, cycle_started_at, touch_wanted, muted FROM leads
WHERE id = ANY(@ids::uuid[]) ORDER BY id FOR NO KEY UPDATE`
	sqlLockOwners = `SELECT id::text, email, stage, cycle, cycle_started_at, touch_wanted, muted FROM leads
WHERE ` + theOwners + ` ORDER BY id FOR NO KEY UPDATE`
	theOwners = `(id = ANY(ARRAY(SELECT lead_id FROM visitors WHERE visitor_id = ANY(@visitors::text[]) AND lead_id IS NOT NULL) || @ids::uuid[])
	OR email = ANY(@emails::text[]))`
)

// owners are whose the events of a batch are, locked until the transaction ends.
type owners struct {
	leads    map[string]*leadRow // by id and by address
	visitors map[string]string   // visitor -> lead; empty: nobody's
	named    map[string]string   // address -> the merged lead whose it is
}

func (o owners) ids() []string {
	ids := make([]string, 0, len(o.leads))
	for key, l := range o.leads {
		if key == l.ID {
			ids = append(ids, key)
		}
	}
	slices.Sort(ids)
	return ids
}

// Everything in this transaction is looked up by keys. A plan that was made while a partition was new reads all of it, and is
// kept until somebody has looked how large it is by then: for minutes, and a thousand times a second. Where a scan cannot
// be avoided its price would make Postgres compile the statement first, each time. And for the few values of a lone event
// Postgres would think each statement over anew, which takes three times as long as doing it (sqlPlainPlans). The name is for
// whoever gives way to events (pace).
const sqlBeginIngest = `SELECT now(), version, shadows, set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true),
	set_config('plan_cache_mode', 'force_generic_plan', true), set_config('lock_timeout', @patience, true),
	set_config('application_name', '` + underEvents + `', true)
FROM models WHERE state = 'published'`

// named are the owners of a batch as its events name them, each once and in order.
type named struct{ ids, emails, visitors []string }

func ownersOf(items []item) (n named) {
	for _, i := range items {
		switch {
		case i.out.Code != "":
		case i.LeadID != "" && isID(i.LeadID):
			n.ids = append(n.ids, i.LeadID)
		case i.LeadID == "" && i.Email != "":
			n.emails = append(n.emails, i.Email)
		case i.LeadID == "" && i.VisitorID != "":
			n.visitors = append(n.visitors, i.VisitorID)
		}
	}
	n.ids, n.emails, n.visitors = unique(n.ids), unique(n.emails), unique(n.visitors)
	return n
}

// byID reports that nobody needs to be looked for.
func (n named) byID() bool { return len(n.emails)+len(n.visitors) == 0 }

// lockOwners begins the transaction, finds whose each event is, and locks visitors and leads in everybody's order. More
// may be asked in the same round trip.
func (s *Store) lockOwners(ctx context.Context, x *exchange, who named, more func(*pgx.Batch)) (world, owners, error) {
	found := owners{map[string]*leadRow{}, map[string]string{}, map[string]string{}}
	var at published
	b := &pgx.Batch{}
	b.Queue(sqlBeginIngest, pgx.NamedArgs{"patience": patience}).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&at.Now, &at.Version, &at.Shadows, nil, nil, nil, nil, nil}, func() error { return nil })
		return err
	})
	if len(who.visitors) > 0 {
		b.Queue(sqlSeeVisitors, pgx.NamedArgs{"visitors": who.visitors}).Query(func(rows pgx.Rows) error {
			return collectVisitors(rows, found.visitors)
		})
	}
	lock := sqlLockOwners
	if who.byID() {
		lock = sqlLockLeads
	}
	b.Queue(lock, pgx.NamedArgs{"ids": who.ids, "emails": who.emails, "visitors": who.visitors}).Query(found.collect)
	more(b)
	if err := x.send(b); err != nil {
		return world{}, found, err
	}
	if at.Version == 0 {
		return world{}, found, ErrNoModel
	}
	scorer, err := s.scorer(ctx, x, at.Version)
	return at.world(scorer), found, err
}

func (o owners) collect(rows pgx.Rows) error {
	var l leadRow
	_, err := pgx.ForEachRow(rows, []any{&l.ID, &l.Email, &l.Stage, &l.Cycle, &l.CycleStartedAt, &l.TouchWanted, &l.Muted}, func() error {
		p := new(leadRow)
		*p, l = l, leadRow{} // what it points to is its own
		o.leads[p.ID] = p
		if p.Email != nil {
			o.leads[*p.Email] = p
		}
		return nil
	})
	return err
}

func unique(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}

// assign gives the event to its lead, or leaves it with a visitor who belongs to nobody yet.
func (i *item) assign(to owners) {
	if i.out.Code != "" {
		return
	}
	switch {
	case i.LeadID != "":
		i.lead = to.leads[i.LeadID]
	case i.Email != "":
		i.lead, i.named = to.leads[i.Email], to.named[i.Email]
	case to.visitors[i.VisitorID] != "":
		i.lead = to.leads[to.visitors[i.VisitorID]]
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
