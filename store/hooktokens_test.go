package store

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAHookTokenIsGoodForOneBody(t *testing.T) {
	s := newStore(t)
	use := func(token, body string) bool {
		same, err := s.UseHookToken(t.Context(), []byte(token), []byte(body))
		require.NoError(t, err)
		return same
	}
	require.True(t, use("t", "a"))
	require.True(t, use("t", "a"), "it was not answered, and is posted again")
	require.False(t, use("t", "b"))
	require.True(t, use("u", "b"))
	exec(t, s, "UPDATE hook_tokens SET at = at - interval '25 hours' WHERE token = 't'")
	require.NoError(t, s.sweep(t.Context()))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM hook_tokens"))
}
