package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"
	"golang.org/x/sync/errgroup"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Places are those of reps who take only so many leads. A task of a run that is lost has given them away all the same, and the run may
// want them again; so they go to the next only once the run says that it has come so far.
type Places interface {
	// ClaimPlaces takes places that were given away, and whose runs are to be asked.
	ClaimPlaces(ctx context.Context, limit int) ([]record.HeldPlace, error)
	// FreePlaces gives away what was given away up to these versions.
	FreePlaces(ctx context.Context, told []record.HeldPlace) error
}

const (
	placesOften    = time.Second
	placesMost     = 200 // claimed at once
	placesAtOnce   = 32  // questions to Temporal
	placesPatience = 10 * time.Second
	placesLong     = 5 * time.Minute // a place that is held for so long is told
)

// freePlaces asks the runs by which places were given away, and gives to the next what Temporal has kept.
func (h *Host) freePlaces(ctx context.Context) error {
	for {
		held, err := h.Places.ClaimPlaces(ctx, placesMost)
		if err != nil || len(held) == 0 {
			return err
		}
		told, err := h.cameSoFar(ctx, held)
		if len(told) > 0 {
			err = errors.Join(err, h.Places.FreePlaces(ctx, told))
		}
		if err != nil || len(held) < placesMost {
			return err
		}
	}
}

// cameSoFar answers the places whose runs have come to the version by which they were given away. A run that does not answer in time is
// behind, and asked again; it holds up nobody else's.
func (h *Host) cameSoFar(ctx context.Context, held []record.HeldPlace) (told []record.HeldPlace, err error) {
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(placesAtOnce)
	long := 0
	for _, p := range held {
		g.Go(func() error {
			kept, failed := h.keeps(ctx, p)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case kept:
				told = append(told, p)
			case failed != nil && !errors.Is(failed, context.DeadlineExceeded):
				err = failed // of many that are alike
			}
			if !kept && p.For > placesLong {
				long++
			}
			return nil
		})
	}
	_ = g.Wait()
	if long > 0 {
		h.Log.Warn("places of reps are held: the runs that gave them away have not come to what they told; leadflow doctor --verify-runs says which", "places", long, "longer_than", placesLong)
	}
	return told, err
}

// keeps asks a run whether it has come so far. What it answers is of tasks that were kept: a query waits for one that is under way. A
// run that is not there wants nothing again.
func (h *Host) keeps(ctx context.Context, p record.HeldPlace) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, placesPatience)
	defer cancel()
	answer, err := h.Client.QueryWorkflow(ctx, wire.WorkflowID(p.LeadID), "", wire.QueryState)
	var gone *serviceerror.NotFound
	var late *serviceerror.DeadlineExceeded
	switch {
	case errors.As(err, &gone):
		return true, nil
	case errors.As(err, &late):
		return false, context.DeadlineExceeded
	case err != nil:
		return false, err
	}
	var s wire.State
	err = answer.Get(&s)
	return s.Version >= p.Version, err
}
