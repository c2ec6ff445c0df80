package store

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

const sqlLedger = `INSERT INTO routings (lead_id, key, candidates, rep_id, why, document, rule, pool, strategy, turn, input)
VALUES (@lead, @key, @candidates, @rep, @why, @document, @rule, @pool, @strategy, @turn, @input)`

// A pool's row is made by its first turn, under the pool's lock.
const (
	sqlFirstTurn = `INSERT INTO routing_pools (name, turns, reps) VALUES (@pool, @given, @reps)`
	sqlTakeTurn  = `UPDATE routing_pools SET turns = @given, reps = @reps WHERE name = @pool`
)

// routed is what a choice goes by: the document, and what it asks of the lead.
type routed struct {
	version int // 0: what is built in
	doc     routing.Document
	in      routing.Input
}

// choose follows the document and queues the ledger and the turn; empty when nobody may have the lead. Everything it needs of
// the lead was read before: from here on others wait.
func (ch *choice) choose(ctx context.Context, r routed) (string, error) {
	r.in.Facts, r.in.Passed = r.in.Facts.Only(r.doc), ch.c.Exclude
	_, steps := routing.Steps(r.doc, r.in)
	pools := map[string]*poolRead{}
	b := &pgx.Batch{}
	lockPools(b, steps)
	d := routing.Decide(r.doc, r.in)
	for d.Need != nil {
		v := &poolRead{}
		pools[d.Need.Pool] = v
		v.see(b, *d.Need, ch.policy.Calendar)
		if err := ch.tx.SendBatch(ctx, b).Close(); err != nil {
			return "", err
		}
		b = &pgx.Batch{}
		r.in.Read = append(r.in.Read, d.Need.Pool)
		r.in.Candidates = append(r.in.Candidates, v.of(*d.Need, time.Now())...)
		d = routing.Decide(r.doc, r.in)
	}
	return d.Rep, ch.keep(r, d, pools[d.Pool])
}

// keep queues what a decision leaves behind.
func (ch *choice) keep(r routed, d routing.Decision, v *poolRead) error {
	args := pgx.NamedArgs{
		"lead": ch.leadID, "key": ch.c.ID, "candidates": d.Ledger, "rep": nullable(d.Rep), "why": whyRouted(d), "document": nil,
		"rule": d.Rule, "pool": d.Pool, "strategy": string(d.Strategy), "turn": nil,
	}
	if d.Ledger == nil {
		args["candidates"] = []routing.Candidate{}
	}
	if r.version > 0 {
		args["document"] = r.version
	}
	in := r.in
	in.Candidates = nil // the ledger has them
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	args["input"] = raw
	if d.Rep != "" && ownTurns(d.Pool) {
		given, reps := v.take(d)
		args["turn"] = given
		sql := sqlTakeTurn
		if !v.turns.there {
			sql = sqlFirstTurn
		}
		ch.last.Queue(sql, pgx.NamedArgs{"pool": d.Pool, "given": given, "reps": reps})
	}
	ch.last.Queue(sqlLedger, args)
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
