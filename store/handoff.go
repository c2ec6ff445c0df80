package store

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/deadline"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

// assignmentSpace makes the id of an assignment out of the command that asked for it.
var assignmentSpace = uuid.MustParse("6f1d3f2e-90c5-5d0e-8a47-3a4f3b0f7c11")

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
// explanation and alert deliveries, once per command.
func (s *Store) Offer(ctx context.Context, c lifecycle.Command) (record.Granted, error) {
	stages := []lifecycle.Stage{lifecycle.StageQualified, lifecycle.StageHandoff, lifecycle.StageNurturing, lifecycle.StageCaptured}
	return s.route(ctx, "offer", c, stages, "offered", func(ch *choice) (string, string, error) {
		rep, err := ch.choose(ctx, ch.routed())
		return rep, record.CodeNoRep, err
	})
}

// routed is what the lead is routed by: the published document or, while there is none, everybody in turn, of the lead's team
// where it has one.
func (ch *choice) routed() routed {
	r := routed{version: ch.office.route, doc: ch.office.document}
	if r.version > 0 {
		r.in.Facts, r.domain = factsOf(r.doc, ch.lead.routedPerson, ch.score)
	} else if ch.lead.teamID != nil {
		r.doc.Pools = map[string]routing.Pool{routing.PoolEverybody: {Strategy: routing.RoundRobin, Team: *ch.lead.teamID}}
	}
	return r
}

// Who has taken it in this cycle before: a lead that waits in the queue has nobody, so its run has not heard of it yet.
const sqlTaken = `SELECT count(*)::int FROM assignments WHERE lead_id = @lead AND cycle = @cycle AND state = 'accepted'`

// taken is how often the lead was taken in this cycle.
func (ch *choice) taken(ctx context.Context) (int, error) {
	rows, _ := ch.x.Query(ctx, sqlTaken, pgx.NamedArgs{"lead": ch.leadID, "cycle": ch.c.Cycle})
	return pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
}

// Claim gives a queued lead to the active rep of its team who took it first.
func (s *Store) Claim(ctx context.Context, c lifecycle.Command) (record.Granted, error) {
	return s.route(ctx, "claim", c, []lifecycle.Stage{lifecycle.StageQualified}, "accepted", func(ch *choice) (string, string, error) {
		rep, there := ch.office.rep(c.Rep)
		if !there || !rep.Active || ch.lead.teamID != nil && (rep.Team == nil || *rep.Team != *ch.lead.teamID) {
			return "", lifecycle.CodeUnknownRep, nil
		}
		taken, err := ch.taken(ctx)
		if err != nil || taken > 0 {
			return "", lifecycle.CodeAlreadyDecided, err
		}
		return c.Rep, "", nil
	})
}

// Assign gives a lead at work to another rep, or to the next of another team.
func (s *Store) Assign(ctx context.Context, c lifecycle.Command) (record.Granted, error) {
	stages := []lifecycle.Stage{lifecycle.StageWorking, lifecycle.StageOpportunity}
	return s.route(ctx, "assign", c, stages, "accepted", func(ch *choice) (string, string, error) {
		if c.Rep == "" {
			rep, err := ch.choose(ctx, routed{doc: routing.OfTeam(c.Team)})
			return rep, record.CodeNoRep, err
		}
		if rep, there := ch.office.rep(c.Rep); !there || !rep.Active {
			return "", lifecycle.CodeUnknownRep, nil
		}
		return c.Rep, "", nil
	})
}

// What a decision leaves behind: the ledger's row where it chose, the assignment, and its terms, the band also where no policy asks
// for it, for reports do.
const (
	theAssignment = `INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, team_id, state, offered_at, due_at, clocks, decided_at,
		model_version, score, explanation)
	VALUES (@id, @key, @lead, @cycle, @n, @rep, @team, @state, @at, @due, @clocks, @decided, @model, @score, @explanation) RETURNING id`
	theTerms   = `INSERT INTO assignment_terms (assignment_id, band, rule) SELECT id, @band, @terms FROM made`
	sqlAssign  = `WITH made AS (` + theAssignment + `) ` + theTerms
	sqlDecided = `WITH kept AS (` + sqlLedger + `), made AS (` + theAssignment + `) ` + theTerms
)

// An offer that is still open is over as soon as the next is made: there is one at a time.
const sqlEndOpen = `UPDATE assignments SET state = 'withdrawn', decided_at = now(), reason = 'withdrawn'
WHERE lead_id = @lead AND state = 'offered'`

// assign queues the assignment with what was known at this moment, and tells the rep.
func (ch *choice) assign(ctx context.Context, h *handing, repID, state string) (*lifecycle.Offer, error) {
	c, explained := ch.c, ch.score
	rep, _ := ch.office.rep(repID)
	id, at := uuid.NewSHA1(assignmentSpace, []byte(c.ID)).String(), c.At.Truncate(time.Microsecond) // as Postgres keeps it
	args := pgx.NamedArgs{
		"id": id, "key": c.ID, "lead": ch.leadID, "cycle": c.Cycle, "n": c.N, "rep": repID, "team": rep.Team, "state": state, "at": at, "due": nil,
		"decided": nil, "model": nil, "score": explained.Score, "band": ch.band,
	}
	maps.Copy(args, ch.ledger)
	alerted := record.AlertData{LeadID: ch.leadID, Cycle: c.Cycle, AssignmentID: id, RepID: repID, Score: explained.Score}
	clocks := []lifecycle.Clock{}
	if state == "offered" {
		var due time.Time
		var err error
		if clocks, due, err = ch.clocks(ctx, rep); err != nil {
			return nil, err
		}
		due = due.Truncate(time.Microsecond)
		args["due"], alerted.DueAt = due, &due
	} else {
		args["decided"] = at
	}
	raw, err := json.Marshal(explained)
	if err != nil {
		return nil, err
	}
	args["clocks"], args["terms"], args["explanation"] = clocks, ch.rule, raw
	if explained.Model > 0 {
		args["model"] = explained.Model
	}
	if ch.open {
		ch.last.Queue(sqlEndOpen, pgx.NamedArgs{"lead": ch.leadID})
	}
	if ch.ledger != nil {
		ch.last.Queue(sqlDecided, args)
	} else {
		ch.last.Queue(sqlAssign, args)
	}
	offer := offerOf(id, repID, rep.Team, at, alerted.DueAt, clocks)
	if !ch.lead.alert {
		return offer, nil
	}
	return offer, tellSales(ch.last, h, alert{
		kind: alertOf(c.Kind, state), key: c.ID, AlertData: alerted, whys: record.Whys(explained.Items, whysShown), unheard: !ch.office.hooks,
	})
}

// clocks are the deadlines of an offer by the terms of the lead, in business time of the rep.
func (ch *choice) clocks(ctx context.Context, rep colleague) ([]lifecycle.Clock, time.Time, error) {
	o := ch.office
	hours, err := ch.s.hoursOf(ctx, ch.x, o, rep)
	if err != nil {
		return nil, time.Time{}, err
	}
	w := lifecycle.Whose{Band: ch.band, Source: ch.lead.source}
	for _, team := range []*string{ch.lead.teamID, rep.Team} { // the rep's, where they have one
		if team != nil {
			w.Team = o.teams[*team].name
		}
	}
	t := terms{o.policy.SLA.For(w), o.policy.SLA.Rule(w)}
	ch.rule = t.rule
	return deadline.Offer(hours, o.policy, t.sla, ch.c.At)
}

func alertOf(k lifecycle.CommandKind, state string) string {
	if k == lifecycle.CommandAssign {
		return "assigned"
	}
	if state == "accepted" {
		return "claimed"
	}
	return "offer"
}
