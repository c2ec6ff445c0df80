package cli

import (
	"context"
	"fmt"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/domain/record"
)

var journeyDifferenceColumns = []column[record.JourneyDifference]{
	{"lead_id", func(d record.JourneyDifference) any { return d.LeadID }},
	{"cycle", func(d record.JourneyDifference) any { return d.Cycle }},
	{"what", func(d record.JourneyDifference) any { return d.What }},
}

// verifyJourneys folds journeys again and shows which are stored otherwise; the failure says that some are.
func (t *tool) verifyJourneys(ctx context.Context, mend bool) error {
	out, err := differences(ctx, t, journeyDifferenceColumns, func(cfg app.Config, tell func(record.JourneyDifference), at func(done, total int)) (record.JourneysChecked, error) {
		return t.engine.verifyJourneys(ctx, cfg, mend, tell, at)
	}, func(v record.JourneysChecked) fields {
		return fields{"leads": v.Leads, "waiting": v.Waiting, "different": v.Different, "mended": v.Mended}
	})
	if err != nil {
		return err
	}
	t.tell("Journeys of %d leads folded again, %d differ, %d mended.", out.Leads, out.Different, out.Mended)
	if out.Waiting > 0 {
		t.tell("%d leads have changed so lately that they are not folded yet.", out.Waiting)
	}
	if out.Different > 0 && !mend {
		return &failure{
			what: fmt.Sprintf("%d journeys are not what their timelines say", out.Different), why: "reports count them wrongly",
			next: "leadflow doctor --verify-journeys --mend", code: ExitFailure,
		}
	}
	return nil
}
