package store

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// choice is one decision about who gets a lead. It is one talk with Postgres, in which all that can be read before others have to
// wait is read before the locks of pools are taken: the lead under its own lock, its score, and what the office says.
type choice struct {
	s      *Store
	x      *exchange
	leadID string
	c      lifecycle.Command
	now    time.Time // Postgres's
	lead   leadToRoute
	office *office
	open   bool   // somebody is offered the lead already
	band   string // that is stored
	score  record.Score
	rule   string        // of the policy, by which the clocks were made
	ledger pgx.NamedArgs // of the ledger's row, where somebody was looked for
	tag    int64         // of this attempt
	tags   []int64       // of the pools, as they were before anything was locked
	alone  bool          // it does not go by what this process knows of turns
	turn   *takenTurn    // nil: it takes none
	beside []*line       // of the pools that are locked
	last   *pgx.Batch    // what is written, in the last trip
}

type leadToRoute struct {
	routedPerson
	stage  lifecycle.Stage
	teamID *string
	alert  bool
	source string // code of its channel
}

// route runs a decision: once per command, and only while the lead is where the command took it to be. who answers the rep, or a
// code that says why there is none.
func (s *Store) route(ctx context.Context, op string, c lifecycle.Command, stages []lifecycle.Stage, state string,
	who func(ch *choice) (rep, code string, err error),
) (record.Granted, error) {
	var out record.Granted
	h, alone := s.handing(), false
	err := s.exchanged(ctx, op, func(x *exchange) error {
		out = record.Granted{}
		h.again()
		ch := &choice{s: s, x: x, leadID: leadOf(c), c: c, last: &pgx.Batch{}, tag: rand.Int64(), alone: alone}
		err := ch.grant(ctx, h, stages, state, who, &out)
		if err == nil {
			ch.takeTurn()
			err = x.commit(ch.last)
		}
		alone = true
		return ch.leave(err)
	})
	h.end(err)
	return out, err
}

// grant decides, and queues what is written.
func (ch *choice) grant(ctx context.Context, h *handing, stages []lifecycle.Stage, state string,
	who func(ch *choice) (rep, code string, err error), out *record.Granted,
) error {
	before, err := ch.enter(ctx)
	switch {
	case err != nil || before != nil:
		out.Offer = before
		return err
	case ch.lead.stage == lifecycle.StageErased:
		return record.ErrErased
	case ch.lead.Cycle != ch.c.Cycle || !within(ch.lead.stage, stages):
		out.Code = "too_late"
		return nil
	}
	if ch.office.noPolicy != nil && state == "offered" { // else nothing has a deadline
		return ch.office.noPolicy
	}
	rep, code, err := who(ch)
	if err != nil {
		return err
	}
	if rep == "" {
		out.Code = code
		if ch.ledger != nil {
			ch.last.Queue(sqlLedger, ch.ledger)
		}
		return nil
	}
	out.Offer, err = ch.assign(ctx, h, rep, state)
	return err
}

// A plan that was made while a table was empty reads all of it, and so do the plans by which Postgres looks after foreign keys:
// sqlBeginIngest says more.
const sqlBeginDecision = `SELECT now(), coalesce((SELECT version FROM models WHERE state = 'published'), 0), set_config('enable_seqscan', 'off', true),
	set_config('jit', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true), pg_advisory_xact_lock(@tag::bigint)`

// The lock of people comes after that of the lead: what is asked for around a FOR UPDATE is looked at after it.
const sqlLeadToRoute = `SELECT stage, cycle, team_id, alert, email, profile, source, source_code, known, kept, pg_advisory_xact_lock_shared(@lock)
FROM (SELECT l.*, ` + knownSince + ` FROM leads l WHERE l.id = @id FOR NO KEY UPDATE OF l) AS locked`

// What comes last is what the command was granted before.
const sqlGranted = `SELECT o.revision::text, ARRAY(SELECT tag FROM routing_pools WHERE name = ANY(@pools::text[])),
	EXISTS (SELECT FROM assignments f WHERE f.lead_id = @lead AND f.state = 'offered'),
	a.id, a.rep_id, a.team_id, a.offered_at, a.due_at, a.clocks
FROM office o LEFT JOIN assignments a ON a.key = @key WHERE o.one`

// enter begins the transaction, locks the lead and sees to it that nobody comes or goes, and reads what the command was granted
// before, the score with all that explains it, and the office.
func (ch *choice) enter(ctx context.Context) (before *lifecycle.Offer, err error) {
	var model int
	var revision string
	k := knownOf{}
	l, found, ids := &ch.lead, map[string]*standing{}, []string{ch.leadID}
	b := &pgx.Batch{}
	b.Queue(sqlBeginDecision, pgx.NamedArgs{"tag": ch.tag}).QueryRow(func(row pgx.Row) error {
		return row.Scan(&ch.now, &model, nil, nil, nil, nil)
	})
	b.Queue(sqlLeadToRoute, pgx.NamedArgs{"id": ch.leadID, "lock": peopleLock}).QueryRow(func(row pgx.Row) error {
		return row.Scan(&l.stage, &l.Cycle, &l.teamID, &l.alert, &l.Email, &l.Profile, &l.Source, &l.source, &k.since, &k.keptSince, nil)
	})
	b.Queue(sqlGranted, pgx.NamedArgs{"lead": ch.leadID, "key": ch.c.ID, "pools": ch.s.poolsInLine()}).QueryRow(func(row pgx.Row) error {
		var id, rep, team *string
		var at, due *time.Time
		var clocks []lifecycle.Clock
		err := row.Scan(&revision, &ch.tags, &ch.open, &id, &rep, &team, &at, &due, &clocks)
		if err == nil && id != nil {
			before = offerOf(*id, *rep, team, *at, due, clocks)
		}
		return err
	})
	queueStood(b, ids, found)
	queueHistory(b, nil, found, ids, nil, nil)
	if err := ch.x.send(b); err != nil || before != nil {
		return before, err
	}
	if ch.office, err = ch.s.officeOf(ctx, ch.x, revision); err != nil {
		return nil, err
	}
	k.profile, k.source, k.cycle, k.standing = l.Profile, l.source, l.Cycle, found[ch.leadID]
	ch.band = k.standing.Band
	return nil, ch.explain(ctx, model, k)
}

// explain explains the score at the moment of the command; without a model there is none.
func (ch *choice) explain(ctx context.Context, model int, k knownOf) error {
	if model == 0 {
		return nil
	}
	scorer, err := ch.s.scorer(ctx, ch.x, model)
	if err != nil {
		return err
	}
	at := asked{at: ch.c.At, run: true}.moment(ch.now)
	if at.Before(ch.now) { // it was asked for long ago
		if k, err = knownAt(ctx, ch.x, ch.leadID, at, ch.now); err != nil {
			return err
		}
	}
	ch.score, err = ch.s.explainKnown(ctx, ch.x, world{now: ch.now, version: model, scorer: scorer}, k, at)
	return err
}

// offerOf is an assignment as the run knows it.
func offerOf(id, rep string, team *string, at time.Time, due *time.Time, clocks []lifecycle.Clock) *lifecycle.Offer {
	out := &lifecycle.Offer{Assignment: id, Rep: rep, At: at.UTC(), Clocks: clocks}
	if team != nil {
		out.Team = *team
	}
	if due != nil {
		out.DueAt = due.UTC()
	}
	return out
}
