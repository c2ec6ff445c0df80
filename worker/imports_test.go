package worker_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

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
