package store

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

// unheard is a connection on which nothing is heard any more while the server is away.
type unheard struct {
	net.Conn
	away *atomic.Bool
}

func (c unheard) Read(p []byte) (int, error) {
	if c.away.Load() {
		return 0, io.ErrUnexpectedEOF
	}
	return c.Conn.Read(p)
}

// A server that is lost in the middle of an exchange is an error and nothing else: the driver closes the connection by itself meanwhile, and
// panicked when it was written to at the same time.
func TestExchange_whoseServerIsLost(t *testing.T) {
	cfg, err := pgxpool.ParseConfig(database(t))
	require.NoError(t, err)
	away := new(atomic.Bool)
	dial := cfg.ConnConfig.DialFunc
	cfg.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if away.Load() {
			return nil, errors.New("away")
		}
		conn, err := dial(ctx, network, address)
		return unheard{conn, away}, err
	}
	cfg.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	s := New(pool, Options{SuppressionKey: testKey})
	for range 100 {
		err := s.exchanged(t.Context(), "test", func(x *exchange) error {
			if err := x.send(batchOf("SELECT 1")); err != nil {
				return err
			}
			away.Store(true)
			return x.commit(batchOf("SELECT 2"))
		})
		require.Error(t, err)
		away.Store(false)
	}
	require.NoError(t, s.exchanged(t.Context(), "test", func(x *exchange) error { return x.commit(batchOf("SELECT 1")) }))
}
