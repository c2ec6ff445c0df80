package worker

import (
	"context"
	"time"
)

// bells wake loops. A ring while the loop is busy is kept: the loop looks once more.
type bells map[string]chan struct{}

func newBells(channels ...string) bells {
	b := bells{}
	for _, c := range channels {
		b[c] = make(chan struct{}, 1)
	}
	return b
}

// ring wakes the channel's loop; channels nobody listens to are ignored.
func (b bells) ring(channel string) {
	if ch, ok := b[channel]; ok {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// wait returns after a ring, after the time, or false when the context ended.
func (b bells) wait(ctx context.Context, channel string, most time.Duration) bool {
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-b[channel]:
	case <-t.C:
	}
	return ctx.Err() == nil
}
