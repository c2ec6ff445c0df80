package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	rowTries   = 3
	rowTimeout = 10 * time.Second // of a transaction
)

// decideAll captures rows together, or tells what a capture would do of one. Where one of them is to blame they are halved
// until it stands alone, so that its neighbours never fail for it. Trouble of the store is tried again a few times; what is
// left of it is the import's error, so that no row is blamed for it. A row that was erased meanwhile is not answered: it is
// counted by that.
func (j *job) decideAll(ctx context.Context, rows []record.ImportRow, captures map[int]record.Capture) ([]record.ImportRow, error) {
	in := make([]record.Capture, len(rows))
	for i, row := range rows {
		in[i] = captures[row.Row]
	}
	for try := 1; ; try++ {
		out, err := j.commit(ctx, in)
		blamed := errors.Is(err, record.ErrDecided) || blamesData(err)
		switch {
		case err == nil:
			done, later := j.decided(rows, out)
			if len(later) > 0 {
				rest, err := j.decideAll(ctx, later, captures)
				return append(done, rest...), err
			}
			return done, nil
		case blamed && len(rows) > 1:
			half := len(rows) / 2
			first, err := j.decideAll(ctx, rows[:half], captures)
			if err != nil {
				return first, err
			}
			second, err := j.decideAll(ctx, rows[half:], captures)
			return append(first, second...), err
		case errors.Is(err, record.ErrDecided):
			return nil, nil
		case blamed:
			row := rows[0]
			row.State, row.Error = "failed", "cannot be stored"
			return []record.ImportRow{row}, nil
		case try == rowTries || ctx.Err() != nil:
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Duration(try) * 100 * time.Millisecond):
		}
	}
}

// decided notes what became of rows, and which are to come again.
func (j *job) decided(rows []record.ImportRow, out []record.CapturedRow) (done, later []record.ImportRow) {
	for i, row := range rows {
		switch c := out[i]; {
		case c.Later:
			later = append(later, row)
			continue
		case c.Conflict != nil:
			row.State, row.Column, row.Error = "failed", j.reader.columns["external_id"], told(c.Conflict)
		default:
			row.State, row.LeadID, row.Repeated, row.Decided = c.Outcome(), c.LeadID, c.Repeated, !j.imp.DryRun
		}
		done = append(done, row)
	}
	return done, later
}

// commit carries rows out: the people and what became of the rows in one transaction, so that no row is ever counted as
// what it was not. What is under way is finished when the rest is stopped.
func (j *job) commit(ctx context.Context, in []record.Capture) ([]record.CapturedRow, error) {
	j.runner.slots <- struct{}{} // held for rowTimeout at most
	defer func() { <-j.runner.slots }()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rowTimeout)
	defer cancel()
	if !j.imp.DryRun {
		return j.runner.service.deps.Imports.CaptureRows(ctx, in)
	}
	out, err := j.preview(ctx, in[0])
	var conflict *record.IdentityConflict
	if errors.As(err, &conflict) {
		return []record.CapturedRow{{Conflict: conflict}}, nil
	}
	return []record.CapturedRow{{Captured: out}}, err
}

func told(c *record.IdentityConflict) string {
	if c.LeadIDs[0] == "" {
		return "identity_conflict: the address and the external id belong to two people of this file"
	}
	return fmt.Sprintf("identity_conflict: the address and the external id belong to two leads, %s and %s", c.LeadIDs[0], c.LeadIDs[1])
}
