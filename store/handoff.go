package store

import (
	"context"
	"encoding/json"
	"errors"
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

const sqlLeadToRoute = `SELECT stage, cycle, team_id, alert, (SELECT document FROM policies WHERE active) AS policy
FROM leads WHERE id = @id FOR NO KEY UPDATE`

type leadToRoute struct {
	Stage  lifecycle.Stage
	Cycle  int
	TeamID *string
	Alert  bool
	Policy json.RawMessage
}

// choice is one decision about who gets a lead.
type choice struct {
	tx     pgx.Tx
	leadID string
	lead   leadToRoute
	c      lifecycle.Command
	last   *pgx.Batch // what is written, in the last trip
	rule   string     // of the policy, by which the clocks were made
}

// route runs a decision about who gets the lead: once per command, and only while the lead is where the command took it to
// be. Everything that is read of the lead alone is read under its lock before who takes the lock of all choices: others wait
// no longer than it takes to choose. who answers the rep, or a code that says why there is none.
func (s *Store) route(ctx context.Context, op string, c lifecycle.Command, stages []lifecycle.Stage, state string,
	who func(ch *choice) (rep, code string, err error),
) (record.Granted, error) {
	var out record.Granted
	h := s.handing()
	err := s.tx(ctx, op, func(tx pgx.Tx) error {
		out = record.Granted{}
		h.again()
		ch := &choice{tx: tx, leadID: leadOf(c), c: c, last: &pgx.Batch{}}
		before, err := ch.enter(ctx)
		switch {
		case err != nil || before != nil:
			out.Offer = before
			return err
		case ch.lead.Stage == lifecycle.StageErased:
			return record.ErrErased
		case ch.lead.Cycle != c.Cycle || !within(ch.lead.Stage, stages):
			out.Code = "too_late"
			return nil
		}
		explained, err := s.explain(ctx, tx, ch.leadID, asked{at: c.At, run: true})
		if err != nil && !errors.Is(err, ErrNoModel) {
			return err
		}
		rep, code, err := who(ch)
		if err != nil {
			return err
		}
		if rep == "" {
			out.Code = code
		} else if err := s.assign(ctx, ch, h, rep, state, explained, &out); err != nil {
			return err
		}
		return tx.SendBatch(ctx, ch.last).Close()
	})
	h.end(err)
	return out, err
}

// enter locks the lead, and finds what the command was granted before.
func (ch *choice) enter(ctx context.Context) (before *lifecycle.Offer, err error) {
	b := &pgx.Batch{}
	b.Queue(sqlLeadToRoute, pgx.NamedArgs{"id": ch.leadID}).Query(func(rows pgx.Rows) (err error) {
		ch.lead, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[leadToRoute])
		return err
	})
	b.Queue(sqlOfferByKey, pgx.NamedArgs{"key": ch.c.ID}).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[offered])
		for _, o := range found {
			before = o.offer()
		}
		return err
	})
	return before, ch.tx.SendBatch(ctx, b).Close()
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

const sqlLockRouting = `SELECT pg_advisory_xact_lock(@lock)`

// choose picks the next rep and queues the ledger; empty when nobody may.
func (ch *choice) choose(ctx context.Context, team *string) (string, error) {
	var candidates []routing.Candidate
	b := &pgx.Batch{}
	b.Queue(sqlLockRouting, pgx.NamedArgs{"lock": routingLock})
	b.Queue(sqlCandidates, pgx.NamedArgs{"team": team}).Query(func(rows pgx.Rows) (err error) {
		candidates, err = pgx.CollectRows(rows, pgx.RowToStructByNameLax[routing.Candidate])
		return err
	})
	if err := ch.tx.SendBatch(ctx, b).Close(); err != nil {
		return "", err
	}
	ledger, rep := routing.Choose(candidates, ch.c.Exclude)
	if ledger == nil {
		ledger = []routing.Candidate{}
	}
	why := "round_robin"
	if rep == "" {
		why = record.CodeNoRep
	}
	ch.last.Queue(sqlLedger, pgx.NamedArgs{"lead": ch.leadID, "key": ch.c.ID, "candidates": ledger, "rep": nullable(rep), "why": why})
	if rep != "" {
		ch.last.Queue(sqlTakeTurn, pgx.NamedArgs{"rep": rep})
	}
	return rep, nil
}

// Offer chooses a rep in turn, computes the SLA clocks in business time and writes assignment, routing ledger,
// explanation and alert deliveries, once per command.
func (s *Store) Offer(ctx context.Context, c lifecycle.Command) (record.Granted, error) {
	stages := []lifecycle.Stage{lifecycle.StageQualified, lifecycle.StageHandoff, lifecycle.StageNurturing, lifecycle.StageCaptured}
	return s.route(ctx, "offer", c, stages, "offered", func(ch *choice) (string, string, error) {
		rep, err := ch.choose(ctx, ch.lead.TeamID)
		return rep, record.CodeNoRep, err
	})
}

const sqlActiveRep = `SELECT active AND (@team::uuid IS NULL OR team_id = @team) FROM reps WHERE id = @rep`

// Who has taken it in this cycle before: a lead that waits in the queue has nobody, so its run has not heard of it yet.
const sqlTaken = `SELECT count(*)::int FROM assignments WHERE lead_id = @lead AND cycle = @cycle AND state = 'accepted'`

// active reports whether the rep is there, and of the team where one is named, and how often the lead was taken in this
// cycle.
func (ch *choice) active(ctx context.Context, team *string) (ok bool, taken int, err error) {
	if !isID(ch.c.Rep) {
		return false, 0, nil
	}
	b := &pgx.Batch{}
	b.Queue(sqlLockRouting, pgx.NamedArgs{"lock": routingLock})
	b.Queue(sqlActiveRep, pgx.NamedArgs{"rep": ch.c.Rep, "team": team}).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowTo[*bool])
		ok = len(found) > 0 && found[0] != nil && *found[0]
		return err
	})
	b.Queue(sqlTaken, pgx.NamedArgs{"lead": ch.leadID, "cycle": ch.c.Cycle}).QueryRow(func(row pgx.Row) error { return row.Scan(&taken) })
	return ok, taken, ch.tx.SendBatch(ctx, b).Close()
}

// Claim gives a queued lead to the active rep of its team who took it first.
func (s *Store) Claim(ctx context.Context, c lifecycle.Command) (record.Granted, error) {
	return s.route(ctx, "claim", c, []lifecycle.Stage{lifecycle.StageQualified}, "accepted", func(ch *choice) (string, string, error) {
		ok, taken, err := ch.active(ctx, ch.lead.TeamID)
		switch {
		case err != nil || !ok:
			return "", lifecycle.CodeUnknownRep, err
		case taken > 0:
			return "", lifecycle.CodeAlreadyDecided, nil
		}
		return c.Rep, "", nil
	})
}

// Assign gives a lead at work to another rep, or to the next of another team.
func (s *Store) Assign(ctx context.Context, c lifecycle.Command) (record.Granted, error) {
	stages := []lifecycle.Stage{lifecycle.StageWorking, lifecycle.StageOpportunity}
	return s.route(ctx, "assign", c, stages, "accepted", func(ch *choice) (string, string, error) {
		if c.Rep == "" {
			rep, err := ch.choose(ctx, assignmentID(c.Team))
			return rep, record.CodeNoRep, err
		}
		ok, _, err := ch.active(ctx, nil)
		if err != nil || !ok {
			return "", lifecycle.CodeUnknownRep, err
		}
		return c.Rep, "", nil
	})
}

const sqlAssign = `INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, team_id, state, offered_at, due_at, clocks, decided_at,
	model_version, score, explanation)
SELECT @id, @key, @lead, @cycle, @n, r.id, r.team_id, @state, @at, @due, @clocks, @decided, @model, @score, @explanation
FROM reps r WHERE r.id = @rep RETURNING id, rep_id, team_id, state, offered_at, due_at, clocks`

// An offer that is still open is over as soon as the next is made: there is one at a time.
const sqlEndOpen = `UPDATE assignments SET state = 'withdrawn', decided_at = now(), reason = 'withdrawn'
WHERE lead_id = @lead AND state = 'offered'`

// assign queues the assignment with what was known at this moment, and tells the rep.
func (s *Store) assign(ctx context.Context, ch *choice, h *handing, rep, state string, explained record.Score, out *record.Granted) error {
	c := ch.c
	args := pgx.NamedArgs{
		"id": uuid.NewSHA1(assignmentSpace, []byte(c.ID)).String(), "key": c.ID, "lead": ch.leadID, "cycle": c.Cycle, "n": c.N, "rep": rep,
		"state": state, "at": c.At, "due": nil, "clocks": []lifecycle.Clock{}, "decided": nil, "model": nil, "score": explained.Score,
	}
	alerted := record.AlertData{LeadID: ch.leadID, Cycle: c.Cycle, AssignmentID: args["id"].(string), RepID: rep, Score: explained.Score}
	if state == "offered" {
		policy, err := policyOf(ch.lead.Policy)
		if err != nil {
			return err
		}
		terms, err := termsOf(ctx, ch.tx, policy, ch.leadID, rep, "")
		if err != nil {
			return err
		}
		ch.rule = terms.rule
		clocks, due, err := s.acceptClocks(ctx, ch.tx, policy, terms, rep, c.At)
		if err != nil {
			return err
		}
		args["clocks"], args["due"] = clocks, due
		due = due.Truncate(time.Microsecond) // as Postgres keeps it
		alerted.DueAt = &due
	} else {
		args["decided"] = c.At
	}
	raw, err := json.Marshal(explained)
	if err != nil {
		return err
	}
	args["explanation"] = raw
	if explained.Model > 0 {
		args["model"] = explained.Model
	}
	ch.last.Queue(sqlEndOpen, pgx.NamedArgs{"lead": ch.leadID})
	ch.last.Queue(sqlAssign, args).Query(func(rows pgx.Rows) error {
		o, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[offered])
		out.Offer = o.offer()
		return err
	})
	ch.keepTerms(args["id"].(string))
	if !ch.lead.Alert {
		return nil
	}
	return tellSales(ch.last, h, alert{kind: alertOf(c.Kind, state), key: c.ID, AlertData: alerted})
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
