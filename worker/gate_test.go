package worker

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// While Postgres does not answer no poll begins, and as soon as it does all go on; who is told to stop does not wait for it.
func TestGate_isOpenWhilePostgresAnswers(t *testing.T) {
	t.Parallel()
	var away atomic.Bool
	var asked atomic.Int32
	g := &gate{turn: make(chan struct{}, 1), answers: func(context.Context) error {
		asked.Add(1)
		if away.Load() {
			return errors.New("nobody is there")
		}
		return nil
	}}
	for range 100 {
		require.NoError(t, g.pass(t.Context()))
	}
	require.EqualValues(t, 1, asked.Load(), "one answer is believed for a while")

	away.Store(true)
	g.good = time.Now().Add(-2 * answersFor)
	passed := make(chan error, 8)
	for range cap(passed) {
		go func() { passed <- g.pass(t.Context()) }()
	}
	stopped, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.pass(stopped) }()
	require.Eventually(t, func() bool { return asked.Load() > 2 }, 10*time.Second, 10*time.Millisecond)
	stop()
	require.ErrorIs(t, <-ended, context.Canceled)
	require.Empty(t, passed)
	away.Store(false)
	for range cap(passed) {
		require.NoError(t, <-passed)
	}
}
