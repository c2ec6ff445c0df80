package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// verifyRuns compares leads with their runs and shows what differs; the failure says that something does.
func (t *tool) verifyRuns(ctx context.Context) error {
	bars, began := map[string]*bar{}, t.now()
	out, err := differences(ctx, t, runColumns, func(cfg app.Config, tell func(record.RunDifference), _ func(done, total int)) (record.Reconciled, error) {
		defer func() {
			for _, b := range bars {
				b.end()
			}
		}()
		return t.engine.verifyRuns(ctx, cfg, tell, func(what string, done, total int) {
			if bars[what] == nil {
				bars[what] = t.newBar(what)
			}
			bars[what].at(done, total, pace(done, t.now().Sub(began)), 0)
		})
	}, func(v record.Reconciled) fields {
		return fields{"leads": v.Leads, "runs": v.Runs, "different": v.Different, "by": v.By, "waiting": v.Waiting, "moving": v.Moving}
	})
	if err != nil {
		return err
	}
	t.tell("%d leads and %d open runs compared, %d leads differ%s.", out.Leads, out.Runs, out.Different, tallied(out.By))
	if out.Waiting > 0 {
		t.tell("%d have no run yet: the outbox holds their start.", out.Waiting)
	}
	if out.Moving > 0 {
		t.tell("%d changed at each look, and could not be compared: look again in a quieter moment.", out.Moving)
	}
	if out.Different > 0 {
		return &failure{
			what: fmt.Sprintf("%d leads do not stand as their runs say", out.Different), why: "see the list, which says of each what differs from what",
			next: "do what the list says of the first, then look again: others may follow from it", code: ExitFailure,
		}
	}
	return nil
}

// tallied tells how often each thing differs.
func tallied(by map[string]int) string {
	var all []string
	for _, what := range slices.Sorted(maps.Keys(by)) {
		all = append(all, fmt.Sprintf("%s %d", what, by[what]))
	}
	if len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, ", ") + ")"
}

var runColumns = []column[record.RunDifference]{
	{"lead_id", func(d record.RunDifference) any { return d.LeadID }},
	{"what", func(d record.RunDifference) any { return d.What }},
	{"why", func(d record.RunDifference) any { return d.Why }},
	{"do", func(d record.RunDifference) any { return d.Do }},
}
