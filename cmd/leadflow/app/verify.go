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

// VerifyOffers recomputes what is stored with every offer and tells of each difference.
func VerifyOffers(ctx context.Context, cfg Config, differs func(record.OfferDifference), tell func(done, total int)) (record.OffersVerified, error) {
	s, err := OpenStore(ctx, cfg)
	if err != nil {
		return record.OffersVerified{}, err
	}
	defer s.Close()
	return s.VerifyOffers(ctx, differs, tell)
}

// VerifyJourneys folds what waits to be folded, then folds all journeys again and tells of each that is stored otherwise; mend
// stores it as it is now.
func VerifyJourneys(ctx context.Context, cfg Config, mend bool, differs func(record.JourneyDifference), tell func(done, total int)) (record.JourneysChecked, error) {
	s, err := OpenStore(ctx, cfg)
	if err != nil {
		return record.JourneysChecked{}, err
	}
	defer s.Close()
	for range 2 { // what is seen the first time is folded the second
		if _, err := s.FoldJourneys(ctx); err != nil {
			return record.JourneysChecked{}, err
		}
	}
	return s.CheckJourneys(ctx, mend, differs, tell)
}
