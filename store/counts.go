package store

import (
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/routing"
)

// takesALead are the stages in which a lead is among those its owner has at once.
const takesALead = `('handoff', 'working', 'opportunity')`

// openOf counts the leads that a rep r has at once: those whose runs say so, what was granted of which no run has said anything yet (see
// untold), the places that were given away by a task of which nobody knows that it was kept, and what they get back by an undo that
// is on its way. Of the last two, @besides is a lead that does not count: the one that is asked for.
const openOf = `((SELECT count(*) FROM leads l WHERE l.owner = r.id AND l.stage IN ` + takesALead + `)
		+ (SELECT count(*) FROM assignments a JOIN leads l ON l.id = a.lead_id
			WHERE a.rep_id = r.id AND a.state = 'offered' AND l.owner IS DISTINCT FROM r.id)
		+ (SELECT count(*) FROM assignments a JOIN leads l ON l.id = a.lead_id
			WHERE a.rep_id = r.id AND a.offered_at > now() - interval '1 day' AND a.state = 'accepted' AND a.cycle = l.cycle
			AND l.owner IS DISTINCT FROM r.id AND l.stage IN ('qualified', 'handoff', 'working', 'opportunity')
			AND a.n > coalesce((SELECT c.n FROM assignments c WHERE c.id = l.assignment_id AND c.cycle = l.cycle), 0) AND ` + untold + `)
		+ (SELECT count(*) FROM (
			SELECT h.lead_id FROM held_places h WHERE h.rep_id = r.id
			UNION SELECT d.lead_id FROM decisions d JOIN leads u ON u.id = d.lead_id AND u.state #>> '{lead,undo,owner}' = r.id::text WHERE d.state = 'pending' AND d.kind = 'undo'
		) AS h JOIN leads l ON l.id = h.lead_id
			WHERE h.lead_id IS DISTINCT FROM @besides::uuid AND NOT (l.owner IS NOT DISTINCT FROM r.id AND l.stage IN ` + takesALead + `)
			AND (SELECT count(*) FROM assignments a WHERE a.lead_id = h.lead_id AND a.rep_id = r.id AND a.state = 'offered') = 0))`

// sqlCounts reads how many leads reps have: open, of those who take only so many at once and of who is asked for at all, and today.
const sqlCounts = `SELECT r.id, CASE WHEN r.id = ANY(@all::uuid[]) OR r.capacity IS NOT NULL THEN
		` + openOf + ` END AS open,
	CASE WHEN r.per_day IS NOT NULL THEN (SELECT count(*) FROM assignments a WHERE a.rep_id = r.id AND a.offered_at >= r.midnight
		AND (a.state <> 'withdrawn' OR EXISTS (SELECT FROM held_places h WHERE h.lead_id = a.lead_id AND h.rep_id = r.id
			AND h.lead_id IS DISTINCT FROM @besides::uuid))) END AS today, r.midnight
FROM (SELECT id, capacity, per_day, date_trunc('day', now() AT TIME ZONE time_zone) AT TIME ZONE time_zone AS midnight FROM reps
	WHERE id = ANY(@reps::uuid[])) AS r`

const sqlPools = `SELECT name, turns, reps FROM routing_pools WHERE name = ANY(@pools::text[])`

// turns are what a pool keeps from one decision to the next.
type turns struct {
	Given int64
	Reps  map[string]turn
	there bool // the pool has a row
	taken bool // by who counts here
}

// turn is the last turn of a rep, and what the pool owes them.
type turn struct {
	Last   int64 `json:"t,omitempty"`
	Credit int64 `json:"c,omitempty"`
}

// toCount are those whose leads are counted before they get another, or all.
func toCount(who []colleague, all bool) []string {
	var ids []string
	for _, c := range who {
		if all || c.Capacity != nil || c.PerDay != nil {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// tally is the turns of pools and leads of reps, as they were read under the locks and after what has been decided since.
type tally struct {
	turns map[string]*turns // by pool
	has   map[string]*has   // by rep, of those whose leads are counted
	gave  map[string][]gave // by rep: what was decided since
}

// has is what a rep has; nil: nobody asked. What is pointed to never changes: the ledger points to it as well.
type has struct {
	open, today *int
	midnight    *time.Time // theirs, from which on today counts
}

// gave is a lead that somebody was given.
type gave struct {
	mine bool // they have it already, and its stage says whether it is counted
	at   time.Time
}

func newCounts() tally { return tally{map[string]*turns{}, map[string]*has{}, map[string][]gave{}} }

// knows reports whether all is read that a pool counts.
func (k tally) knows(v *poolRead) bool {
	if ownTurns(v.step.Pool) && k.turns[v.step.Pool] == nil {
		return false
	}
	return !slices.ContainsFunc(v.who, func(c colleague) bool {
		h := k.has[c.ID]
		return h == nil && (v.all() || c.Capacity != nil || c.PerDay != nil) || h != nil && h.open == nil && v.all()
	})
}

// see queues what is read under the locks.
func (k tally) see(b *pgx.Batch, pools ...*poolRead) {
	var names, some, every []string
	for _, v := range pools {
		if name := v.step.Pool; ownTurns(name) && k.turns[name] == nil {
			names, k.turns[name] = append(names, name), &turns{}
		}
		some = append(some, toCount(v.who, v.all())...)
		if v.all() {
			every = append(every, toCount(v.who, true)...)
		}
	}
	if len(names) > 0 {
		b.Queue(sqlPools, pgx.NamedArgs{"pools": names}).Query(k.collectTurns)
	}
	if len(some) > 0 {
		b.Queue(sqlCounts, pgx.NamedArgs{"reps": unique(some), "all": unique(every), "besides": nil}).Query(k.collectLeads)
	}
}

func (k tally) collectTurns(rows pgx.Rows) error {
	var name string
	t := turns{there: true}
	_, err := pgx.ForEachRow(rows, []any{&name, &t.Given, &t.Reps}, func() error {
		*k.turns[name], t.Reps = t, nil
		return nil
	})
	return err
}

func (k tally) collectLeads(rows pgx.Rows) error {
	var id string
	var h has
	_, err := pgx.ForEachRow(rows, []any{&id, &h.open, &h.today, &h.midnight}, func() error {
		one := h
		for _, g := range k.gave[id] { // nothing of it is written yet
			one.add(g)
		}
		k.has[id], h = &one, has{}
		return nil
	})
	return err
}

// give counts what a decision has given, as whoever counts next would read it.
func (k tally) give(ch *choice, d routing.Decision) {
	if d.Rep == "" {
		return
	}
	k.take(d)
	g := gave{mine: ch.lead.owner != nil && *ch.lead.owner == d.Rep, at: ch.c.At}
	k.gave[d.Rep] = append(k.gave[d.Rep], g)
	if h := k.has[d.Rep]; h != nil {
		h.add(g)
	}
}

func (h *has) add(g gave) {
	if h.open != nil && !g.mine {
		h.open = oneMore(h.open)
	}
	if h.today != nil && !g.at.Before(*h.midnight) {
		h.today = oneMore(h.today)
	}
}

func oneMore(n *int) *int {
	more := *n + 1
	return &more
}

// take takes the turn of a decision.
func (k tally) take(d routing.Decision) {
	if !ownTurns(d.Pool) {
		return
	}
	t := k.turns[d.Pool]
	if t.Reps == nil {
		t.Reps = map[string]turn{}
	}
	t.Given, t.taken = t.Given+1, true
	for rep, owed := range d.Credits {
		one := t.Reps[rep]
		one.Credit = owed
		t.Reps[rep] = one
	}
	one := t.Reps[d.Rep]
	one.Last = t.Given
	t.Reps[d.Rep] = one
}

// A pool's row is made by its first turn, under the pool's lock.
const (
	sqlFirstTurn = `INSERT INTO routing_pools (name) VALUES (@pool)`
	sqlTakeTurns = `UPDATE routing_pools SET turns = @given, reps = @reps WHERE name = @pool`
)

// queue queues the turns that were taken.
func (k tally) queue(b *pgx.Batch) {
	for _, name := range slices.Sorted(maps.Keys(k.turns)) {
		t := k.turns[name]
		if !t.taken {
			continue
		}
		args := pgx.NamedArgs{"pool": name, "given": t.Given, "reps": t.Reps}
		if !t.there {
			b.Queue(sqlFirstTurn, args)
		}
		b.Queue(sqlTakeTurns, args)
	}
}
