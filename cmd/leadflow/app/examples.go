package app

import (
	"context"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Examples reads the leads that came to an end, as they were known when sales were asked.
func Examples(ctx context.Context, cfg Config) (record.Examples, error) {
	s, err := OpenStore(ctx, cfg)
	if err != nil {
		return record.Examples{}, err
	}
	defer s.Close()
	return s.Examples(ctx)
}
