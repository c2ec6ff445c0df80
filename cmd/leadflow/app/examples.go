package app

import (
	"context"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// trainedOn is from how many of the newest leads that came to an end is learned: more would hardly say more, and all are in memory.
const trainedOn = 100_000

// Examples reads the newest leads that came to an end, as they were known when sales were asked.
func Examples(ctx context.Context, cfg Config) (record.Examples, error) {
	s, err := OpenStore(ctx, cfg)
	if err != nil {
		return record.Examples{}, err
	}
	defer s.Close()
	return s.Examples(ctx, trainedOn)
}
