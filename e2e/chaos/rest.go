package chaos

import (
	"context"
	"fmt"
	"time"
)

const (
	sqlWaiting = `SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM deliveries WHERE state = 'queued' AND (gathering OR not_before <= now() + interval '1 minute'))
	+ (SELECT count(*) FROM deliveries WHERE state IN ('claimed', 'sending') AND claimed_until > now())
	+ (SELECT count(*) FROM leads WHERE stage = 'captured')
	+ (SELECT count(*) FROM leads l JOIN scores s ON s.lead_id = l.id WHERE l.stage = 'qualified')`

	// Leases of senders that were killed last for minutes: time is made to pass for them.
	sqlTimePasses = `UPDATE deliveries SET claimed_until = now() WHERE state IN ('claimed', 'sending') AND claimed_until > now()
	AND claimed_until < now() + interval '170 seconds'`
)

// Rest waits until nothing moves any more: all is told, sent or parked.
func (h *House) Rest(ctx context.Context, most time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	if err := h.AwaitReady(ctx); err != nil {
		return err
	}
	quiet := 0
	for n := -1; quiet < 5; {
		if _, err := h.pool.Exec(ctx, sqlTimePasses); err != nil {
			return err
		}
		if err := h.pool.QueryRow(ctx, sqlWaiting).Scan(&n); err != nil {
			return err
		}
		if quiet++; n > 0 {
			quiet = 0
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it does not come to rest: %d rows still wait", n)
		case <-time.After(time.Second):
		}
	}
	return nil
}
