package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// verifyRuns compares leads with their runs and shows what differs; the failure says that something does.
func (t *tool) verifyRuns(ctx context.Context) error {
	cfg, err := t.engine.load()
	if err != nil {
		return err
	}
	bars, began := map[string]*bar{}, t.now()
	shown := []record.RunDifference{}
	out, err := t.engine.verifyRuns(ctx, cfg, func(d record.RunDifference) {
		if len(shown) < maxShown {
			shown = append(shown, d)
		}
	}, func(what string, done, total int) {
		if bars[what] == nil {
			bars[what] = t.newBar(what)
		}
		bars[what].at(done, total, pace(done, t.now().Sub(began)), 0)
	})
	for _, b := range bars {
		b.end()
	}
	if err != nil {
		return err
	}
	if len(shown) > 0 || t.format != formatTable { // else there is no table to show
		body := asJSON(fields{
			"leads": out.Leads, "runs": out.Runs, "different": out.Different, "by": out.By, "waiting": out.Waiting, "moving": out.Moving, "items": shown,
		})
		if err := showAll(t, body, shown, runColumns); err != nil {
			return err
		}
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
