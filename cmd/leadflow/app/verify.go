package app

import (
	"context"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// VerifyScores recomputes the scores of so many leads chosen at random (0: of all) and tells of each difference.
func VerifyScores(ctx context.Context, cfg Config, sample int, differs func(record.ScoreDifference), tell func(done, total int)) (record.Verified, error) {
	s, err := OpenStore(ctx, cfg)
	if err != nil {
		return record.Verified{}, err
	}
	defer s.Close()
	return s.VerifyScores(ctx, sample, differs, tell)
}
