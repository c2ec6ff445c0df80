package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

// choice is one decision about who gets a lead: what was asked for, what is known of the lead, and the answer.
type choice struct {
	c      lifecycle.Command
	leadID string
	stages []lifecycle.Stage // in which the lead may be
	state  string            // of the assignment
	want   want

	lead   leadToRoute
	locked bool             // its lead is, until the sitting ends
	open   bool             // somebody is offered the lead already
	before *lifecycle.Offer // that the command was granted before
	score  record.Score
	whole  []byte // the score as JSON
	band   string // that is stored
	among  *routed
	rep    string      // who is named; empty where somebody is looked for
	pools  []*poolRead // that it may ask, in order
	was    time.Time   // when the deadline was by which it is handed on; zero: by none

	decided bool           // out is the answer
	out     record.Granted // with a code where nobody gets it
	aside   bool           // it is not for this sitting
}

// want says who is to have a lead: a rep (ch.rep), whoever the document finds (ch.among), or nobody, for the reason that the code
// tells.
type want func(ctx context.Context, g *sitting, ch *choice) (code string, err error)

func choiceOf(c lifecycle.Command, stages []lifecycle.Stage, state string, who want) choice {
	return choice{c: c, leadID: leadOf(c), stages: stages, state: state, want: who}
}

type leadToRoute struct {
	routedPerson
	stage  lifecycle.Stage
	teamID *string
	owner  *string
	alert  bool
	source string // code of its channel
	known  knownOf
}

func (ch *choice) answer(out record.Granted) { ch.out, ch.decided = out, true }

// ready finds out whether the lead is still to be given to somebody, and what the choice will go by.
func (ch *choice) ready(ctx context.Context, g *sitting) error {
	switch {
	case ch.before != nil:
		ch.answer(record.Granted{Offer: ch.before})
		return nil
	case ch.open && !g.patient: // whose offer ends is not counted any more
		ch.aside = true
		return nil
	case ch.lead.stage == lifecycle.StageErased:
		return record.ErrErased
	case ch.lead.Cycle != ch.c.Cycle || !within(ch.lead.stage, ch.stages):
		ch.answer(record.Granted{Code: lifecycle.CodeOvertaken})
		return nil
	case g.office.noPolicy != nil && ch.state == "offered": // else nothing has a deadline
		return g.office.noPolicy
	}
	if err := ch.explain(ctx, g); err != nil {
		return err
	}
	if err := ch.handedOn(ctx, g.x); err != nil {
		return err
	}
	var err error
	if ch.whole, err = json.Marshal(ch.score); err != nil { // here nobody waits for it
		return err
	}
	code, err := ch.want(ctx, g, ch)
	if err == nil && code != "" {
		ch.answer(record.Granted{Code: code})
	}
	return err
}

// explain explains the score at the moment of the command; without a model there is none.
func (ch *choice) explain(ctx context.Context, g *sitting) error {
	if g.model == 0 {
		return nil
	}
	scorer, err := g.s.scorer(ctx, g.x, g.model)
	if err != nil {
		return err
	}
	k, at := ch.lead.known, asked{at: ch.c.At, run: true}.moment(g.now)
	if at.Before(g.now) { // it was asked for long ago
		if k, err = knownAt(ctx, g.x, ch.leadID, at, g.now); err != nil {
			return err
		}
	}
	ch.score, err = g.s.explainKnown(ctx, g.x, world{now: g.now, version: g.model, scorer: scorer}, k, at)
	return err
}

// readPools reads who is in the pools that the choice may ask.
func (ch *choice) readPools(ctx context.Context, g *sitting) error {
	if ch.among == nil {
		return nil
	}
	ch.among.in.Facts, ch.among.in.Passed = ch.among.in.Facts.Only(ch.among.doc), ch.c.Exclude
	_, steps := routing.Steps(ch.among.doc, ch.among.in)
	for _, step := range steps {
		v, err := poolOf(ctx, g.s, g.x, g.office, step)
		if err != nil {
			return err
		}
		ch.pools = append(ch.pools, v)
	}
	return nil
}

// A plan that was made while a table was empty reads all of it, and so do the plans by which Postgres looks after foreign keys:
// sqlBeginIngest says more.
const sqlBeginDecision = `SELECT now(), coalesce((SELECT version FROM models WHERE state = 'published'), 0), set_config('enable_seqscan', 'off', true),
	set_config('jit', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true)`

// The lock of people comes after that of the lead: what is asked for around a FOR UPDATE is looked at after it. Whoever decides
// about several leads waits for none of them.
const (
	sqlLeadToRoute = leadToRouteThen + `) AS locked`
	sqlLeadsToTry  = leadToRouteThen + ` SKIP LOCKED) AS locked`

	leadToRouteThen = `SELECT id::text, stage, cycle, team_id, owner, alert, email, profile, source, source_code, known, kept, pg_advisory_xact_lock_shared(@lock)
FROM (SELECT l.*, ` + knownSince + ` FROM leads l WHERE l.id = ANY(@ids::uuid[]) ORDER BY l.id FOR NO KEY UPDATE OF l`
)

// What comes last is what the command was granted before. Each is looked up by its key: written as a join or as EXISTS, Postgres would
// read all offers for it, for as long as it keeps a plan that was made while there were few.
const sqlGranted = `SELECT o.revision::text, k.lead::text,
	coalesce((SELECT true FROM assignments f WHERE f.lead_id = k.lead AND f.state = 'offered' LIMIT 1), false),
	a.id, a.rep_id, a.team_id, a.offered_at, a.due_at, a.clocks
FROM office o CROSS JOIN unnest(@leads::uuid[], @keys::text[]) AS k (lead, key)
	LEFT JOIN LATERAL (SELECT * FROM assignments WHERE assignments.key = k.key LIMIT 1) AS a ON true
WHERE o.one`

// enter begins the transaction, locks the leads and sees to it that nobody comes or goes, and reads what the commands were granted
// before, the scores with all that explains them, and the office.
func (g *sitting) enter(ctx context.Context) error {
	var revision string
	of, found := map[string]*choice{}, map[string]*standing{}
	ids, keys := make([]string, len(g.choices)), make([]string, len(g.choices))
	for i, ch := range g.choices {
		ids[i], keys[i], of[ch.leadID] = ch.leadID, ch.c.ID, ch
	}
	lock := sqlLeadsToTry
	if g.patient {
		lock = sqlLeadToRoute
	}
	b := &pgx.Batch{}
	b.Queue(sqlBeginDecision).QueryRow(func(row pgx.Row) error { return row.Scan(&g.now, &g.model, nil, nil, nil) })
	b.Queue(lock, pgx.NamedArgs{"ids": ids, "lock": peopleLock}).Query(func(rows pgx.Rows) error { return collectToRoute(rows, of) })
	b.Queue(sqlGranted, pgx.NamedArgs{"leads": ids, "keys": keys}).Query(func(rows pgx.Rows) error { return collectGranted(rows, of, &revision) })
	queueStood(b, ids, found)
	queueHistory(b, nil, found, ids, nil, nil)
	if err := g.x.send(b); err != nil {
		return err
	}
	var err error
	if g.office, err = g.s.officeOf(ctx, g.x, revision); err != nil {
		return err
	}
	for _, ch := range g.choices {
		k := &ch.lead.known
		k.profile, k.source, k.cycle, k.standing = ch.lead.Profile, ch.lead.source, ch.lead.Cycle, found[ch.leadID]
		ch.band, ch.aside = k.standing.Band, !ch.locked
	}
	return nil
}

func collectToRoute(rows pgx.Rows, of map[string]*choice) error {
	var id string
	var l leadToRoute
	_, err := pgx.ForEachRow(rows, []any{
		&id, &l.stage, &l.Cycle, &l.teamID, &l.owner, &l.alert, &l.Email, &l.Profile, &l.Source, &l.source, &l.known.since, &l.known.keptSince, nil,
	}, func() error {
		of[id].lead, of[id].locked = l, true
		l = leadToRoute{} // what it points to is its own
		return nil
	})
	return err
}

func collectGranted(rows pgx.Rows, of map[string]*choice, revision *string) error {
	var lead string
	var open bool
	var id, rep, team *string
	var at, due *time.Time
	var clocks []lifecycle.Clock
	_, err := pgx.ForEachRow(rows, []any{revision, &lead, &open, &id, &rep, &team, &at, &due, &clocks}, func() error {
		ch := of[lead]
		ch.open = open
		if id != nil {
			ch.before = offerOf(*id, *rep, team, *at, due, clocks)
		}
		clocks = nil // what it points to is its own
		return nil
	})
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
