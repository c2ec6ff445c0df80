package store

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

// A lead follows the last publication after that of its own version that wants it to: one that wanted who was inside to stay
// leaves them in the version they are in, or were to go to.
const sqlSuccession = `SELECT p.version, p.inside, q.document FROM sequence_publications p JOIN sequences q USING (name, version)
WHERE p.name = @sequence AND p.inside <> 'stay' AND p.version <> @version
	AND p.id > coalesce((SELECT max(id) FROM sequence_publications WHERE name = @sequence AND version = @version), 0)
ORDER BY p.id DESC LIMIT 1`

// succession is the version a lead that is in another one is to go on in.
type succession struct {
	Version  int
	Inside   sequence.Inside
	Document []byte
}

// follow takes the wish to the version that followed: its position, its document, and its holds after those the lead went
// through before.
func (s *Store) follow(ctx context.Context, q querier, c *lifecycle.Command, older sequence.Sequence, holds sequence.Holds, next succession) (sequence.Sequence, sequence.Holds, error) {
	newer, err := documentOf(next.Document)
	if err != nil {
		return newer, nil, err
	}
	c.Position.Version = next.Version
	switch {
	case next.Inside == sequence.Restart || c.Position.Step == "":
		c.Position.Step, c.Position.Since = "", c.At
	default:
		if step := older.Successor(c.Position.Step, newer); step != c.Position.Step {
			c.Position.Step, c.Position.Since = step, c.At
		}
	}
	for i := range holds {
		if holds[i].To.IsZero() { // it was left by leaving the version
			holds[i].To, holds[i].Policy = c.At, sequence.Shift
		}
	}
	rows, _ := q.Query(ctx, sqlHolds, pgx.NamedArgs{
		"id": leadOf(*c), "sequence": c.Position.Sequence, "version": c.Position.Version, "since": c.Position.Since,
	})
	theirs, err := collectHolds(rows)
	holds = append(holds, theirs...)
	slices.SortStableFunc(holds, func(a, b sequence.Hold) int { return a.From.Compare(b.From) })
	return newer, holds, err
}

// Who begins a version anew gets its mails anew.
const sqlMailedBefore = `SELECT EXISTS (SELECT FROM deliveries WHERE lead_id = @lead AND cycle = @cycle AND sequence = @sequence AND step = @step AND sequence_version <> @version
	AND created_at > coalesce((SELECT max(at) FROM sequence_publications WHERE name = @sequence AND inside = 'restart'), '-infinity'))`

// mailedNot is the mail, unless the lead got it in this cycle from another version of the sequence.
func mailedNot(ctx context.Context, q querier, n nurtured, c lifecycle.Command, step string) (string, error) {
	if step == "" || n.Publications < 2 {
		return step, nil
	}
	rows, _ := q.Query(ctx, sqlMailedBefore, pgx.NamedArgs{
		"lead": leadOf(c), "cycle": c.Cycle, "sequence": c.Position.Sequence, "version": c.Position.Version, "step": step,
	})
	before, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if before {
		step = ""
	}
	return step, err
}

const sqlHeldUp = `UPDATE leads SET held_up_at = coalesce(held_up_at, now()) WHERE id = @id`

const sqlLeaveOut = `INSERT INTO deliveries (id, key, lane, channel, kind, state, code, lead_id, cycle, sequence, sequence_version, step)
VALUES (@delivery, @key, 'bulk', 'mail', 'nurture', 'expired', 'held', @lead, @cycle, @sequence, @version, @step) ON CONFLICT (key) DO NOTHING`

// queueLeft notes in the ledger the mails that are left out, so that nobody looks for them and they are never sent.
func (s *Store) queueLeft(b *pgx.Batch, c lifecycle.Command, steps []string) {
	for _, step := range steps {
		b.Queue(sqlLeaveOut, pgx.NamedArgs{
			"delivery": newID(), "key": mailKey(c, step), "lead": leadOf(c), "cycle": c.Cycle,
			"sequence": c.Position.Sequence, "version": c.Position.Version, "step": step,
		})
	}
}
