package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

// going is one command to go on under way.
type going struct {
	s       *Store
	c       lifecycle.Command
	asked   *sequence.Sequence // the version of the command
	doc     *sequence.Sequence // the version the lead is in, and
	version int                // which that is
	h       *handing
	policy  lifecycle.Policy

	n      nurtured
	place  standingIn
	run    *sequenceRun // of this cycle; nil: the lead has not entered
	ledger nurtureLedger
	events []happening
	entry  int // which entry into the sequence this is

	out lifecycle.Move
}

// GoOn moves the lead on from the command's position to its next rest, queueing at most one mail under the ledger key
// (lead, cycle, sequence version, step), and does what the steps on the way say. The same command again does nothing and answers
// the same. A lead that has been in the sequence in this cycle goes on where it was, in the version it entered, or is told
// that it is done; one that enters a version which was retired meanwhile enters the published one.
func (s *Store) GoOn(ctx context.Context, c lifecycle.Command) (lifecycle.Move, error) {
	doc, err := s.script(ctx, s.pool, c.Position.Sequence, c.Position.Version)
	if err != nil {
		return lifecycle.Move{}, err
	}
	g := &going{s: s, c: c, asked: doc, h: s.handing()}
	err = s.brief(ctx, "go on in the sequence", g.read, func(q querier, b *pgx.Batch) error {
		g.h.again()
		return g.write(ctx, q, b)
	})
	g.h.end(err)
	return g.out, err
}

func (g *going) write(ctx context.Context, q querier, b *pgx.Batch) error {
	if g.n.Stage == lifecycle.StageErased {
		return record.ErrErased
	}
	if g.run != nil && g.run.Command == g.c.ID {
		g.out = g.run.Answer // this very wish, carried out before
		return nil
	}
	var err error
	if g.policy, err = policyOf(g.n.Policy); err != nil {
		return err
	}
	if rest := g.awaitsConsent(); rest > 0 {
		g.out = lifecycle.Move{Position: g.c.Position, At: g.c.At.Add(rest).UTC()}
		return nil
	}
	at, why, err := g.enter(ctx, q)
	if err != nil {
		return err
	}
	if why != "" {
		g.out = lifecycle.Move{Done: true, Why: why, Position: g.c.Position}
		return nil
	}
	if at, err = g.settle(ctx, q, at); err != nil {
		return err
	}
	move := sequence.Next(*g.doc, at, g.facts(), g.c.At)
	g.leaveOut(b, move.Left)
	if err := g.effects(ctx, q, b, &move); err != nil {
		return err
	}
	if err := g.mail(ctx, q, b, &move); err != nil {
		return err
	}
	g.out = g.answer(move)
	g.keep(b, move)
	g.want(b, move)
	return nil
}

// mail queues the mail of the move, unless another version has sent it.
func (g *going) mail(ctx context.Context, q querier, b *pgx.Batch, m *sequence.Move) error {
	step, ok := g.doc.Step(m.Mail)
	if !ok {
		return nil
	}
	before, err := g.mailedBefore(ctx, q, m.Mail)
	switch {
	case err != nil:
		return err
	case before:
		m.Mail = ""
		return nil
	}
	return g.queueMail(ctx, q, b, step)
}

// answer is the move as the run knows it.
func (g *going) answer(m sequence.Move) lifecycle.Move {
	out := lifecycle.Move{Mail: m.Mail, Done: m.Done, Why: m.Why, Position: g.c.Position}
	out.Position.Version = g.version
	if !m.Done {
		out.Position.Step, out.Position.Since, out.At = m.Rest.Step, m.Rest.Since.UTC(), m.At.UTC()
	}
	return out
}

// The clock of a run may be ahead of ours.
const sqlWantTouch = `UPDATE leads SET touch_wanted = @types, touch_since = least(@since::timestamptz, now()) WHERE id = @id`

// want notes what the lead rests for: an engagement of a type, or a band.
func (g *going) want(b *pgx.Batch, m sequence.Move) {
	wanted := slices.Clone(m.Any)
	for _, band := range m.Bands {
		wanted = append(wanted, touchBand+band)
	}
	same := g.n.TouchSince != nil && g.n.TouchSince.Equal(m.Rest.Since)
	if slices.Equal(g.n.TouchWanted, wanted) && (len(wanted) == 0 || same) {
		return
	}
	b.Queue(sqlWantTouch, pgx.NamedArgs{"id": g.n.ID, "types": wanted, "since": m.Rest.Since})
}

// errGone answers a read of a person who is not there any more.
func errGone(stage lifecycle.Stage) error {
	if stage == lifecycle.StageErased {
		return record.ErrErased
	}
	return nil
}

// happening is an event as the conditions of a sequence see it.
type happening struct {
	Type       string
	OccurredAt time.Time
}
