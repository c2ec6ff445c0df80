package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

// assignmentSpace makes the id of an assignment out of the command that asked for it.
var assignmentSpace = uuid.MustParse("6f1d3f2e-90c5-5d0e-8a47-3a4f3b0f7c11")

// routingLock serialises the choice of reps: whoever counts turns and open leads must not be overtaken, not by another
// choice and not by a change of who is there to be chosen.
const routingLock = 7217101

type offered struct {
	ID        string
	RepID     string
	TeamID    *string
	State     string
	OfferedAt time.Time
	DueAt     *time.Time
	Clocks    []lifecycle.Clock
}

func (o offered) offer() *lifecycle.Offer {
	out := &lifecycle.Offer{Assignment: o.ID, Rep: o.RepID, At: o.OfferedAt.UTC(), Clocks: o.Clocks}
	if o.TeamID != nil {
		out.Team = *o.TeamID
	}
	if o.DueAt != nil {
		out.DueAt = o.DueAt.UTC()
	}
	return out
}

const sqlOfferByKey = `SELECT id, rep_id, team_id, state, offered_at, due_at, clocks FROM assignments WHERE key = @key`

// granted finds what a command was granted before.
func granted(ctx context.Context, tx pgx.Tx, key string) (*lifecycle.Offer, error) {
	rows, _ := tx.Query(ctx, sqlOfferByKey, pgx.NamedArgs{"key": key})
	o, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[offered])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return o.offer(), err
}

const sqlLockRouting = `SELECT pg_advisory_xact_lock(@lock)`

const sqlLeadToRoute = `SELECT stage, cycle, team_id, alert FROM leads WHERE id = @id FOR NO KEY UPDATE`

type leadToRoute struct {
	Stage  lifecycle.Stage
	Cycle  int
	TeamID *string
	Alert  bool
}

// route runs a decision about who gets the lead: serialised, once per command, and only while the lead is where the
// command took it to be.
func (s *Store) route(ctx context.Context, op string, c lifecycle.Command, stages []lifecycle.Stage,
	decide func(tx pgx.Tx, leadID string, lead leadToRoute) (record.Granted, error),
) (record.Granted, error) {
	leadID := leadOf(c)
	var out record.Granted
	err := s.tx(ctx, op, func(tx pgx.Tx) error {
		out = record.Granted{}
		if _, err := tx.Exec(ctx, sqlLockRouting, pgx.NamedArgs{"lock": routingLock}); err != nil {
			return err
		}
		before, err := granted(ctx, tx, c.ID)
		if err != nil || before != nil {
			out.Offer = before
			return err
		}
		rows, _ := tx.Query(ctx, sqlLeadToRoute, pgx.NamedArgs{"id": leadID})
		lead, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[leadToRoute])
		if err != nil {
			return err
		}
		if lead.Stage == lifecycle.StageErased {
			return record.ErrErased
		}
		if lead.Cycle != c.Cycle || !within(lead.Stage, stages) {
			out.Code = "too_late"
			return nil
		}
		out, err = decide(tx, leadID, lead)
		return err
	})
	return out, err
}

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

const sqlCandidates = `SELECT r.id AS rep_id, r.turn, r.capacity,
	(SELECT count(*) FROM leads l WHERE l.owner = r.id AND l.stage IN ('handoff', 'working', 'opportunity'))
	+ (SELECT count(*) FROM assignments a JOIN leads l ON l.id = a.lead_id
		WHERE a.rep_id = r.id AND a.state = 'offered' AND l.owner IS DISTINCT FROM r.id) AS open
FROM reps r WHERE r.active AND (@team::uuid IS NULL OR r.team_id = @team) ORDER BY r.id`

const sqlLedger = `INSERT INTO routings (lead_id, key, candidates, rep_id, why) VALUES (@lead, @key, @candidates, @rep, @why)`

const sqlTakeTurn = `UPDATE reps SET turn = nextval('routing_turn') WHERE id = @rep`

// choose picks the next rep and writes the ledger; empty when nobody may.
func choose(ctx context.Context, tx pgx.Tx, leadID string, team *string, c lifecycle.Command) (string, error) {
	rows, _ := tx.Query(ctx, sqlCandidates, pgx.NamedArgs{"team": team})
	candidates, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[routing.Candidate])
	if err != nil {
		return "", err
	}
	ledger, rep := routing.Choose(candidates, c.Exclude)
	if ledger == nil {
		ledger = []routing.Candidate{}
	}
	why := "round_robin"
	if rep == "" {
		why = record.CodeNoRep
	}
	b := &pgx.Batch{}
	b.Queue(sqlLedger, pgx.NamedArgs{"lead": leadID, "key": c.ID, "candidates": ledger, "rep": nullable(rep), "why": why})
	if rep != "" {
		b.Queue(sqlTakeTurn, pgx.NamedArgs{"rep": rep})
	}
	return rep, tx.SendBatch(ctx, b).Close()
}

// Offer chooses a rep in turn, computes the SLA clocks in business time and writes assignment, routing ledger,
// explanation and alert deliveries, once per command.
func (s *Store) Offer(ctx context.Context, c lifecycle.Command) (record.Granted, error) {
	stages := []lifecycle.Stage{lifecycle.StageQualified, lifecycle.StageHandoff, lifecycle.StageNurturing, lifecycle.StageCaptured}
	return s.route(ctx, "offer", c, stages, func(tx pgx.Tx, leadID string, lead leadToRoute) (record.Granted, error) {
		rep, err := choose(ctx, tx, leadID, lead.TeamID, c)
		if err != nil || rep == "" {
			return record.Granted{Code: record.CodeNoRep}, err
		}
		return s.assign(ctx, tx, c, leadID, rep, lead.Alert, "offered")
	})
}

const sqlActiveRep = `SELECT active AND (@team::uuid IS NULL OR team_id = @team) FROM reps WHERE id = @rep`

func active(ctx context.Context, tx pgx.Tx, rep string, team *string) (bool, error) {
	if !isID(rep) {
		return false, nil
	}
	rows, _ := tx.Query(ctx, sqlActiveRep, pgx.NamedArgs{"rep": rep, "team": team})
	ok, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[*bool])
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return ok != nil && *ok, err
}

// Who has taken it in this cycle before: a lead that waits in the queue has nobody, so its run has not heard of it yet.
const sqlTaken = `SELECT count(*) FROM assignments WHERE lead_id = @lead AND cycle = @cycle AND state = 'accepted'`

// Claim gives a queued lead to the active rep of its team who took it first.
func (s *Store) Claim(ctx context.Context, c lifecycle.Command) (record.Granted, error) {
	return s.route(ctx, "claim", c, []lifecycle.Stage{lifecycle.StageQualified}, func(tx pgx.Tx, leadID string, lead leadToRoute) (record.Granted, error) {
		ok, err := active(ctx, tx, c.Rep, lead.TeamID)
		if err != nil || !ok {
			return record.Granted{Code: lifecycle.CodeUnknownRep}, err
		}
		var taken int
		err = tx.QueryRow(ctx, sqlTaken, pgx.NamedArgs{"lead": leadID, "cycle": c.Cycle}).Scan(&taken)
		if err != nil || taken > 0 {
			return record.Granted{Code: lifecycle.CodeAlreadyDecided}, err
		}
		return s.assign(ctx, tx, c, leadID, c.Rep, lead.Alert, "accepted")
	})
}

// Assign gives a lead at work to another rep, or to the next of another team.
func (s *Store) Assign(ctx context.Context, c lifecycle.Command) (record.Granted, error) {
	stages := []lifecycle.Stage{lifecycle.StageWorking, lifecycle.StageOpportunity}
	return s.route(ctx, "assign", c, stages, func(tx pgx.Tx, leadID string, lead leadToRoute) (record.Granted, error) {
		rep := c.Rep
		if rep == "" {
			var err error
			if rep, err = choose(ctx, tx, leadID, assignmentID(c.Team), c); err != nil || rep == "" {
				return record.Granted{Code: record.CodeNoRep}, err
			}
		} else if ok, err := active(ctx, tx, rep, nil); err != nil || !ok {
			return record.Granted{Code: lifecycle.CodeUnknownRep}, err
		}
		return s.assign(ctx, tx, c, leadID, rep, lead.Alert, "accepted")
	})
}

const sqlAssign = `INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, team_id, state, offered_at, due_at, clocks, decided_at,
	model_version, score, explanation)
SELECT @id, @key, @lead, @cycle, @n, r.id, r.team_id, @state, @at, @due, @clocks, @decided, @model, @score, @explanation
FROM reps r WHERE r.id = @rep RETURNING id, rep_id, team_id, state, offered_at, due_at, clocks`

// An offer that is still open is over as soon as the next is made: there is one at a time.
const sqlEndOpen = `UPDATE assignments SET state = 'withdrawn', decided_at = now(), reason = 'withdrawn'
WHERE lead_id = @lead AND state = 'offered'`

// assign writes the assignment with what was known at this moment, and tells the rep.
func (s *Store) assign(ctx context.Context, tx pgx.Tx, c lifecycle.Command, leadID, rep string, tell bool, state string) (record.Granted, error) {
	args := pgx.NamedArgs{
		"id": uuid.NewSHA1(assignmentSpace, []byte(c.ID)).String(), "key": c.ID, "lead": leadID, "cycle": c.Cycle, "n": c.N, "rep": rep,
		"state": state, "at": c.At, "due": nil, "clocks": []lifecycle.Clock{}, "decided": nil,
	}
	if state == "offered" {
		policy, err := activePolicy(ctx, tx)
		if err != nil {
			return record.Granted{}, err
		}
		clocks, due, err := s.acceptClocks(ctx, tx, policy, rep, c.At)
		if err != nil {
			return record.Granted{}, err
		}
		args["clocks"], args["due"] = clocks, due
	} else {
		args["decided"] = c.At
	}
	explained, err := s.explain(ctx, tx, leadID, asked{at: c.At, run: true})
	if err != nil && !errors.Is(err, ErrNoModel) {
		return record.Granted{}, err
	}
	raw, err := json.Marshal(explained)
	if err != nil {
		return record.Granted{}, err
	}
	args["explanation"], args["score"], args["model"] = raw, explained.Score, nil
	if explained.Model > 0 {
		args["model"] = explained.Model
	}
	if _, err := tx.Exec(ctx, sqlEndOpen, pgx.NamedArgs{"lead": leadID}); err != nil {
		return record.Granted{}, err
	}
	rows, _ := tx.Query(ctx, sqlAssign, args)
	o, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[offered])
	if err != nil {
		return record.Granted{}, fmt.Errorf("assign: %w", err)
	}
	if tell {
		err = tellSales(ctx, tx, alert{alertOf(c.Kind, state), c.ID, record.AlertData{
			LeadID: leadID, Cycle: c.Cycle, AssignmentID: o.ID, RepID: rep, Score: explained.Score, DueAt: o.DueAt,
		}})
	}
	return record.Granted{Offer: o.offer()}, err
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
