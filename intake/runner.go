package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	maxRunBatch  = 400              // rows between two notes of progress
	rowsTogether = 100              // in one transaction, at most
	heartbeat    = 15 * time.Second // well within the lease of an import
)

// RunnerConfig tunes a runner; the zero value is as fast as the store goes.
type RunnerConfig struct {
	RowsPerSecond float64 // 0: no limit
	Parallel      int     // captures at once, of all imports together; 0: 4

	StartsPerSecond float64 // of an import that says no rate itself; 0: as many as Temporal takes
	StartsAtOnce    int     // let go and not yet begun; 0: 200
}

// Runner carries imports out. Any number may run: an import is worked on by one, under a lease, and goes on where it was
// when its runner dies. One runner may carry out several at once: they share its pace, row by row.
type Runner struct {
	service  *Service
	parallel int
	slots    chan struct{} // of captures, of all its imports
	batch    int
	limit    *rate.Limiter
	starts   float64
	window   int
}

// NewRunner makes a runner over a service that has Captures and Imports.
func NewRunner(s *Service, cfg RunnerConfig) *Runner {
	r := &Runner{service: s, parallel: cfg.Parallel, batch: maxRunBatch, limit: rate.NewLimiter(rate.Inf, 1), starts: cfg.StartsPerSecond, window: cfg.StartsAtOnce}
	if r.window <= 0 {
		r.window = 200 // two batches of the relay: it never waits for the next
	}
	if r.parallel <= 0 {
		r.parallel = 4
	}
	r.slots = make(chan struct{}, r.parallel)
	if cfg.RowsPerSecond > 0 {
		r.batch = min(maxRunBatch, max(1, int(2*cfg.RowsPerSecond))) // progress at least every other second
		r.limit = rate.NewLimiter(rate.Limit(cfg.RowsPerSecond), min(r.batch, rowsTogether))
	}
	return r
}

// RunOne takes the next import that waits and works it to its end; false when none waits. An error means that the rest
// of it is left to whoever claims it once the lease is over.
func (r *Runner) RunOne(ctx context.Context) (worked bool, err error) {
	imports := r.service.deps.Imports
	imp, ok, err := imports.ClaimImport(ctx)
	if err != nil || !ok {
		return false, err
	}
	var p plan
	if err := json.Unmarshal(imp.Mapping, &p); err != nil {
		return true, imports.FinishImport(ctx, imp, "the mapping cannot be read any more; import the file again")
	}
	job := &job{runner: r, imp: imp, plan: p, reader: newReader(p.Mapping, imp.Columns), otherwise: p.Mapping.otherwise()}
	return true, r.under(ctx, imp, job.run)
}

// under works on an import as long as the claim holds: until it is done, or stopped, or another's.
func (r *Runner) under(ctx context.Context, imp record.Import, work func(context.Context) error) error {
	working, stop := context.WithCancelCause(ctx)
	var beat sync.WaitGroup
	beat.Go(func() { r.keep(working, imp, stop) })
	err := work(working)
	stop(nil)
	beat.Wait()
	if errors.Is(err, record.ErrNotFound) || errors.Is(err, record.ErrDecided) || errors.Is(context.Cause(working), record.ErrNotFound) {
		return nil
	}
	if err != nil {
		err = fmt.Errorf("import %s: %w", imp.ID, err)
	}
	return err
}

// keep holds the lease until the context ends; it ends the work when the claim holds no more.
func (r *Runner) keep(ctx context.Context, imp record.Import, stop context.CancelCauseFunc) {
	t := time.NewTicker(heartbeat)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if err := r.service.deps.Imports.ExtendImport(ctx, imp); errors.Is(err, record.ErrNotFound) {
				stop(err)
			}
		}
	}
}

// job is one import under way.
type job struct {
	runner *Runner
	imp    record.Import
	plan   plan
	reader reader

	otherwise []string // fields that go by the other rule than the mapping's

	mu       sync.Mutex
	seen     map[string]*foreseen // of a dry run, by each key of a person who is met again
	repeated map[string]bool      // keys of those
}

func (j *job) run(ctx context.Context) error {
	imports := j.runner.service.deps.Imports
	if err := j.foreseeRepeats(ctx); err != nil {
		return err
	}
	for {
		rows, err := imports.PendingImportRows(ctx, j.imp.ID, j.runner.batch)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return imports.FinishImport(ctx, j.imp, "")
		}
		done, err := j.work(ctx, rows)
		// What was captured is noted even when the process is about to stop.
		err = errors.Join(err, imports.FinishImportRows(context.WithoutCancel(ctx), j.imp, done))
		if err != nil {
			return err
		}
	}
}

// work decides rows, those of one person in the order of the file. It answers those that were decided.
func (j *job) work(ctx context.Context, rows []record.ImportRow) ([]record.ImportRow, error) {
	captures := make(map[int]record.Capture, len(rows))
	var done, good []record.ImportRow
	for _, row := range rows {
		c, ps := j.capture(row)
		if ps != nil {
			row.State = "failed"
			row.Column, row.Error = j.reader.blame(ps)
			done = append(done, row)
			continue
		}
		captures[row.Row] = c
		good = append(good, row)
	}
	for _, round := range rounds(chains(good, captures)) {
		more, err := j.round(ctx, round, captures)
		done = append(done, more...)
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// round decides rows no two of which are about one person, some at once.
func (j *job) round(ctx context.Context, rows []record.ImportRow, captures map[int]record.Capture) (done []record.ImportRow, err error) {
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(j.runner.parallel)
	for group := range slices.Chunk(rows, j.together()) {
		g.Go(func() error {
			if err := j.runner.limit.WaitN(ctx, len(group)); err != nil {
				return err
			}
			out, err := j.decideAll(ctx, group, captures)
			mu.Lock()
			defer mu.Unlock()
			done = append(done, out...)
			return err
		})
	}
	err = g.Wait()
	return done, err
}

// together is how many rows are captured in one transaction. What a capture would do is foreseen row by row.
func (j *job) together() int {
	if j.imp.DryRun {
		return 1
	}
	return rowsTogether
}

// capture reads and normalises one row.
func (j *job) capture(row record.ImportRow) (record.Capture, Problems) {
	if len(row.Cells) != len(j.imp.Columns) {
		return record.Capture{}, Problems{{"row", CodeInvalid, fmt.Sprintf("has %d cells where the header has %d", len(row.Cells), len(j.imp.Columns))}}
	}
	in, ps := j.reader.input(row.Cells)
	c, more := j.runner.service.normalize(in, By{Actor: j.plan.Actor, Via: "import"})
	ps = append(ps, more...)
	if c.Email == "" && c.ExternalID == "" && !names(ps, "email", "external_id") {
		ps.add("email", CodeRequired, "neither an address nor an external id: nobody is meant")
	}
	rule := j.plan.Mapping.OnKnown
	c.FillBlanks, c.Otherwise, c.SkipKnown = rule != onKnownOverwrite, j.otherwise, rule == onKnownSkip
	c.NoAlert, c.NoNurture = !j.imp.Alert, !j.imp.Nurture
	if !j.imp.DryRun {
		c.Row = &record.ImportRef{ImportID: j.imp.ID, Claim: j.imp.Claim, Row: row.Row}
	}
	return c, ps
}
