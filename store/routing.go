package store

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

const sqlLedger = `INSERT INTO routings (lead_id, key, candidates, rep_id, why, document, rule, pool, strategy, turn, input)
VALUES (@lead, @key, @candidates, @rep, @why, @document, @rule, @pool, @strategy, @turn, @input)`

// A pool's row is made by its first turn, under the pool's lock.
const (
	sqlFirstTurn = `INSERT INTO routing_pools (name) VALUES (@pool)`
	sqlTakeTurn  = `UPDATE routing_pools SET turns = @given, reps = @reps, tag = @tag WHERE name = @pool`
)

// routed is what a choice goes by: the document, and what it asks of the lead.
type routed struct {
	version int // 0: what is built in
	doc     routing.Document
	domain  string // of the lead's company, whose owner has not been looked for yet
	in      routing.Input
}

// choose follows the document; empty when nobody may have the lead. From where the pools are locked on others wait: all else was
// read before.
func (ch *choice) choose(ctx context.Context, r routed) (string, error) {
	if err := ownerInTurn(ctx, ch.x, &r.in, r.domain, ch.leadID); err != nil {
		return "", err
	}
	r.in.Facts, r.in.Passed = r.in.Facts.Only(r.doc), ch.c.Exclude
	pools := map[string]*poolRead{}
	_, steps := routing.Steps(r.doc, r.in)
	for _, step := range steps {
		v, err := ch.s.poolOf(ctx, ch.x, ch.office, step)
		if err != nil {
			return "", err
		}
		pools[step.Pool] = v
	}
	if rep, done, err := ch.inLine(r, pools); done || err != nil {
		return rep, err
	}
	ch.aside(pools)
	b := &pgx.Batch{}
	lockPools(b, pools)
	d := routing.Decide(r.doc, r.in)
	for d.Need != nil {
		v := pools[d.Need.Pool]
		v.see(b)
		if err := ch.x.send(b); err != nil {
			return "", err
		}
		b = &pgx.Batch{}
		r.in.Read, r.in.Candidates = append(r.in.Read, v.step.Pool), append(r.in.Candidates, v.of(ch.now)...)
		d = routing.Decide(r.doc, r.in)
	}
	return d.Rep, ch.keep(r, d, pools[d.Pool])
}

// keep prepares what a decision leaves behind of itself.
func (ch *choice) keep(r routed, d routing.Decision, v *poolRead) error {
	in := r.in
	in.Candidates = nil // the ledger has them
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	ch.ledger = pgx.NamedArgs{
		"lead": ch.leadID, "key": ch.c.ID, "candidates": d.Ledger, "rep": nullable(d.Rep), "why": whyRouted(d), "document": nil,
		"rule": d.Rule, "pool": d.Pool, "strategy": string(d.Strategy), "turn": nil, "input": raw,
	}
	if d.Ledger == nil {
		ch.ledger["candidates"] = []routing.Candidate{}
	}
	if r.version > 0 {
		ch.ledger["document"] = r.version
	}
	if d.Rep != "" && ownTurns(d.Pool) {
		given, reps := v.take(d)
		ch.ledger["turn"] = given
		ch.turn = &takenTurn{pool: d.Pool, first: !v.turns.there, turns: turns{Given: given, Reps: reps, there: true}}
	}
	return nil
}

// take is what a pool keeps after a decision.
func (v *poolRead) take(d routing.Decision) (given int64, reps map[string]turn) {
	given, reps = v.turns.Given+1, maps.Clone(v.turns.Reps)
	if reps == nil {
		reps = map[string]turn{}
	}
	for rep, owed := range d.Credits {
		t := reps[rep]
		t.Credit = owed
		reps[rep] = t
	}
	t := reps[d.Rep]
	t.Last = given
	reps[d.Rep] = t
	return given, reps
}

// whyRouted is the code of how a decision was made.
func whyRouted(d routing.Decision) string {
	switch {
	case d.Rep == "":
		return record.CodeNoRep
	case d.Pool == routing.PoolAccount:
		return "account_owner"
	case d.Pool == routing.PoolRep:
		return "named"
	}
	return string(d.Strategy)
}
