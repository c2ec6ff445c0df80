package store

import (
	"math/rand/v2"
	"strings"
	"testing"

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
}
