package cli

import (
	"context"
	"fmt"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/domain/record"
)

var offerDifferenceColumns = []column[record.OfferDifference]{
	{"lead_id", func(d record.OfferDifference) any { return d.LeadID }},
	{"assignment_id", func(d record.OfferDifference) any { return d.AssignmentID }},
	{"part", func(d record.OfferDifference) any { return d.Part }},
	{"stored", func(d record.OfferDifference) any { return d.Stored }},
	{"recomputed", func(d record.OfferDifference) any { return d.Recomputed }},
}

// verifyOffers recomputes what is stored with offers and shows what differs; the failure says that something does.
func (t *tool) verifyOffers(ctx context.Context) error {
	out, err := differences(ctx, t, offerDifferenceColumns, func(cfg app.Config, tell func(record.OfferDifference), at func(done, total int)) (record.OffersVerified, error) {
		return t.engine.verifyOffers(ctx, cfg, tell, at)
	}, func(v record.OffersVerified) fields {
		return fields{"offers": v.Offers, "different": v.Different, "unsettled": v.Unsettled, "unknown": v.Unknown, "unscored": v.Unscored}
	})
	if err != nil {
		return err
	}
	t.tell("%d offers looked at, %d differ.", out.Offers, out.Different)
	if out.Unscored > 0 {
		t.tell("%d have no explanation: no model was published, or the person was erased.", out.Unscored)
	}
	if out.Unknown > 0 {
		t.tell("%d cannot be recomputed: their oldest events are no longer kept, or two leads were merged.", out.Unknown)
	}
	if out.Unsettled > 0 {
		t.tell("%d are right for one order of what was written within the same minute.", out.Unsettled)
	}
	if out.Different > 0 {
		return &failure{
			what: fmt.Sprintf("%d of %d offers are not what was known when they were made gives", out.Different, out.Offers), why: "an offer, an event or a value was changed afterwards by somebody else, or Leadflow has a defect",
			next: "keep the list and report it; analyses of these offers are not to be trusted", code: ExitFailure,
		}
	}
	return nil
}
