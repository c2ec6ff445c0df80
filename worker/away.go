package worker

import (
	"context"
	"time"
)

// Away finds offers to reps who are not there any more.
type Away interface {
	// Reroute tells the runs of leads that are offered to somebody who is away: each looks for another rep.
	Reroute(ctx context.Context) (told int, err error)
}

// awayOften is how late a run may hear that an absence has begun. Of one that begins at once, and of who is deactivated, it hears
// at once.
const awayOften = 20 * time.Second

// reroute takes offers from who is away.
func (h *Host) reroute(ctx context.Context) error {
	n, err := h.Away.Reroute(ctx)
	if n > 0 {
		h.Log.Info("leads look for another rep: theirs is away", "leads", n)
	}
	return err
}
