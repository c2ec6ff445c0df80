package worker

import (
	"context"
	"time"
)

// Journeys folds how far leads came, for reports. Any number may ask at once: one folds.
type Journeys interface {
	FoldJourneys(ctx context.Context) (leads int, err error)
}

// journeysOften is how old the newest that reports tell may be, about; twice that, for what is seen now is folded the next time.
const journeysOften = 5 * time.Second

func (h *Host) foldJourneys(ctx context.Context) error {
	_, err := h.Journeys.FoldJourneys(ctx)
	return err
}
