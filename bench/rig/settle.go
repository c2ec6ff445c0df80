package rig

import (
	"context"
	"time"
)

// Settle waits until what was done before is over, so that no side pays for another: everything is written out by a
// checkpoint, and the processes of the rig rest. What does not come to rest within half a minute is measured as it is.
func (r *Rig) Settle(ctx context.Context) error {
	if err := r.Do(ctx, "postgres", "CHECKPOINT"); err != nil {
		return err
	}
	const look, still = 250 * time.Millisecond, 0.05 // of a core
	for began, before := time.Now(), total(r.CPU()); time.Since(began) < 30*time.Second; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
		now := total(r.CPU())
		if now-before <= still*look.Seconds()+1.0/ticks {
			return nil
		}
		before = now
	}
	return nil
}

func total(cpu map[string]float64) (seconds float64) {
	for _, s := range cpu {
		seconds += s
	}
	return seconds
}
