package worker

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// A database that was put back while Temporal is away must not overtake its mark: a process that starts then raises nothing
// until it has read the mark, and it is noticed as soon as it has.
func TestTide_waitsForTheMark(t *testing.T) {
	t.Parallel()
	l, m := &land{is: record.House{ID: "h"}}, &marks{data: map[string]string{}}
	before, _ := newTide(t, l, m)
	for range 5 {
		require.NoError(t, before.Watch(t.Context()))
	}
	l.is.Tide = 4 // restored to 15 s before
	m.away.Store(true)
	tide, said := newTide(t, l, m)
	for range 3 {
		require.NoError(t, tide.Watch(t.Context()))
	}
	require.EqualValues(t, 4, l.is.Tide, "the tide stays below Temporal's mark")
	require.False(t, tide.Sure())
	require.False(t, l.held, "nobody knows yet")
	m.away.Store(false)
	require.NoError(t, tide.Watch(t.Context()))
	require.True(t, l.held)
	require.True(t, tide.Sure())
	require.Contains(t, said.String(), "THIS DATABASE WAS RESTORED")
}

// Who had read the mark goes on when Temporal goes, and notices all the same when the database falls behind what this
// process has met itself.
func TestTide_goesOnWithoutTemporal(t *testing.T) {
	t.Parallel()
	l, m := &land{is: record.House{ID: "h"}}, &marks{data: map[string]string{}}
	tide, _ := newTide(t, l, m)
	require.NoError(t, tide.Watch(t.Context()))
	m.away.Store(true)
	for range 3 {
		require.NoError(t, tide.Watch(t.Context()))
	}
	require.EqualValues(t, 4, l.is.Tide)
	require.True(t, tide.Sure())
	require.False(t, l.held)
	l.is.Tide = 2 // restored under a worker that lives
	require.NoError(t, tide.Watch(t.Context()))
	require.True(t, l.held)
	l.held, l.is = false, record.House{ID: "another", Tide: 1}
	require.NoError(t, tide.Watch(t.Context()))
	require.False(t, l.held, "what another house has met says nothing")
}

// As long as the lanes could not be held nobody is sure.
func TestTide_isSureOnlyWhenItIsHeld(t *testing.T) {
	t.Parallel()
	l, m := &land{is: record.House{ID: "h"}, fails: errors.New("Postgres went away")}, &marks{data: map[string]string{"leadflow.tide.h": "5"}}
	tide, _ := newTide(t, l, m)
	require.Error(t, tide.Watch(t.Context()))
	require.False(t, tide.Sure())
	require.Zero(t, l.is.Tide)
	l.fails = nil
	require.NoError(t, tide.Watch(t.Context()))
	require.True(t, l.held)
	require.True(t, tide.Sure())
}

// Until then the process says which lanes it lets nothing out of, in the log once.
func TestTide_tellsThatItWaits(t *testing.T) {
	t.Parallel()
	l, m := &land{is: record.House{ID: "h"}}, &marks{data: map[string]string{}}
	m.away.Store(true)
	tide, said := newTide(t, l, m)
	require.Empty(t, tide.Waiting(), "nobody sends here yet")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b, sure, ended := newBells("tide"), make(chan struct{}), make(chan error, 1)
	go func() { ended <- tide.watch(ctx, b, sure) }()
	require.Eventually(t, func() bool { b.ring("tide"); return m.asked.Load() > 3 }, time.Minute, time.Millisecond)
	require.Equal(t, []string{record.LaneOutbox, record.LaneBulk}, tide.Waiting())
	select {
	case <-sure:
		t.Fatal("nobody has read the mark")
	default:
	}
	m.away.Store(false)
	b.ring("tide")
	<-sure
	require.Empty(t, tide.Waiting())
	cancel()
	require.NoError(t, <-ended)
	require.Equal(t, 1, strings.Count(said.String(), "WHETHER THIS DATABASE WAS RESTORED"), said)
	require.Contains(t, said.String(), `lanes="outbox bulk"`)
	require.Contains(t, said.String(), "Temporal has answered")
}
