package store

import (
	"context"
	"hash/fnv"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

// Who is there to be chosen changes under the first lock alone, and choices hold it together. A choice holds the locks of the
// pools that it may ask, so turns are taken one after the other, and those of the reps who take only so many, whatever pools
// they are in. Order: the lead, people, pools by their key, reps by id.
const (
	sqlLockPeople = `SELECT pg_advisory_xact_lock(@lock)`
	sqlLockPools  = `SELECT pg_advisory_xact_lock(@space, key) FROM unnest(@keys::int[]) AS key`
	sqlLockReps   = `SELECT id FROM reps WHERE id = ANY(@reps::uuid[]) ORDER BY id FOR NO KEY UPDATE`
)

const (
	peopleLock = 7217101 // one number, as before there were pools
	poolSpace  = 7217102
)

// poolKey is the number under which a pool is locked. Two pools with one number wait for each other, and that is all.
func poolKey(name string) int32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return int32(h.Sum32())
}

// ownTurns reports whether a pool keeps turns: one person has none.
func ownTurns(pool string) bool { return pool != routing.PoolAccount && pool != routing.PoolRep }

func notID(s string) bool { return !isID(s) }

// Open leads are those whose runs say so, and what was granted of which no run has said anything yet.
const sqlCounts = `SELECT r.id, CASE WHEN @count OR r.capacity IS NOT NULL THEN
		(SELECT count(*) FROM leads l WHERE l.owner = r.id AND l.stage IN ('handoff', 'working', 'opportunity'))
		+ (SELECT count(*) FROM assignments a JOIN leads l ON l.id = a.lead_id
			WHERE a.rep_id = r.id AND a.state = 'offered' AND l.owner IS DISTINCT FROM r.id)
		+ (SELECT count(*) FROM assignments a JOIN leads l ON l.id = a.lead_id
			WHERE a.rep_id = r.id AND a.offered_at > now() - interval '1 day' AND a.state = 'accepted' AND a.cycle = l.cycle
			AND l.owner IS DISTINCT FROM r.id AND l.stage IN ('qualified', 'handoff', 'working', 'opportunity')
			AND a.n > coalesce((SELECT c.n FROM assignments c WHERE c.id = l.assignment_id AND c.cycle = l.cycle), 0)) END AS open,
	CASE WHEN r.per_day IS NOT NULL THEN (SELECT count(*) FROM assignments a WHERE a.rep_id = r.id AND a.state <> 'withdrawn'
		AND a.offered_at >= date_trunc('day', now() AT TIME ZONE r.time_zone) AT TIME ZONE r.time_zone) END AS today
FROM reps r WHERE r.id = ANY(@reps::uuid[])`

const sqlPool = `SELECT turns, reps FROM routing_pools WHERE name = @pool`

// turns are what a pool keeps from one decision to the next.
type turns struct {
	Given int64
	Reps  map[string]turn
	there bool // the pool has a row
}

// turn is the last turn of a rep, and what the pool owes them.
type turn struct {
	Last   int64 `json:"t,omitempty"`
	Credit int64 `json:"c,omitempty"`
}

// poolRead is a pool as it was read: who is in it before its lock, its turns and what its reps have under it.
type poolRead struct {
	step  routing.Step
	who   []colleague
	hours []*calendar.Calendar // of each, where that matters
	turns turns
	has   map[string]has // of those whose leads are counted
}

// has is what a rep has; nil: nobody asked.
type has struct{ open, today *int }

// poolOf is a pool of which nothing is known yet that changes with decisions.
func (s *Store) poolOf(ctx context.Context, q querier, o *office, step routing.Step) (*poolRead, error) {
	v := &poolRead{step: step, who: o.members(step.Of), has: map[string]has{}}
	if step.Of.Strategy != routing.FirstAvailable {
		return v, nil
	}
	for _, c := range v.who {
		hours, err := s.hoursOf(ctx, q, o, c)
		if err != nil {
			return nil, err
		}
		v.hours = append(v.hours, hours)
	}
	return v, nil
}

// see queues what is read under the locks.
func (v *poolRead) see(b *pgx.Batch) {
	if ownTurns(v.step.Pool) {
		b.Queue(sqlPool, pgx.NamedArgs{"pool": v.step.Pool}).Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&v.turns.Given, &v.turns.Reps}, func() error {
				v.turns.there = true
				return nil
			})
			return err
		})
	}
	all := v.step.Of.Strategy == routing.LeastLoaded
	ids := toCount(v.who, all)
	if len(ids) == 0 {
		return
	}
	b.Queue(sqlCounts, pgx.NamedArgs{"reps": ids, "count": all}).Query(func(rows pgx.Rows) error {
		var id string
		var h has
		_, err := pgx.ForEachRow(rows, []any{&id, &h.open, &h.today}, func() error {
			v.has[id] = h
			h = has{} // what it points to is its own
			return nil
		})
		return err
	})
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

// of are the candidates, each with what the pool knows of them. Of two with the same hours the same moment is asked once.
func (v *poolRead) of(now time.Time) []routing.Candidate {
	next := map[*calendar.Calendar]*time.Time{}
	out := make([]routing.Candidate, len(v.who))
	for i, c := range v.who {
		turn, has := v.turns.Reps[c.ID], v.has[c.ID]
		out[i] = routing.Candidate{
			Pool: v.step.Pool, RepID: c.ID, Turn: turn.Last, Credit: turn.Credit, Weight: c.Weight, Open: has.open, Capacity: c.Capacity,
			Today: has.today, PerDay: c.PerDay, Inactive: !c.Active, Away: c.away(now), Tags: c.Tags, Languages: c.Languages, Territories: c.Territories,
		}
		if v.hours == nil {
			continue
		}
		hours := v.hours[i]
		at, asked := next[hours]
		if !asked {
			if opens, err := hours.NextOpen(now); err == nil {
				opens = opens.UTC()
				at = &opens
			}
			next[hours] = at
		}
		out[i].OpensAt = at
	}
	return out
}

// lockPools queues the locks of all pools that may be asked, and of their reps.
func lockPools(b *pgx.Batch, pools map[string]*poolRead) {
	var keys []int32
	var reps []string
	for name, v := range pools {
		reps = append(reps, toCount(v.who, false)...)
		if ownTurns(name) {
			keys = append(keys, poolKey(name))
		}
	}
	slices.Sort(keys)
	if len(keys) > 0 {
		b.Queue(sqlLockPools, pgx.NamedArgs{"space": poolSpace, "keys": keys})
	}
	if len(reps) > 0 {
		b.Queue(sqlLockReps, pgx.NamedArgs{"reps": unique(reps)})
	}
}

// lockPeople keeps everybody from choosing until the transaction ends.
func lockPeople(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, sqlLockPeople, pgx.NamedArgs{"lock": peopleLock})
	return err
}
