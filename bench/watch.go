package main

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// standing is how a lead stands.
type standing struct {
	ID     string
	Stage  string
	Owner  *string
	Passed int // clocks that were passed
}

const sqlStandings = `SELECT id, stage, owner, (SELECT count(*)::int FROM timeline t WHERE t.lead_id = l.id AND t.kind = 'passed') AS passed
FROM leads l WHERE id = ANY($1::uuid[])`

// watcher looks at all leads that somebody waits for, with one statement at a time: the waiting costs next to nothing.
type watcher struct {
	pool *pgxpool.Pool
	mu   sync.Mutex
	all  map[string]waiting
}

type waiting struct {
	ok   func(standing) bool
	told chan standing
}

func newWatcher(ctx context.Context, pool *pgxpool.Pool) *watcher {
	w := &watcher{pool: pool, all: map[string]waiting{}}
	go func() {
		for ctx.Err() == nil {
			_ = w.look(ctx) // what cannot be read now is read the next time; who waits has a deadline
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	return w
}

// await waits until a lead stands as wished.
func (w *watcher) await(ctx context.Context, id string, ok func(standing) bool) (standing, error) {
	told := make(chan standing, 1)
	w.mu.Lock()
	w.all[id] = waiting{ok, told}
	w.mu.Unlock()
	select {
	case s := <-told:
		return s, nil
	case <-ctx.Done():
		return standing{}, ctx.Err()
	}
}

func (w *watcher) look(ctx context.Context) error {
	w.mu.Lock()
	ids := make([]string, 0, len(w.all))
	for id := range w.all {
		ids = append(ids, id)
	}
	w.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	rows, _ := w.pool.Query(ctx, sqlStandings, ids)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[standing])
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range found {
		if one := w.all[s.ID]; one.ok != nil && one.ok(s) {
			one.told <- s
			delete(w.all, s.ID)
		}
	}
	return nil
}
