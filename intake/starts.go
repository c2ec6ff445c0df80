package intake

import (
	"context"
	"time"
)

// How often starts are let go: while some wait, and while none do.
const (
	startsSoon  = 100 * time.Millisecond
	startsLater = 2 * time.Second
)

// ReleaseStarts lets go runs that imports would start, at their pace. It answers when to ask again.
func (r *Runner) ReleaseStarts(ctx context.Context) (again time.Duration, err error) {
	_, more, err := r.service.deps.Imports.ReleaseStarts(ctx, r.starts, r.window)
	if err != nil || !more {
		return startsLater, err
	}
	return startsSoon, nil
}
