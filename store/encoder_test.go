package store

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// Arguments arrive as they were given, however large those before them on the connection were: large ones, small ones, texts for
// what is no text, empty ones and nulls.
func TestEncoder_argumentsArriveAsGiven(t *testing.T) {
	s := New(testPool(t), Options{SuppressionKey: testKey})
	const echo = "SELECT @text::text, @number::bigint, @many::text[], @id::uuid, @at::timestamptz, @bytes::bytea, @null::text, @data::jsonb ->> 'a'"
	at := time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)
	type row struct {
		Text   string
		Number int64
		Many   []string
		ID     string
		At     time.Time
		Bytes  []byte
		Null   *string
		Data   string
	}
	err := s.exchanged(t.Context(), "echo", func(x *exchange) error {
		for _, size := range []int{10, 2 * keptRoom, 0, 100_000} {
			long := strings.Repeat("ä", size/2)
			want := row{long, int64(size), []string{long, "", "b"}, "01980000-0000-7000-8000-000000000001", at, []byte(long), nil, long}
			rows, _ := x.Query(t.Context(), echo, pgx.NamedArgs{
				"text": want.Text, "number": want.Number, "many": want.Many, "id": want.ID, "at": want.At, "bytes": want.Bytes,
				"null": want.Null, "data": map[string]string{"a": long},
			})
			got, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[row])
			if err != nil {
				return err
			}
			got.At = got.At.UTC()
			require.Equal(t, want, got)
			if size == 0 {
				require.LessOrEqual(t, cap(x.given.room), keptRoom, "what was very large is not kept")
			}
		}
		return x.commit(&pgx.Batch{})
	})
	require.NoError(t, err)
	err = s.exchanged(t.Context(), "echo", func(x *exchange) error {
		_, err := x.Query(t.Context(), "SELECT @n::int", pgx.NamedArgs{"n": struct{ X chan int }{}})
		return err
	})
	require.Error(t, err, "what cannot be encoded is an error")
	require.Zero(t, s.pool.Stat().AcquiredConns())
}
