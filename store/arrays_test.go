package store

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What is written as an array is read as what it was, by Postgres and from it.
func TestArraysArriveAsTheyWere(t *testing.T) {
	s := newStore(t)
	texts := []string{"", "a", `"{},\`, "NULL", "é\n", strings.Repeat("x", 100_000)}
	for range 20 {
		rand.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		some := texts[:rand.IntN(len(texts)+1)]
		require.Equal(t, some, append([]string{}, one[[]string](t, s, "SELECT $1::text[]", some)...))
		require.Equal(t, len(some), one[int](t, s, "SELECT count(*) FROM unnest($1::text[])", some))
	}
	ids := []string{newID(), newID(), strings.ToUpper(newID())}
	require.Equal(t, strings.ToLower(strings.Join(ids, " ")), one[string](t, s, "SELECT string_agg(id::text, ' ' ORDER BY n) FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n)", ids))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM unnest($1::uuid[])", []string{}))
	require.True(t, one[bool](t, s, "SELECT $1::uuid[] IS NULL AND $2::text[] IS NULL", []string(nil), []string(nil)))
	_, err := s.pool.Exec(t.Context(), "SELECT $1::uuid[]", []string{"nobody-at-all-nobody-at-all-nobody-at"})
	require.Error(t, err)

	at := time.Date(2026, 11, 26, 1, 2, 3, 456_789_000, time.UTC)
	early := time.Date(1969, 12, 31, 23, 59, 59, 1000, time.FixedZone("", 3600))
	require.Equal(t, []string{"1969-12-31 22:59:59.000001", "", "2026-11-26 01:02:03.456789"}, one[[]string](t, s,
		"SELECT array_agg(coalesce((at AT TIME ZONE 'UTC')::text, '')) FROM unnest($1::timestamptz[]) AS at", []*time.Time{&early, nil, &at}))
	require.True(t, one[bool](t, s, "SELECT $1::timestamptz[] = ARRAY['2026-11-26 01:02:03.456789Z', '1969-12-31 22:59:59.000001Z']::timestamptz[]", []time.Time{at, early}))
	require.True(t, one[bool](t, s, "SELECT $1::uuid[] = ARRAY[NULL, $2]::uuid[]", []*string{nil, &ids[0]}, ids[0]))
	require.Equal(t, []int{0, -1, 1<<31 - 1, -1 << 31}, one[[]int](t, s, "SELECT $1::int[]", []int{0, -1, 1<<31 - 1, -1 << 31}))
	_, err = s.pool.Exec(t.Context(), "SELECT $1::int[]", []int{1 << 31})
	require.Error(t, err)
	require.True(t, one[bool](t, s, "SELECT $1::timestamptz[] IS NULL", []time.Time(nil)))
}
