package store

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestProcessesThatSendKnowOfEachOther(t *testing.T) {
	s := garden(t)
	a, b := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	share := func(id uuid.UUID) [2]int {
		place, of, err := s.Share(t.Context(), id, time.Minute)
		require.NoError(t, err)
		return [2]int{place, of}
	}
	require.Equal(t, [2]int{0, 1}, share(a))
	require.Equal(t, [2]int{1, 2}, share(b))
	require.Equal(t, [2]int{0, 2}, share(a))
	exec(t, s, "UPDATE mail_senders SET seen_at = seen_at - interval '61 seconds' WHERE id = $1", a)
	require.Equal(t, [2]int{0, 1}, share(b), "a was killed")
	require.Equal(t, [2]int{0, 2}, share(a), "or slept")
	require.NoError(t, s.Unshare(t.Context(), a))
	require.Equal(t, [2]int{0, 1}, share(b))
	together(t, 8, func(int) error { // many at once, and some that are forgotten
		for range 5 {
			if _, _, err := s.Share(t.Context(), uuid.Must(uuid.NewV7()), time.Millisecond); err != nil {
				return err
			}
		}
		return nil
	})
}
