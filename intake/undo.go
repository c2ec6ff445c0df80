package intake

import (
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// UndoOne takes the next import that is to be undone and undoes it; false when there is none. An error
// means that the rest of it is left to whoever claims it once the lease is over.
func (r *Runner) UndoOne(ctx context.Context) (worked bool, err error) {
	imp, ok, err := r.service.deps.Imports.ClaimUndo(ctx)
	if err != nil || !ok {
		return false, err
	}
	return true, r.under(ctx, imp, func(ctx context.Context) error { return r.undo(ctx, imp) })
}

func (r *Runner) undo(ctx context.Context, imp record.Import) error {
	imports := r.service.deps.Imports
	for after := 0; ; {
		leads, last, err := imports.UndoableLeads(ctx, imp.ID, after, r.batch)
		if err != nil {
			return err
		}
		if last == 0 {
			return imports.FinishUndo(ctx, imp)
		}
		outcomes, err := r.undoLeads(ctx, imp, leads)
		if err = errors.Join(err, imports.CountUndone(context.WithoutCancel(ctx), imp, outcomes)); err != nil {
			return err
		}
		after = last
	}
}

// undoLeads undoes what an import did to leads, some at once, and counts the outcomes.
func (r *Runner) undoLeads(ctx context.Context, imp record.Import, leads []string) (map[string]int, error) {
	var mu sync.Mutex
	outcomes := map[string]int{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(r.parallel)
	count := func(outcome string, n int) {
		mu.Lock()
		defer mu.Unlock()
		outcomes[outcome] += n
	}
	for group := range slices.Chunk(leads, rowsTogether) {
		g.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			removed, left, err := r.service.deps.Imports.UndoLeads(ctx, imp, group)
			count("removed", removed)
			for _, lead := range left {
				if err != nil {
					break
				}
				var outcome string
				outcome, err = r.service.deps.Imports.UndoLead(ctx, imp, lead)
				count(outcome, 1)
			}
			return err
		})
	}
	return outcomes, g.Wait()
}
