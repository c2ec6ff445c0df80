package worker

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/serviceerror"

	"github.com/leadflow-dev/leadflow/domain/record"
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
	placesMost     = 100             // claimed, and asked for, at once
	placesPatience = 5 * time.Second // of a question
	placesLong     = 5 * time.Minute // a place that is held for so long is told
)

// freePlaces asks the runs by which places were given away, and gives to the next what Temporal has kept.
func (h *Host) freePlaces(ctx context.Context) error {
	for {
		held, err := h.Places.ClaimPlaces(ctx, placesMost)
		if err != nil || len(held) == 0 {
			return err
		}
		if err := h.askRuns(ctx, held); err != nil || len(held) < placesMost {
			return err
		}
	}
}

// askRuns frees the places whose runs have come to the version by which they were given away, as they answer. A run that does not answer in
// time is behind, and asked again.
func (h *Host) askRuns(ctx context.Context, held []record.HeldPlace) (err error) {
	answers := make(chan answered, len(held))
	for _, p := range held {
		go func() {
			kept, err := h.keeps(ctx, p)
			answers <- answered{p, kept, err}
		}()
	}
	long := 0
	for left := len(held); left > 0; {
		var told []record.HeldPlace
		for more := true; more; left-- {
			a := <-answers
			switch more = len(answers) > 0; {
			case a.kept:
				told = append(told, a.place)
			case a.err != nil && !errors.Is(a.err, context.DeadlineExceeded):
				err = a.err // of many that are alike
			}
			if !a.kept && a.place.For > placesLong {
				long++
			}
		}
		if len(told) > 0 {
			err = errors.Join(err, h.Places.FreePlaces(ctx, told))
		}
	}
	if long > 0 {
		h.Log.Warn("places of reps are held: the runs that gave them away have not come to what they told; leadflow doctor --verify-runs says which", "places", long, "longer_than", placesLong)
	}
	return err
}

// answered is what a run has answered of a place.
type answered struct {
	place record.HeldPlace
	kept  bool
	err   error
}

// keeps asks a run whether it has come so far. A run that is not there wants nothing again.
func (h *Host) keeps(ctx context.Context, p record.HeldPlace) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, placesPatience)
	defer cancel()
	version, there, err := h.Desk.Version(ctx, p.LeadID)
	var late *serviceerror.DeadlineExceeded
	if errors.As(err, &late) {
		err = context.DeadlineExceeded
	}
	return err == nil && (!there || version >= p.Version), err
}
