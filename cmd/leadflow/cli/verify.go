package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// defaultSample is how many leads --verify-scores recomputes when it is not told.
const defaultSample = "1000"

// maxShown bounds what is listed of differences; all are counted.
const maxShown = 1000

// verifyScores recomputes scores and shows what differs; the failure says that something does.
func (t *tool) verifyScores(ctx context.Context, which string) error {
	sample, err := strconv.Atoi(which)
	if which == "all" {
		sample, err = 0, nil
	} else if err == nil && sample < 1 {
		err = strconv.ErrRange
	}
	if err != nil {
		return misused("--verify-scores takes a number of leads, or all", "leadflow doctor --verify-scores=all")
	}
	out, err := differences(ctx, t, differenceColumns, func(cfg app.Config, tell func(record.ScoreDifference), at func(done, total int)) (record.Verified, error) {
		return t.engine.verifyScores(ctx, cfg, sample, tell, at)
	}, func(v record.Verified) fields {
		return fields{"leads": v.Leads, "different": v.Different, "unknown": v.Unknown}
	})
	if err != nil {
		return err
	}
	t.tell("%d scores recomputed, %d differ.", out.Leads, out.Different)
	if out.Unknown > 0 {
		t.tell("%d could not be verified: they are not what their events give, and their oldest events are no longer kept.", out.Unknown)
	}
	if out.Different > 0 {
		return &failure{
			what: fmt.Sprintf("%d of %d scores are not what their events give", out.Different, out.Leads), why: "a score was written by somebody else, or Leadflow has a defect",
			next: "keep the list and report it; publishing a model with a changed rule folds that rule anew from events", code: ExitFailure,
		}
	}
	return nil
}

// differences has something verified and shows the first of what differs, beside what was counted.
func differences[D, R any](ctx context.Context, t *tool, columns []column[D],
	check func(cfg app.Config, tell func(D), at func(done, total int)) (R, error), counted func(R) fields,
) (out R, err error) {
	cfg, err := t.engine.load()
	if err != nil {
		return out, err
	}
	bar, began := t.newBar("verified"), t.now()
	shown := []D{}
	out, err = check(cfg, func(d D) {
		if len(shown) < maxShown {
			shown = append(shown, d)
		}
	}, func(done, total int) { bar.at(done, total, pace(done, t.now().Sub(began)), 0) })
	bar.end()
	if err == nil && (len(shown) > 0 || t.format != formatTable) { // else there is no table to show
		body := counted(out)
		body["items"] = shown
		err = showAll(t, asJSON(body), shown, columns)
	}
	return out, err
}

// pace is how many a second.
func pace(done int, took time.Duration) float64 {
	if took <= 0 {
		return 0
	}
	return float64(done) / took.Seconds()
}

var differenceColumns = []column[record.ScoreDifference]{
	{"lead_id", func(d record.ScoreDifference) any { return d.LeadID }},
	{"part", func(d record.ScoreDifference) any { return d.Part }},
	{"stored", func(d record.ScoreDifference) any { return excerpt{d.Stored, parting(d)} }},
	{"recomputed", func(d record.ScoreDifference) any { return excerpt{d.Recomputed, parting(d)} }},
}

// parting is where the two begin to differ: accumulators are thousands of characters long.
func parting(d record.ScoreDifference) (n int) {
	for n < min(len(d.Stored), len(d.Recomputed)) && d.Stored[n] == d.Recomputed[n] {
		n++
	}
	return n
}
