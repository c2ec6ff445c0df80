package store

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

// Channels are what a Listener may hear: who has work.
var Channels = []string{"outbox", "alert", "bulk", "webhook", "import", "starts", "decision", "model", "held", "bulk_action", "model_preview"}

// Listen calls heard for every notification until the context ends, and then returns its error. It has a connection of
// its own; when that breaks it connects again, and calls heard for every channel, since what was said meanwhile is lost.
func (s *Store) Listen(ctx context.Context, heard func(channel string)) error {
	wait := backoff{}
	for {
		err := s.listen(ctx, func(channel string) {
			wait = backoff{}
			heard(channel)
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		_ = err // told by Ready and by every statement of the same outage; here the remedy is to try again
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait.next()):
		}
	}
}

func (s *Store) listen(ctx context.Context, heard func(channel string)) error {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	for _, c := range Channels {
		if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{c}.Sanitize()); err != nil {
			return err
		}
	}
	for _, c := range Channels {
		heard(c)
	}
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		heard(n.Channel)
	}
}

// backoff waits twice as long each time, up to five seconds, never in step with others.
type backoff struct{ last time.Duration }

func (b *backoff) next() time.Duration {
	b.last = min(max(2*b.last, 100*time.Millisecond), 5*time.Second)
	return b.last/2 + rand.N(b.last/2)
}
