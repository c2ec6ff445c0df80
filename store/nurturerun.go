package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

// sequenceRun is how a lead stands in a sequence in one cycle.
type sequenceRun struct {
	Version   int
	Entry     int
	EnteredAt time.Time
	Step      string
	Since     *time.Time
	LeftAt    *time.Time
	Command   string
	Answer    lifecycle.Move
}

const sqlSequenceRun = `SELECT version, entry, entered_at, step, since, left_at, command, answer FROM sequence_runs
WHERE lead_id = @id AND cycle = @cycle AND sequence = @sequence`

// Why a lead does not enter a sequence.
const (
	whyEntered = "entered" // it has been there in this cycle
	whyRetired = "retired" // nobody enters any more
)

// enter finds where the lead goes on. A run that knows no step has not entered, or was lost and begins anew: then the lead
// goes on where it was. why says that it does not enter.
func (g *going) enter(ctx context.Context, q querier) (at sequence.Position, why string, err error) {
	p, run := g.c.Position, g.run
	if g.entry = 1; run != nil {
		g.entry = run.Entry
	}
	switch {
	case p.Step != "":
		return sequence.Position{Step: p.Step, Since: p.Since}, "", nil
	case run != nil && run.LeftAt == nil:
		at = sequence.Position{Step: run.Step}
		if run.Since != nil {
			at.Since = *run.Since
		}
		return at, "", g.take(ctx, q, run.Version)
	case run != nil && g.doc.Entry.Reentry != sequence.ReentryAlways:
		return at, whyEntered, nil
	case run != nil:
		g.entry++
		g.run = &sequenceRun{EnteredAt: g.c.At}
	}
	if g.n.State != "published" {
		why, err = g.takePublished(ctx, q)
	}
	return at, why, err
}

const sqlPublishedVersion = `SELECT version FROM sequences WHERE name = @name AND state = 'published'`

// takePublished goes on in the version that leads enter now.
func (g *going) takePublished(ctx context.Context, q querier) (why string, err error) {
	rows, _ := q.Query(ctx, sqlPublishedVersion, pgx.NamedArgs{"name": g.c.Position.Sequence})
	version, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
	if errors.Is(err, pgx.ErrNoRows) {
		return whyRetired, nil
	}
	if err != nil {
		return "", err
	}
	return "", g.take(ctx, q, version)
}

// take goes on in another version than the command says, and reads what that one asks about.
func (g *going) take(ctx context.Context, q querier, version int) (err error) {
	if version == g.version {
		return nil
	}
	g.version = version
	if g.doc, err = g.s.script(ctx, q, g.c.Position.Sequence, version); err != nil {
		return err
	}
	args, any := g.asks()
	if !any {
		g.events = nil
		return nil
	}
	rows, _ := q.Query(ctx, sqlEngagedSince, args)
	return g.engaged(rows)
}

const sqlKeepSequenceRun = `INSERT INTO sequence_runs AS r (lead_id, cycle, sequence, version, entry, entered_at, step, since, due_at, left_at, why, command, answer, held_up_at)
VALUES (@id, @cycle, @sequence, @version, @entry, @at, @step, @since, @due, @left, @why, @command, @answer, CASE WHEN @held THEN now() END)
ON CONFLICT (lead_id, cycle, sequence) DO UPDATE SET version = EXCLUDED.version, step = EXCLUDED.step, since = EXCLUDED.since,
	due_at = EXCLUDED.due_at, left_at = EXCLUDED.left_at, why = EXCLUDED.why, command = EXCLUDED.command, answer = EXCLUDED.answer,
	held_up_at = EXCLUDED.held_up_at,
	entered_at = CASE WHEN EXCLUDED.entry > r.entry THEN EXCLUDED.entered_at ELSE r.entered_at END, entry = EXCLUDED.entry`

// keep writes where the lead is now.
func (g *going) keep(b *pgx.Batch, m sequence.Move) {
	args := pgx.NamedArgs{
		"id": g.n.ID, "cycle": g.c.Cycle, "sequence": g.c.Position.Sequence, "version": g.version, "entry": g.entry, "at": g.c.At,
		"step": m.Rest.Step, "since": nil, "due": nil, "left": nil, "why": m.Why, "command": g.c.ID, "answer": g.out, "held": m.Held,
	}
	if m.Done {
		args["left"] = g.c.At
	} else {
		args["since"], args["due"] = m.Rest.Since, m.At
	}
	b.Queue(sqlKeepSequenceRun, args)
}

// entryStep names a step of one entry into a sequence.
func entryStep(entry int, step string) string { return fmt.Sprintf("%d/%s", entry, step) }
