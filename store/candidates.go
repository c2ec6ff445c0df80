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

// poolRead is who is in a pool, as it is read before its lock.
type poolRead struct {
	step  routing.Step
	who   []colleague
	hours []*calendar.Calendar // of each, where that matters
}

// poolOf is a pool of which nothing is known yet that changes with decisions.
func poolOf(ctx context.Context, s *Store, q querier, o *office, step routing.Step) (*poolRead, error) {
	v := &poolRead{step: step, who: o.members(step.Of)}
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

// all reports whether the open leads of all are counted, not of those only who take so many.
func (v *poolRead) all() bool { return v.step.Of.Strategy == routing.LeastLoaded }

// of are the candidates, each with what is counted of them. Of two with the same hours the same moment is asked once.
func (v *poolRead) of(now time.Time, k tally) []routing.Candidate {
	next := map[*calendar.Calendar]*time.Time{}
	var reps map[string]turn
	if t := k.turns[v.step.Pool]; t != nil {
		reps = t.Reps
	}
	out := make([]routing.Candidate, len(v.who))
	for i, c := range v.who {
		turn := reps[c.ID]
		out[i] = routing.Candidate{
			Pool: v.step.Pool, RepID: c.ID, Turn: turn.Last, Credit: turn.Credit, Weight: c.Weight, Capacity: c.Capacity, PerDay: c.PerDay,
			Inactive: !c.Active, Away: c.away(now), Tags: c.Tags, Languages: c.Languages, Territories: c.Territories,
		}
		if h := k.has[c.ID]; h != nil {
			out[i].Today = h.today
			if v.all() || c.Capacity != nil { // else another pool has asked
				out[i].Open = h.open
			}
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
func lockPools(b *pgx.Batch, pools []*poolRead) {
	var keys []int32
	var reps []string
	for _, v := range pools {
		reps = append(reps, toCount(v.who, false)...)
		if ownTurns(v.step.Pool) {
			keys = append(keys, poolKey(v.step.Pool))
		}
	}
	slices.Sort(keys)
	if keys = slices.Compact(keys); len(keys) > 0 {
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
