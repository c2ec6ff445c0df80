package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

func within(stage lifecycle.Stage, stages []lifecycle.Stage) bool {
	for _, s := range stages {
		if s == stage {
			return true
		}
	}
	return false
}

// leadOf reads the lead's id out of a command's: <lead>/<cycle>/<wish>.
func leadOf(c lifecycle.Command) string { return c.ID[:min(36, len(c.ID))] }

// Offer chooses a rep by the published routing document, computes the SLA clocks in business time and writes assignment, routing ledger,
// explanation and alert deliveries, once per command. Where many are asked for at once they are decided in few transactions.
func (s *Store) Offer(ctx context.Context, c lifecycle.Command) (record.Granted, error) {
	stages := []lifecycle.Stage{lifecycle.StageQualified, lifecycle.StageHandoff, lifecycle.StageNurturing, lifecycle.StageCaptured}
	of := choiceOf(c, stages, "offered", func(_ context.Context, g *sitting, ch *choice) (string, error) {
		ch.among = g.routed(ch)
		return "", nil
	})
	if out, done, err := s.room.decide(ctx, s, of); done {
		return out, err
	}
	return s.alone(ctx, "offer", of)
}

// routed is what the lead is routed by: the published document or, while there is none, everybody in turn, of the lead's team
// where it has one.
func (g *sitting) routed(ch *choice) *routed {
	r := &routed{version: g.office.route, doc: g.office.document}
	if r.version > 0 {
		r.in.Facts, r.domain = factsOf(r.doc, ch.lead.routedPerson, ch.score)
	} else if ch.lead.teamID != nil {
		r.doc.Pools = map[string]routing.Pool{routing.PoolEverybody: {Strategy: routing.RoundRobin, Team: *ch.lead.teamID}}
	}
	return r
}

// untold says of an assignment that no run has told of it: it was granted to an attempt that was lost, or is on its way to the run.
const untold = `(SELECT count(*) FROM timeline t WHERE t.lead_id = a.lead_id AND t.of_run AND t.assignment_id = a.id) = 0`

// A lead that waits in the queue has nobody, however often it was accepted before. Who has taken it all the same has taken it untold.
const sqlTaken = `SELECT a.id::text, a.rep_id::text, a.team_id::text, a.offered_at FROM assignments a
WHERE a.lead_id = @lead AND a.cycle = @cycle AND a.state = 'accepted' AND ` + untold + ` ORDER BY a.n LIMIT 1`

// taken is by whom the lead was taken out of the queue meanwhile; nil: by nobody.
func (g *sitting) taken(ctx context.Context, ch *choice) (by *lifecycle.Offer, err error) {
	rows, _ := g.x.Query(ctx, sqlTaken, pgx.NamedArgs{"lead": ch.leadID, "cycle": ch.c.Cycle})
	var id, rep string
	var team *string
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &rep, &team, &at}, func() error {
		by = offerOf(id, rep, team, at, nil, []lifecycle.Clock{})
		return nil
	})
	return by, err
}

// Claim gives a queued lead to the active rep of its team who took it first, unless they have as many as they may. Who means an
// offer that is over is told so: they may not know that others had it since.
func (s *Store) Claim(ctx context.Context, c lifecycle.Command) (record.Granted, error) {
	return s.alone(ctx, "claim", choiceOf(c, []lifecycle.Stage{lifecycle.StageQualified}, "accepted", func(ctx context.Context, g *sitting, ch *choice) (string, error) {
		rep, there := g.office.rep(c.Rep)
		if !there || !rep.Active || ch.lead.teamID != nil && (rep.Team == nil || *rep.Team != *ch.lead.teamID) {
			return lifecycle.CodeUnknownRep, nil
		}
		taken, err := g.taken(ctx, ch)
		switch {
		case err != nil:
			return "", err
		case taken != nil && taken.Rep == c.Rep: // by an attempt of theirs that was lost
			ch.answer(record.Granted{Offer: taken})
			return "", nil
		case taken != nil:
			return lifecycle.CodeAlreadyDecided, nil
		case c.Assignment != "":
			return lifecycle.CodeOfferOver, nil
		}
		if full, err := g.full(rep, ch.leadID); full || err != nil {
			return lifecycle.CodeAtCapacity, err
		}
		ch.rep = c.Rep
		return "", nil
	}))
}

// full reports that a rep has as many leads as they may beside this one, counted under their lock.
func (g *sitting) full(rep colleague, leadID string) (bool, error) {
	if rep.Capacity == nil && rep.PerDay == nil {
		return false, nil
	}
	b := &pgx.Batch{}
	b.Queue(sqlLockReps, pgx.NamedArgs{"reps": []string{rep.ID}})
	b.Queue(sqlCounts, pgx.NamedArgs{"reps": []string{rep.ID}, "all": []string{}, "besides": leadID}).Query(g.counts.collectLeads)
	if err := g.x.send(b); err != nil {
		return false, err
	}
	h := g.counts.has[rep.ID]
	return rep.Capacity != nil && *h.open >= *rep.Capacity || rep.PerDay != nil && *h.today >= *rep.PerDay, nil
}

// Assign gives a lead at work to another rep, or to the next of another team.
func (s *Store) Assign(ctx context.Context, c lifecycle.Command) (record.Granted, error) {
	stages := []lifecycle.Stage{lifecycle.StageWorking, lifecycle.StageOpportunity}
	return s.alone(ctx, "assign", choiceOf(c, stages, "accepted", func(_ context.Context, g *sitting, ch *choice) (string, error) {
		if c.Rep == "" {
			ch.among = &routed{doc: routing.OfTeam(c.Team)}
			return "", nil
		}
		if rep, there := g.office.rep(c.Rep); !there || !rep.Active {
			return lifecycle.CodeUnknownRep, nil
		}
		ch.rep = c.Rep
		return "", nil
	}))
}
