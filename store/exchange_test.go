package store

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// exchangeOf runs fn on a table of its own, and answers what is in it afterwards.
func exchangeOf(t *testing.T, s *Store, fn func(x *exchange) error) (left int, err error) {
	t.Helper()
	exec(t, s, "CREATE TABLE IF NOT EXISTS exchanged (n int PRIMARY KEY)")
	err = s.exchanged(t.Context(), "test", fn)
	return one[int](t, s, "SELECT count(*) FROM exchanged"), err
}

func batchOf(sql string, arguments ...any) *pgx.Batch {
	b := &pgx.Batch{}
	b.Queue(sql, arguments...)
	return b
}

const keepNumber = "INSERT INTO exchanged (n) VALUES (@n)"

// All that is sent is one transaction, whoever finds that it cannot go on: nothing stays, and the connection is good for the next.
func TestExchange_isOneTransaction(t *testing.T) {
	s := newStore(t)
	ours := errors.New("ours")
	left, err := exchangeOf(t, s, func(x *exchange) error {
		if err := x.send(batchOf(keepNumber, pgx.NamedArgs{"n": 1})); err != nil {
			return err
		}
		return ours
	})
	require.Error(t, err)
	require.Zero(t, left, "it was given up here")
	left, err = exchangeOf(t, s, func(x *exchange) error {
		if err := x.send(batchOf(keepNumber, pgx.NamedArgs{"n": 1})); err != nil {
			return err
		}
		return x.commit(batchOf(keepNumber, pgx.NamedArgs{"n": 1}))
	})
	var own *Error
	require.ErrorAs(t, err, &own)
	require.Equal(t, "23505", own.Code)
	require.Zero(t, left, "Postgres gave it up")
	left, err = exchangeOf(t, s, func(x *exchange) error {
		rows, _ := x.Query(t.Context(), "SELECT n FROM nowhere")
		_, err := pgx.CollectRows(rows, pgx.RowTo[int])
		return err
	})
	require.ErrorAs(t, err, &own)
	require.Equal(t, "42P01", own.Code)
	require.Zero(t, left)
	made := s.pool.Stat().NewConnsCount()
	left, err = exchangeOf(t, s, func(x *exchange) error {
		if err := x.send(batchOf(keepNumber, pgx.NamedArgs{"n": 1})); err != nil {
			return err
		}
		rows, _ := x.Query(t.Context(), "SELECT n FROM exchanged")
		all, err := pgx.CollectRows(rows, pgx.RowTo[int])
		require.NoError(t, err)
		require.Equal(t, []int{1}, all, "it sees what it wrote")
		require.Zero(t, one[int](t, s, "SELECT count(*) FROM exchanged"), "nobody else does")
		return x.commit(batchOf(keepNumber, pgx.NamedArgs{"n": 2}))
	})
	require.NoError(t, err)
	require.Equal(t, 2, left)
	require.LessOrEqual(t, s.pool.Stat().NewConnsCount()-made, int64(1), "no connection was thrown away")
}

// Whatever way a batch wants its answers, it gets them.
func TestExchange_answersAsABatchDoes(t *testing.T) {
	s := newStore(t)
	var n, none int
	var tag pgconn.CommandTag
	var missing error
	left, err := exchangeOf(t, s, func(x *exchange) error {
		b := batchOf(keepNumber, pgx.NamedArgs{"n": 7})
		b.QueuedQueries[0].Exec(func(ct pgconn.CommandTag) error {
			tag = ct
			return nil
		})
		b.Queue("SELECT n FROM exchanged").QueryRow(func(row pgx.Row) error { return row.Scan(&n) })
		b.Queue("SELECT n FROM exchanged WHERE n = 8").QueryRow(func(row pgx.Row) error {
			missing = row.Scan(&none)
			return nil
		})
		return x.commit(b)
	})
	require.NoError(t, err)
	require.Equal(t, 1, left)
	require.Equal(t, int64(1), tag.RowsAffected())
	require.Equal(t, 7, n)
	require.ErrorIs(t, missing, pgx.ErrNoRows)
}

// Arguments are found by their names, each as often as it is named, and an @ in a text is none.
func TestExchange_findsArgumentsByName(t *testing.T) {
	p, err := positionalOf("SELECT @b::int - @a::int, @b::int, 'x@a'")
	require.NoError(t, err)
	require.Equal(t, "SELECT $1::int - $2::int, $1::int, 'x@a'", p.sql)
	require.Equal(t, []any{5, 3}, p.arguments(pgx.NamedArgs{"a": 3, "b": 5, "c": 7}))
}

// A statement that was prepared for tables as they were is prepared anew.
func TestExchange_preparesAnewWhenTablesChange(t *testing.T) {
	s := newStore(t)
	look := func() error {
		_, err := exchangeOf(t, s, func(x *exchange) error {
			return x.commit(batchOf("SELECT * FROM exchanged"))
		})
		return err
	}
	require.NoError(t, look())
	exec(t, s, "ALTER TABLE exchanged ADD COLUMN more text")
	require.Error(t, look(), "once")
	require.NoError(t, look())
}
