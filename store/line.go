package store

import (
	"errors"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/leadflow-dev/leadflow/domain/routing"
)

// line is the turns of a pool as this process knows them, those of its decisions included that are not committed yet. Of pools
// that count nothing else a decision is made from it before anything is locked. It takes its turn last: its transaction waits for
// that of the decision before it, which holds the lock of its own tag from its beginning on, takes the lock of the pool, and gives
// itself up unless the row is as that one left it. So nobody waits for a pool longer than an update and a commit take.
type line struct {
	mu    sync.Mutex
	left  *sync.Cond
	tags  []int64 // that the row had and will have, the last in line last; none: the turns are not known
	turns turns   // after the last in line
	came  int     // decisions that lock the pool first and read its turns under the lock
	gone  int     // of those
}

// keptTags is how many a line remembers: a decision may have looked at the row some turns ago.
const keptTags = 256

func (s *Store) lineOf(pool string) *line {
	if known, ok := s.lines.Load(pool); ok {
		return known.(*line)
	}
	made := &line{}
	made.left = sync.NewCond(&made.mu)
	l, _ := s.lines.LoadOrStore(pool, made)
	return l.(*line)
}

// mostInLine bounds how many rows of pools each decision looks at.
const mostInLine = 32

// poolsInLine are the pools of the document that was read last.
func (s *Store) poolsInLine() []string {
	if o := s.office.Load(); o != nil && len(o.pools) <= mostInLine {
		return o.pools
	}
	return nil
}

// quiet waits for those who lock the pool first to end, and reports whether no others have come since.
func (l *line) quiet() bool {
	for now := l.came; l.gone < now; {
		l.left.Wait()
	}
	return l.came == l.gone
}

func (l *line) add(tag int64, t turns) {
	if len(l.tags) == keptTags {
		l.tags = slices.Delete(l.tags, 0, keptTags/2)
	}
	l.tags, l.turns = append(l.tags, tag), t
}

// takenTurn is the turn that a decision takes.
type takenTurn struct {
	pool  string
	first bool // the pool has no row yet
	turns turns
	after *turnBefore // nil: it was decided under the pool's lock
}

// turnBefore is the decision that comes before in line.
type turnBefore struct{ tag, given int64 }

// inLine decides from the turns as they are known here; false where they are not, or where something else is counted.
func (ch *choice) inLine(r routed, pools map[string]*poolRead) (string, bool, error) {
	if ch.alone {
		return "", false, nil
	}
	for _, v := range pools {
		if len(toCount(v.who, v.step.Of.Strategy == routing.LeastLoaded)) > 0 {
			return "", false, nil
		}
	}
	var l *line
	d := routing.Decide(r.doc, r.in)
	for d.Need != nil {
		v := pools[d.Need.Pool]
		if ownTurns(v.step.Pool) {
			if l != nil { // nobody of the first pool may have it
				return "", false, nil
			}
			l = ch.s.lineOf(v.step.Pool)
			l.mu.Lock()
			defer l.mu.Unlock()
			if !l.quiet() || !slices.ContainsFunc(ch.tags, func(tag int64) bool { return slices.Contains(l.tags, tag) }) {
				return "", false, nil
			}
			v.turns = l.turns
		}
		r.in.Read, r.in.Candidates = append(r.in.Read, v.step.Pool), append(r.in.Candidates, v.of(ch.now)...)
		d = routing.Decide(r.doc, r.in)
	}
	if d.Rep == "" {
		return "", false, nil
	}
	err := ch.keep(r, d, pools[d.Pool])
	if err == nil && ch.turn != nil {
		ch.turn.after = &turnBefore{l.tags[len(l.tags)-1], l.turns.Given}
		l.add(ch.tag, ch.turn.turns)
	}
	return d.Rep, true, err
}

// aside has the lines of pools wait that are locked first.
func (ch *choice) aside(pools map[string]*poolRead) {
	for name := range pools {
		if ownTurns(name) {
			l := ch.s.lineOf(name)
			l.mu.Lock()
			l.came++
			l.mu.Unlock()
			ch.beside = append(ch.beside, l)
		}
	}
}

// The first waits for the decision before in line to end, however it ends. The second has an error unless that one was committed and
// nobody came in between: then nothing of this decision is.
const (
	sqlAfter      = `SELECT pg_advisory_xact_lock_shared(@after::bigint), pg_advisory_xact_lock(@space, @key)`
	sqlTakeInLine = `WITH taken AS (UPDATE routing_pools SET turns = @given, reps = @reps, tag = @tag
	WHERE name = @pool AND tag = @after AND turns = @before RETURNING 1) SELECT 1 / count(*) FROM taken`
)

// takeTurn queues the turn, which is the last that is written: from here on others wait for it.
func (ch *choice) takeTurn() {
	t := ch.turn
	if t == nil {
		return
	}
	args := pgx.NamedArgs{"pool": t.pool, "given": t.turns.Given, "reps": t.turns.Reps, "tag": ch.tag}
	if t.after != nil {
		args["after"], args["before"], args["space"], args["key"] = t.after.tag, t.after.given, poolSpace, poolKey(t.pool)
		ch.last.Queue(sqlAfter, args)
		ch.last.Queue(sqlTakeInLine, args)
		return
	}
	if t.first {
		ch.last.Queue(sqlFirstTurn, args)
	}
	ch.last.Queue(sqlTakeTurn, args)
}

// leave ends what the decision was to lines: one that failed is not in line any more, and what was decided from it fails as well.
// Whoever read the turns under the lock knows them.
func (ch *choice) leave(err error) error {
	if t := ch.turn; t != nil {
		l := ch.s.lineOf(t.pool)
		l.mu.Lock()
		switch {
		case err != nil && slices.Contains(l.tags, ch.tag):
			l.tags = nil
		case err == nil && t.after == nil && (len(l.tags) == 0 || t.turns.Given > l.turns.Given):
			l.add(ch.tag, t.turns)
		}
		l.mu.Unlock()
	}
	for _, l := range ch.beside {
		l.mu.Lock()
		l.gone++
		l.left.Broadcast()
		l.mu.Unlock()
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "22012" && ch.turn != nil && ch.turn.after != nil { // division_by_zero: sqlTakeInLine
		return errAgain
	}
	return err
}
