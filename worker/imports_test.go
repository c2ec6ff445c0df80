package worker_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
)

// large has a file that takes for ever, then a small one.
type large struct {
	nobody
	calls, small atomic.Int32
}

func (l *large) RunOne(ctx context.Context) (bool, error) {
	switch l.calls.Add(1) {
	case 1:
		<-ctx.Done()
		return true, ctx.Err()
	case 2:
		l.small.Add(1)
		return true, nil
	}
	return false, nil
}

func TestASmallImportWaitsForNoLargeOne(t *testing.T) {
	h := host(t, openHouse(t, pgtest.New(t, seeded)), "127.0.0.1:1")
	files := &large{}
	h.Importer = files
	run(t, h)
	await(t, 10*time.Second, "the small one is done", func() bool { return files.small.Load() == 1 })
}

// sleeper is somebody who lets starts go and has nothing to do for an hour.
type sleeper struct {
	nobody
	looks atomic.Int32
}

func (s *sleeper) ReleaseStarts(context.Context) (time.Duration, error) {
	s.looks.Add(1)
	return time.Hour, nil
}

func TestWhoLetsStartsGoHearsOfAnImport(t *testing.T) {
	st := openHouse(t, pgtest.New(t, seeded))
	h := host(t, st, "127.0.0.1:1")
	starts := &sleeper{}
	h.Importer = starts
	run(t, h)
	await(t, 10*time.Second, "the first look, and one on being connected", func() bool { return starts.looks.Load() == 2 })
	id, err := st.CreateImport(t.Context(), record.Import{Mapping: []byte(`{}`), Columns: []string{"a"}})
	require.NoError(t, err)
	require.NoError(t, st.StartImport(t.Context(), id, 0, 0))
	_, claimed, err := st.ClaimImport(t.Context())
	require.NoError(t, err)
	require.True(t, claimed)
	await(t, 10*time.Second, "another", func() bool { return starts.looks.Load() == 3 })
}
