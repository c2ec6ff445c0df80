package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPace_growsByOneARoundAndHalvesOnceACut(t *testing.T) {
	t.Parallel()
	p, now := newPace(16), time.Now()
	require.Equal(t, 4, p.room(0, now))
	rounds := 0
	for ; p.width < 16; rounds++ {
		for range int(p.width) {
			p.took(p.era)
		}
	}
	require.InDelta(t, 12, rounds, 2)
	require.Equal(t, 16, p.room(0, now), "and no further")
	era := p.era
	for range 16 { // a whole round meets the same trouble
		p.tooMuch(era, now)
	}
	require.Equal(t, 8, p.room(0, now))
	require.False(t, p.away())
}

// Nothing succeeds any more: one call at a time, with growing waits that end at a bound, until one succeeds.
func TestPace_asksOneAtATimeWhileTemporalIsAway(t *testing.T) {
	t.Parallel()
	p, now := newPace(16), time.Now()
	p.tooMuch(p.era, now)
	p.tooMuch(p.era, now)
	require.True(t, p.away())
	var waits []time.Duration
	for range 8 {
		require.Zero(t, p.room(0, now))
		waits = append(waits, p.until.Sub(now))
		now = p.until
		require.Equal(t, 1, p.room(0, now), "a probe")
		require.Zero(t, p.room(1, now), "and no second beside it")
		p.tooMuch(p.era, now)
	}
	for i, wait := range waits {
		full := min(lastProbe, firstProbe<<i)
		require.GreaterOrEqual(t, wait, full/2)
		require.LessOrEqual(t, wait, full)
	}
	p.took(p.era)
	require.False(t, p.away())
	require.Equal(t, 2, p.room(0, now), "it begins small")
}
