package cli

import (
	"context"
	"fmt"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var journeyDifferenceColumns = []column[record.JourneyDifference]{
	{"lead_id", func(d record.JourneyDifference) any { return d.LeadID }},
	{"cycle", func(d record.JourneyDifference) any { return d.Cycle }},
	{"what", func(d record.JourneyDifference) any { return d.What }},
}

// verifyJourneys folds journeys again and shows which are stored otherwise; the failure says that some are.
func (t *tool) verifyJourneys(ctx context.Context, mend bool) error {
	cfg, err := t.engine.load()
	if err != nil {
		return err
	}
	bar, began := t.newBar("verified"), t.now()
	shown := []record.JourneyDifference{}
	out, err := t.engine.verifyJourneys(ctx, cfg, mend, func(d record.JourneyDifference) {
		if len(shown) < maxShown {
			shown = append(shown, d)
		}
	}, func(done, total int) { bar.at(done, total, pace(done, t.now().Sub(began)), 0) })
	bar.end()
	if err != nil {
		return err
	}
	if len(shown) > 0 || t.format != formatTable {
		body := asJSON(fields{"leads": out.Leads, "waiting": out.Waiting, "different": out.Different, "mended": out.Mended, "items": shown})
		if err := showAll(t, body, shown, journeyDifferenceColumns); err != nil {
			return err
		}
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
