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

const sqlLeadToRoute = `SELECT stage, cycle, team_id, alert, email, profile, source, (SELECT document FROM policies WHERE active) AS policy,
	(SELECT version FROM routes WHERE state = 'published') AS route
FROM leads WHERE id = @id FOR NO KEY UPDATE`

type leadToRoute struct {
	routedPerson
	Stage  lifecycle.Stage
	TeamID *string
	Alert  bool
	Policy json.RawMessage
	Route  *int // the published routing document; nil: none
}

// choice is one decision about who gets a lead.
type choice struct {
	tx     pgx.Tx
	leadID string
	lead   leadToRoute
	score  record.Score
	policy lifecycle.Policy
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
	err := s.pipelined(ctx, op, func(conn *pgx.Conn) error {
		out = record.Granted{}
		h.again()
		ch := &choice{tx: begun{conn}, leadID: leadOf(c), c: c, last: &pgx.Batch{}}
		if err := s.grant(ctx, ch, h, stages, state, who, &out); err != nil {
			return err
		}
		ch.last.Queue("COMMIT")
		return ch.tx.SendBatch(ctx, ch.last).Close()
	})
	h.end(err)
	return out, err
}

// grant decides, and queues what is written.
func (s *Store) grant(ctx context.Context, ch *choice, h *handing, stages []lifecycle.Stage, state string,
	who func(ch *choice) (rep, code string, err error), out *record.Granted,
) error {
	before, err := ch.enter(ctx)
	switch {
	case err != nil || before != nil:
		out.Offer = before
		return err
	case ch.lead.Stage == lifecycle.StageErased:
		return record.ErrErased
	case ch.lead.Cycle != ch.c.Cycle || !within(ch.lead.Stage, stages):
		out.Code = "too_late"
		return nil
	}
	if ch.score, err = s.explain(ctx, ch.tx, ch.leadID, asked{at: ch.c.At, run: true}); err != nil && !errors.Is(err, ErrNoModel) {
		return err
	}
	if ch.policy, err = policyOf(ch.lead.Policy); err != nil && state == "offered" { // else nothing has a deadline
		return err
	}
	rep, code, err := who(ch)
	if err != nil {
		return err
	}
	if rep == "" {
		out.Code = code
		return nil
	}
	return s.assign(ctx, ch, h, rep, state, out)
}

// enter begins the transaction, locks the lead, and finds what the command was granted before.
func (ch *choice) enter(ctx context.Context) (before *lifecycle.Offer, err error) {
	b := &pgx.Batch{}
	b.Queue("BEGIN")
	b.Queue(sqlPlainPlans)
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

// Offer chooses a rep by the published routing document, computes the SLA clocks in business time and writes assignment, routing ledger,
// explanation and alert deliveries, once per command.
func (s *Store) Offer(ctx context.Context, c lifecycle.Command) (record.Granted, error) {
	stages := []lifecycle.Stage{lifecycle.StageQualified, lifecycle.StageHandoff, lifecycle.StageNurturing, lifecycle.StageCaptured}
	return s.route(ctx, "offer", c, stages, "offered", func(ch *choice) (string, string, error) {
		r, err := s.routed(ctx, ch)
		if err != nil {
			return "", "", err
		}
		rep, err := ch.choose(ctx, r)
		return rep, record.CodeNoRep, err
	})
}

// routed is what the lead is routed by: the published document or, while there is none, everybody in turn, of the lead's team
// where it has one.
func (s *Store) routed(ctx context.Context, ch *choice) (routed, error) {
	if ch.lead.Route == nil {
		r := routed{doc: routing.Default()}
		if ch.lead.TeamID != nil {
			r.doc.Pools = map[string]routing.Pool{routing.PoolEverybody: {Strategy: routing.RoundRobin, Team: *ch.lead.TeamID}}
		}
		return r, nil
	}
	r := routed{version: *ch.lead.Route}
	var err error
	if r.doc, err = s.routeDocument(ctx, ch.tx, r.version); err != nil {
		return r, err
	}
	r.in.Facts, r.in.Owner, err = factsInTurn(ctx, ch.tx, r.doc, ch.leadID, ch.lead.routedPerson, ch.score)
	return r, err
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
	b.Queue(sqlSeePeople, pgx.NamedArgs{"lock": peopleLock})
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
			rep, err := ch.choose(ctx, routed{doc: routing.OfTeam(c.Team)})
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
func (s *Store) assign(ctx context.Context, ch *choice, h *handing, rep, state string, out *record.Granted) error {
	c, explained := ch.c, ch.score
	args := pgx.NamedArgs{
		"id": uuid.NewSHA1(assignmentSpace, []byte(c.ID)).String(), "key": c.ID, "lead": ch.leadID, "cycle": c.Cycle, "n": c.N, "rep": rep,
		"state": state, "at": c.At, "due": nil, "clocks": []lifecycle.Clock{}, "decided": nil, "model": nil, "score": explained.Score,
	}
	alerted := record.AlertData{LeadID: ch.leadID, Cycle: c.Cycle, AssignmentID: args["id"].(string), RepID: rep, Score: explained.Score}
	if state == "offered" {
		terms, err := termsOf(ctx, ch.tx, ch.policy, ch.leadID, rep, "")
		if err != nil {
			return err
		}
		ch.rule = terms.rule
		clocks, due, err := s.acceptClocks(ctx, ch.tx, ch.policy, terms, rep, c.At)
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
	return tellSales(ch.last, h, alert{
		kind: alertOf(c.Kind, state), key: c.ID, AlertData: alerted, whys: record.Whys(explained.Items, whysShown),
	})
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
