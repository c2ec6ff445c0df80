package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/sequence"
)

// A lead follows the last publication after that of its own version that wants it to: one that wanted who was inside to stay
// leaves them in the version they are in, or were to go to.
const sqlSuccession = `SELECT p.version, p.inside FROM sequence_publications p
WHERE p.name = @sequence AND p.inside <> 'stay' AND p.version <> @version
	AND p.id > coalesce((SELECT max(id) FROM sequence_publications WHERE name = @sequence AND version = @version), 0)
ORDER BY p.id DESC LIMIT 1`

// succession is the version a lead that is in another one is to go on in.
type succession struct {
	Version int
	Inside  sequence.Inside
}

// standingIn is what Postgres says of a version a lead is in: whether it is held, and whether another one follows.
type standingIn struct {
	holds sequence.Holds
	next  []succession // one at most
}

// queuePlace reads it. Since is when the lead came to where it rests.
func queuePlace(b *pgx.Batch, into *standingIn, lead, name string, version int, since time.Time) {
	args := pgx.NamedArgs{"id": lead, "sequence": name, "version": version, "since": since}
	b.Queue(sqlHolds, args).Query(func(rows pgx.Rows) (err error) {
		into.holds, err = collectHolds(rows)
		return err
	})
	b.Queue(sqlSuccession, args).Query(func(rows pgx.Rows) (err error) {
		into.next, err = pgx.CollectRows(rows, pgx.RowToStructByName[succession])
		return err
	})
}

// settle takes the lead to the version that follows the one it is in, if one does. A version it entered just now, or was
// found in although its run did not know, is looked up again.
func (g *going) settle(ctx context.Context, q querier, at sequence.Position) (sequence.Position, error) {
	if g.version != g.c.Position.Version {
		if err := g.look(ctx, q, at.Since); err != nil {
			return at, err
		}
	}
	if len(g.place.next) == 0 {
		return at, nil
	}
	next, older, left := g.place.next[0], g.doc, g.place.holds
	if err := g.take(ctx, q, next.Version); err != nil {
		return at, err
	}
	switch {
	case next.Inside == sequence.Restart || at.Step == "":
		at = sequence.Position{}
	default:
		if step := older.Successor(at.Step, *g.doc); step != at.Step {
			at = sequence.Position{Step: step, Since: g.c.At}
		}
	}
	if err := g.look(ctx, q, at.Since); err != nil {
		return at, err
	}
	for _, h := range left {
		if h.To.IsZero() { // it was left by leaving the version
			h.To, h.Policy = g.c.At, sequence.Shift
		}
		g.place.holds = append(g.place.holds, h)
	}
	slices.SortStableFunc(g.place.holds, func(a, b sequence.Hold) int { return a.From.Compare(b.From) })
	return at, nil
}

func (g *going) look(ctx context.Context, q querier, since time.Time) error {
	b := &pgx.Batch{}
	queuePlace(b, &g.place, g.n.ID, g.c.Position.Sequence, g.version, since)
	return q.SendBatch(ctx, b).Close()
}

// Who begins a version anew, or enters again, gets its mails anew.
const sqlMailedBefore = `SELECT EXISTS (SELECT FROM deliveries WHERE lead_id = @lead AND cycle = @cycle AND sequence = @sequence AND step = @step AND sequence_version <> @version
	AND created_at > greatest(@since::timestamptz, (SELECT max(at) FROM sequence_publications WHERE name = @sequence AND inside = 'restart')))`

// mailedBefore reports whether the lead got this mail in this cycle from another version of the sequence.
func (g *going) mailedBefore(ctx context.Context, q querier, step string) (before bool, err error) {
	if g.n.Publications < 2 {
		return false, nil
	}
	var since time.Time
	if g.entry > 1 && g.run != nil {
		since = g.run.EnteredAt
	}
	rows, _ := q.Query(ctx, sqlMailedBefore, pgx.NamedArgs{
		"lead": g.n.ID, "cycle": g.c.Cycle, "sequence": g.c.Position.Sequence, "version": g.version, "step": step, "since": since,
	})
	return pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
}

const sqlLeaveOut = `INSERT INTO deliveries (id, key, lane, channel, kind, state, code, lead_id, cycle, sequence, sequence_version, step)
VALUES (@delivery, @key, 'bulk', 'mail', 'nurture', 'expired', 'held', @lead, @cycle, @sequence, @version, @step) ON CONFLICT (key) DO NOTHING`

// leaveOut notes in the ledger the mails that came due while the lead was held, so that nobody looks for them and they are
// never sent.
func (g *going) leaveOut(b *pgx.Batch, steps []string) {
	for _, step := range steps {
		b.Queue(sqlLeaveOut, pgx.NamedArgs{
			"delivery": newID(), "key": g.key("mail", step), "lead": g.n.ID, "cycle": g.c.Cycle,
			"sequence": g.c.Position.Sequence, "version": g.version, "step": step,
		})
	}
}
