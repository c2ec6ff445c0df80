package store

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func TestPace_restsWhereEventsAreSlowAndNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	var p pace
	p.saw(0)
	p.saw(easy)
	require.Zero(t, p.after(time.Second), "nothing is slow")
	p.saw(easy + 1)
	require.Equal(t, 5*time.Millisecond, p.after(10*time.Millisecond))
	for range 10 {
		p.saw(time.Hour)
	}
	require.Equal(t, 30*time.Millisecond, p.after(10*time.Millisecond), "a quarter of the time is work, whatever is seen")
	require.Equal(t, longRest, p.after(time.Hour))
	for range 100 {
		p.saw(easy)
	}
	require.Positive(t, p.after(time.Second))
	for range 100 {
		p.saw(easy)
	}
	require.Zero(t, p.after(time.Second), "it is as fast again")
}

// Where it rests, one lane works or rests at a time; where it does not, none waits for another.
func TestPace_lanesTakeTurnsWhereItRests(t *testing.T) {
	t.Parallel()
	var p pace
	first := p.begin()
	p.begin()() // beside it
	first()
	p.saw(time.Hour)
	end := p.begin()
	second := make(chan struct{})
	go func() {
		p.begin()()
		close(second)
	}()
	select {
	case <-second:
		require.Fail(t, "two at once")
	case <-time.After(20 * time.Millisecond):
	}
	end()
	<-second
}

// Where events are as slow while it rests it is not the publication that they wait for; that is not believed for ever.
func TestPace_restsOnlyWhereThatHelps(t *testing.T) {
	t.Parallel()
	var p pace
	p.saw(20 * time.Millisecond)
	p.sawAtRest(15 * time.Millisecond)
	p.sawAtRest(0)
	for range 25 {
		p.saw(40 * time.Millisecond)
	}
	require.Zero(t, p.after(time.Second))
	p.saw(46 * time.Millisecond)
	require.Positive(t, p.after(time.Second), "three times as slow as at rest")
	for range 150 {
		p.saw(0)
	}
	p.saw(20 * time.Millisecond)
	require.Positive(t, p.after(time.Second), "it was forgotten")
}

func TestPace_ofWhatIsGivenUpEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := &Store{pace: pace{rest: mostRest}}
	ctx, cancel := context.WithCancel(t.Context())
	require.ErrorIs(t, s.paced(ctx, func() error { cancel(); return nil }), context.Canceled)
	require.ErrorIs(t, s.paced(ctx, func() error { return nil }), context.Canceled, "the turn was given on")
}

func underWay(t *testing.T, s *Store) float64 { return one[float64](t, s, sqlEventsUnderWay) }

// A transaction of events says so for as long as it lasts, to every process.
func TestPace_seesEventsUnderWay(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 1)
	require.Zero(t, underWay(t, s), "a connection that had events and is idle has none")
	release := holdLead(t, s, member(0))
	ended := make(chan error, 1)
	go func() {
		_, err := s.Ingest(context.WithoutCancel(t.Context()), []record.Event{{LeadID: member(0), Type: "form_submit"}})
		ended <- err
	}()
	eventually(t, func() bool { return underWay(t, s) > easy.Seconds() })
	release()
	require.NoError(t, <-ended)
	require.Zero(t, underWay(t, s))
}

// However slow events are, a publication comes to everybody.
func TestPace_starvesNoPublication(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 4100)
	next := version(t, s, ruled(5, 40, "200d"))
	slow, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = slow.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = slow.Exec(t.Context(), "SELECT set_config('application_name', @name, true)", pgx.NamedArgs{"name": underEvents})
	require.NoError(t, err)
	eventually(t, func() bool { return underWay(t, s) > easy.Seconds() })
	ended := make(chan error, 1)
	go func() { ended <- s.Rescore(t.Context()) }()
	eventually(t, func() bool { return one[int](t, s, "SELECT count(*) FROM scores WHERE model_version <> $1", next) == 0 })
	require.Positive(t, underWay(t, s), "it is as slow as before")
	s.pace.mu.Lock()
	require.Positive(t, s.pace.calm, "it has rested")
	s.pace.mu.Unlock()
	require.NoError(t, slow.Rollback(t.Context()))
	require.NoError(t, <-ended)
	require.Equal(t, 4100, verified(t, s).Leads)
}
