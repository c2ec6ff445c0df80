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
	sqlSeePeople  = `SELECT pg_advisory_xact_lock_shared(@lock)`
	sqlLockPools  = `SELECT pg_advisory_xact_lock(@space, key) FROM unnest(@keys::int[]) AS key`
	sqlLockReps   = `SELECT r.id FROM reps r WHERE (r.capacity IS NOT NULL OR r.per_day IS NOT NULL) AND ` + theMembers + ` ORDER BY r.id FOR NO KEY UPDATE`

	theMembers = `(r.active AND (@all OR r.team_id = ANY(@teams::uuid[])) OR r.id = ANY(@reps::uuid[]))`
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

// members are the arguments that stand for the reps of some pools.
func members(pools ...routing.Pool) pgx.NamedArgs {
	all, teams, reps := false, []string{}, []string{}
	for _, p := range pools {
		all = all || p.Team == "" && len(p.Reps) == 0
		if p.Team != "" {
			teams = append(teams, p.Team)
		}
		reps = append(reps, p.Reps...)
	}
	return pgx.NamedArgs{"all": all, "teams": slices.DeleteFunc(teams, notID), "reps": slices.DeleteFunc(reps, notID)}
}

func notID(s string) bool { return !isID(s) }

// Open leads are those whose runs say so, and what was granted of which no run has said anything yet.
const sqlCandidates = `SELECT r.id AS rep_id, r.weight, r.capacity, r.per_day, NOT r.active AS inactive, r.tags, r.languages, r.territories,
	EXISTS (SELECT FROM absences a WHERE a.rep_id = r.id AND a.until_at > now() AND a.from_at <= now()) AS away,
	CASE WHEN @count OR r.capacity IS NOT NULL THEN
		(SELECT count(*) FROM leads l WHERE l.owner = r.id AND l.stage IN ('handoff', 'working', 'opportunity'))
		+ (SELECT count(*) FROM assignments a JOIN leads l ON l.id = a.lead_id
			WHERE a.rep_id = r.id AND a.state = 'offered' AND l.owner IS DISTINCT FROM r.id)
		+ (SELECT count(*) FROM assignments a JOIN leads l ON l.id = a.lead_id
			WHERE a.rep_id = r.id AND a.offered_at > now() - interval '1 day' AND a.state = 'accepted' AND a.cycle = l.cycle
			AND l.owner IS DISTINCT FROM r.id AND l.stage IN ('qualified', 'handoff', 'working', 'opportunity')
			AND a.n > coalesce((SELECT c.n FROM assignments c WHERE c.id = l.assignment_id AND c.cycle = l.cycle), 0)) END AS open,
	CASE WHEN r.per_day IS NOT NULL THEN (SELECT count(*) FROM assignments a WHERE a.rep_id = r.id AND a.state <> 'withdrawn'
		AND a.offered_at >= date_trunc('day', now() AT TIME ZONE r.time_zone) AT TIME ZONE r.time_zone) END AS today
FROM reps r WHERE ` + theMembers + ` ORDER BY r.id`

const sqlPool = `SELECT turns, reps FROM routing_pools WHERE name = @pool`

// Of each rep the hours they work by: their own, else their team's, else those of the policy.
const sqlRepHours = `SELECT r.id, c.id AS calendar, c.spec, (SELECT jsonb_agg(d) FROM (` + calendarDays + ` WHERE calendar_id = c.id) d) AS days
FROM reps r LEFT JOIN teams t ON t.id = r.team_id
JOIN calendars c ON c.id = coalesce(r.calendar_id, t.calendar_id, (SELECT id FROM calendars WHERE name = @policy))
WHERE ` + theMembers

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

// poolRead is a pool as it was read.
type poolRead struct {
	turns      turns
	candidates []routing.Candidate
	hours      map[string]*calendar.Calendar
}

// see queues what is read of a pool.
func (v *poolRead) see(b *pgx.Batch, step routing.Step, calendarName string) {
	args := members(step.Of)
	args["pool"], args["policy"], args["count"] = step.Pool, calendarName, step.Of.Strategy == routing.LeastLoaded
	if ownTurns(step.Pool) {
		b.Queue(sqlPool, args).Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&v.turns.Given, &v.turns.Reps}, func() error {
				v.turns.there = true
				return nil
			})
			return err
		})
	}
	b.Queue(sqlCandidates, args).Query(func(rows pgx.Rows) (err error) {
		v.candidates, err = pgx.CollectRows(rows, pgx.RowToStructByNameLax[routing.Candidate])
		return err
	})
	if step.Of.Strategy == routing.FirstAvailable {
		v.hours = map[string]*calendar.Calendar{}
		b.Queue(sqlRepHours, args).Query(v.readHours)
	}
}

func (v *poolRead) readHours(rows pgx.Rows) error {
	var id, calendarID string
	var spec calendar.Spec
	var days []calendar.Exception
	built := map[string]*calendar.Calendar{}
	_, err := pgx.ForEachRow(rows, []any{&id, &calendarID, &spec, &days}, func() error {
		if built[calendarID] == nil {
			built[calendarID] = compiled(spec, days)
		}
		v.hours[id] = built[calendarID]
		spec, days = calendar.Spec{}, nil
		return nil
	})
	return err
}

// of gives each candidate what the pool knows of them. Of two with the same hours the same moment is asked once.
func (v *poolRead) of(step routing.Step, now time.Time) []routing.Candidate {
	next := map[*calendar.Calendar]*time.Time{}
	for i := range v.candidates {
		c := &v.candidates[i]
		c.Pool = step.Pool
		c.Turn, c.Credit = v.turns.Reps[c.RepID].Last, v.turns.Reps[c.RepID].Credit
		if v.hours == nil {
			continue
		}
		hours := v.hours[c.RepID]
		if hours == nil {
			hours = calendar.Always
		}
		at, asked := next[hours]
		if !asked {
			if opens, err := hours.NextOpen(now); err == nil {
				opens = opens.UTC()
				at = &opens
			}
			next[hours] = at
		}
		c.OpensAt = at
	}
	return v.candidates
}

// lockPools queues the locks of all pools that may be asked, and of their reps.
func lockPools(b *pgx.Batch, steps []routing.Step) {
	var keys []int32
	pools := make([]routing.Pool, len(steps))
	for i, s := range steps {
		pools[i] = s.Of
		if ownTurns(s.Pool) {
			keys = append(keys, poolKey(s.Pool))
		}
	}
	slices.Sort(keys)
	b.Queue(sqlSeePeople, pgx.NamedArgs{"lock": peopleLock})
	b.Queue(sqlLockPools, pgx.NamedArgs{"space": poolSpace, "keys": keys})
	b.Queue(sqlLockReps, members(pools...))
}

// lockPeople keeps everybody from choosing until the transaction ends.
func lockPeople(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, sqlLockPeople, pgx.NamedArgs{"lock": peopleLock})
	return err
}
