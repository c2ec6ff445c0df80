package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// What is begun in two trips is there whole or not at all, and leaves its connection fit for the next.
func TestBrief_isATransaction(t *testing.T) {
	pool := testPool(t)
	s := New(pool, Options{SuppressionKey: testKey})
	exec(t, s, "CREATE TABLE marks (n int CHECK (n < 100))")
	add := func(n int) func(querier, *pgx.Batch) error {
		return func(_ querier, b *pgx.Batch) error {
			b.Queue("INSERT INTO marks VALUES ($1)", n)
			return nil
		}
	}
	count := 0
	look := func(b *pgx.Batch) {
		b.Queue("SELECT pg_advisory_xact_lock(7)") // LOCK TABLE wants a BEGIN, which there is none of
		b.Queue("SELECT count(*) FROM marks").QueryRow(func(row pgx.Row) error { return row.Scan(&count) })
	}
	require.NoError(t, s.brief(t.Context(), "add", look, add(1)))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM marks"))

	no := errors.New("no")
	err := s.brief(t.Context(), "add", look, func(q querier, b *pgx.Batch) error {
		rows, _ := q.Query(t.Context(), "INSERT INTO marks VALUES (2) RETURNING n")
		_, err := pgx.CollectRows(rows, pgx.RowTo[int])
		require.NoError(t, err)
		return no
	})
	require.Error(t, err)
	require.Equal(t, 1, count)
	require.Error(t, s.brief(t.Context(), "add", look, func(q querier, b *pgx.Batch) error {
		_ = add(3)(q, b)
		return add(1000)(q, b)
	}), "the second is refused")
	canceled, cancel := context.WithCancel(t.Context())
	require.Error(t, s.brief(canceled, "add", look, func(q querier, b *pgx.Batch) error {
		cancel()
		return add(4)(q, b)
	}))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM marks"))
	require.Eventually(t, func() bool { return pool.Stat().AcquiredConns() == 0 }, 30*time.Second, time.Millisecond, "what was broken off is given back, in the background")
	tries := 0
	require.NoError(t, s.brief(t.Context(), "add", look, func(q querier, b *pgx.Batch) error {
		if tries++; tries < 3 {
			return errAgain
		}
		return add(5)(q, b)
	}), "who lost a race begins again")
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM marks"))
}
