package worker

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// limited gives rows up to the limit it is asked for, and notes it.
type limited struct {
	Deliveries
	asked []int
	have  int
}

func (l *limited) ClaimDeliveries(_ context.Context, _ string, limit int, _ time.Duration) ([]record.Delivery, error) {
	l.asked = append(l.asked, limit)
	n := min(limit, l.have)
	l.have -= n
	return make([]record.Delivery, n), nil
}

// busy carries until it may end.
type busy struct{ end chan struct{} }

func (b busy) Carry(context.Context, record.Delivery) error { <-b.end; return nil }

// A worker is either kept for what is made here or claims: nothing that is claimed waits for a worker while its lease runs.
func TestPool_aWorkerThatIsReservedClaimsNothing(t *testing.T) {
	t.Parallel()
	l, b := &limited{have: 2}, busy{make(chan struct{})}
	p := newPool(record.LaneBulk, l, b, 4, 0, nil, slog.New(slog.DiscardHandler))
	require.True(t, p.Reserve())
	n, err := p.work(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, []int{3}, l.asked)
	require.True(t, p.Reserve(), "who found nothing is free again")
	require.False(t, p.Reserve())
	p.Take(func(context.Context) (record.Delivery, error) { return record.Delivery{}, errors.New("away") })
	p.Release()
	close(b.end)
	p.close() // returns when all are free
	require.False(t, p.Reserve(), "whoever makes something now leaves it to be claimed")
}
