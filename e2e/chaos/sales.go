package chaos

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Sales are people who get leads, as the seed has them: they accept, reject, are silent, are two at once, log what they do, win, lose
// and take leads out of the queue, while their managers send them home and back. What they were told took effect is kept.
type Sales struct {
	house *House
	seed  uint64
	reps  []string // ids
	free  []string // of them, those without a limit: only they take what is not given to them

	mu    sync.Mutex
	begun map[string]bool // what was decided upon already
	heard []heard
	count map[string]int
}

// heard is a decision that was answered as done.
type heard struct{ lead, kind, assignment string }

const (
	sqlOpenOffers = `SELECT a.lead_id::text, a.id::text, a.rep_id::text FROM assignments a WHERE a.state = 'offered' ORDER BY a.offered_at`
	sqlAtWork     = `SELECT id::text, assignment_id::text, owner::text FROM leads WHERE stage = 'working'`
	sqlQueued     = `SELECT l.id::text, '', '' FROM leads l WHERE l.stage = 'qualified' AND l.next_kind <> 'retry'`
)

type task struct{ Lead, Assignment, Rep string }

// Work lets so many people act until the context ends, and their managers until the shift is over.
func (s *Sales) Work(ctx, shift context.Context, people int) {
	tasks := make(chan func())
	var all sync.WaitGroup
	for range people {
		all.Go(func() {
			for do := range tasks {
				do()
			}
		})
	}
	all.Go(func() { s.manage(shift) })
	for ctx.Err() == nil {
		for sql, act := range map[string]func(context.Context, task) func(){sqlOpenOffers: s.offered, sqlAtWork: s.working, sqlQueued: s.queued} {
			rows, _ := s.house.pool.Query(ctx, sql)
			found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[task])
			if err != nil {
				continue // Postgres is away
			}
			for _, t := range found {
				if do := act(ctx, t); do != nil {
					tasks <- do
				}
			}
		}
		pause(ctx, 200*time.Millisecond)
	}
	close(tasks)
	all.Wait()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// dice is a number below 100 that follows from the seed and what it is thrown for, whenever that happens.
func (s *Sales) dice(what ...string) int {
	h := fnv.New64a()
	fmt.Fprint(h, s.seed, what)
	return int(h.Sum64() >> 8 % 100)
}

// once reports that something is to be done now, by this caller.
func (s *Sales) once(what string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun[what] {
		return false
	}
	s.begun[what] = true
	return true
}

func (s *Sales) offered(ctx context.Context, t task) func() {
	dice := s.dice("offer", t.Lead, t.Assignment)
	if dice >= 75 || !s.once("offer "+t.Assignment) {
		return nil // silent: the clock decides
	}
	accept := map[string]any{"rep_id": t.Rep, "assignment_id": t.Assignment}
	reject := func(reason string) map[string]any {
		return map[string]any{"rep_id": t.Rep, "assignment_id": t.Assignment, "reason": reason}
	}
	switch {
	case dice < 45:
		return func() { s.decide(ctx, 0, t, "accept", accept) }
	case dice < 57:
		return func() { s.decide(ctx, 1, t, "reject", reject("out_of_territory")) }
	case dice < 63:
		return func() { s.decide(ctx, 0, t, "reject", reject("not_ready")) }
	case dice < 67:
		return func() { s.decide(ctx, 1, t, "reject", reject("bad_data")) }
	}
	return func() { // two at once: one of them wins
		var both sync.WaitGroup
		both.Go(func() { s.decide(ctx, 0, t, "accept", accept) })
		s.decide(ctx, 1, t, "reject", reject("out_of_territory"))
		both.Wait()
	}
}

func (s *Sales) working(ctx context.Context, t task) func() {
	dice := s.dice("work", t.Lead, t.Assignment)
	if dice >= 80 || !s.once("work "+t.Assignment) {
		return nil // nobody calls: the clock of the first touch decides
	}
	next := func(kind string, body map[string]any) func() {
		return func() {
			s.call(ctx, t)
			s.decide(ctx, dice%2, t, kind, body)
		}
	}
	switch {
	case dice < 30:
		return func() { s.call(ctx, t) }
	case dice < 42:
		return next("win", map[string]any{"amount": "100.00", "currency": "EUR"})
	case dice < 52:
		return next("qualify", map[string]any{"rep_id": t.Rep})
	case dice < 62:
		return next("lose", map[string]any{"reason": []string{"price", "no_fit"}[dice%2]})
	case dice < 68:
		return next("disqualify", map[string]any{"reason": "spam"})
	}
	return next("reassign", map[string]any{"rep_id": s.free[dice%len(s.free)]})
}

func (s *Sales) queued(ctx context.Context, t task) func() {
	dice := s.dice("queue", t.Lead)
	if dice >= 40 || !s.once("queue "+t.Lead) {
		return nil
	}
	return func() { s.decide(ctx, dice%2, t, "accept", map[string]any{"rep_id": s.free[dice%len(s.free)]}) }
}

func (s *Sales) call(ctx context.Context, t task) {
	s.until(ctx, 0, "/v1/events", map[string]any{"id": "call-" + t.Assignment, "lead_id": t.Lead, "type": "call"})
}

func (s *Sales) decide(ctx context.Context, door int, t task, kind string, body map[string]any) {
	status := s.until(ctx, door, "/v1/leads/"+t.Lead+"/"+kind, body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count[fmt.Sprintf("%s answered %d", kind, status)]++
	if assignment, _ := body["assignment_id"].(string); status == http.StatusOK {
		s.heard = append(s.heard, heard{t.Lead, kind, assignment})
	}
}

// until asks until there is an answer that no outage explains.
func (s *Sales) until(ctx context.Context, door int, path string, body any) int {
	for try := door; ctx.Err() == nil; try++ {
		status, _, err := s.house.post(ctx, s.house.doors[try%len(s.house.doors)], http.MethodPost, path, body)
		if err == nil && status < 500 && status != http.StatusTooManyRequests {
			return status
		}
		pause(ctx, 200*time.Millisecond)
	}
	return 0
}

// manage sends people home and lets them come back, until the context ends; then everybody is back.
func (s *Sales) manage(ctx context.Context) {
	rng := rand.New(rand.NewPCG(s.seed, 3<<32))
	patch := func(ctx context.Context, rep string, active bool) {
		for ctx.Err() == nil {
			status, _, err := s.house.post(ctx, s.house.doors[0], http.MethodPatch, "/v1/reps/"+rep, map[string]any{"active": active})
			if err == nil && status < 300 {
				return
			}
			pause(ctx, 200*time.Millisecond)
		}
	}
	var gone []string
	for ctx.Err() == nil {
		rep := s.reps[rng.IntN(len(s.reps))]
		switch {
		case len(gone) > 2, len(gone) > 0 && rng.IntN(2) == 0:
			patch(ctx, gone[0], true)
			gone = gone[1:]
		case rng.IntN(3) == 0:
			now := time.Now().UTC()
			s.until(ctx, 1, "/v1/reps/"+rep+"/absences", map[string]any{"from": now.Format(time.RFC3339), "until": now.Add(4 * time.Second).Format(time.RFC3339)})
		case !slices.Contains(gone, rep):
			patch(ctx, rep, false)
			gone = append(gone, rep)
		}
		pause(ctx, time.Duration(300+rng.IntN(1200))*time.Millisecond)
	}
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	for _, rep := range gone {
		patch(back, rep, true)
	}
}

const sqlUnsettled = `SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM decisions WHERE state = 'pending' OR unkept > 0)
	+ (SELECT count(*) FROM leads WHERE stage IN ('captured', 'nurturing', 'handoff'))
	+ (SELECT count(*) FROM leads WHERE stage IN ('working', 'opportunity') AND next_at < now() + interval '1 hour')
	+ (SELECT count(*) FROM held_places)`

// Unsettled is how many leads, signals and decisions somebody or a clock will still do something about within the hour; -1 while
// Postgres is away. A lead that waits for a rep who becomes free is not among them.
func (h *House) Unsettled(ctx context.Context) int {
	n := -1
	if h.pool.QueryRow(ctx, sqlUnsettled).Scan(&n) != nil {
		return -1
	}
	return n
}

// Settled waits until there are none, for some looks in a row.
func (h *House) Settled(ctx context.Context, most time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	n := -1
	for quiet := 0; quiet < 3; quiet++ {
		if n = h.Unsettled(ctx); n != 0 {
			quiet = -1
		}
		if pause(ctx, 500*time.Millisecond); ctx.Err() != nil {
			return fmt.Errorf("it does not come to rest: %d are still to be settled", n)
		}
	}
	return h.AwaitReady(ctx)
}
