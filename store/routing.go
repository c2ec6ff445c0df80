package store

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

const sqlLedger = `INSERT INTO routings (lead_id, key, candidates, rep_id, why, document, rule, pool, strategy, turn, input)
VALUES (@lead, @key, @candidates, @rep, @why, @document, @rule, @pool, @strategy, @turn, @input)`

// A pool's row is made by its first turn, under the pool's lock.
const (
	sqlFirstTurn = `INSERT INTO routing_pools (name) VALUES (@pool)`
	sqlTakeTurn  = `UPDATE routing_pools SET turns = @given, reps = @reps WHERE name = @pool`
)

// routed is what a choice goes by: the document, and what it asks of the lead.
type routed struct {
	version int // 0: what is built in
	doc     routing.Document
	domain  string // of the lead's company, whose owner has not been looked for yet
	in      routing.Input
}

// choose follows the document; empty when nobody may have the lead. From where the pools are locked on others wait: all else was
// read before, or is read in the trip that locks.
func (ch *choice) choose(ctx context.Context, r routed) (string, error) {
	r.in.Passed = ch.c.Exclude
	pools, err := ch.prepare(ctx, &r)
	if err != nil {
		return "", err
	}
	b, owner := &pgx.Batch{}, ""
	if r.domain != "" {
		accountOwner(b, r.domain, ch.leadID, &owner)
	}
	lockPools(b, pools)
	d := routing.Decide(r.doc, r.in)
	for d.Need != nil {
		v := pools[d.Need.Pool]
		v.see(b)
		if b.Len() > 0 {
			if err := ch.x.send(b); err != nil {
				return "", err
			}
			b = &pgx.Batch{}
		}
		if owner == "" {
			r.in.Read, r.in.Candidates = append(r.in.Read, v.step.Pool), append(r.in.Candidates, v.of(ch.now)...)
		} else if err := ch.askFirst(ctx, owner, &r, pools, b); err != nil {
			return "", err
		}
		owner = ""
		d = routing.Decide(r.doc, r.in)
	}
	return d.Rep, ch.keep(r, d, pools[d.Pool])
}

// prepare says who is in the pools that may be asked. Who works with the lead's company is asked here only where a rule depends on
// it, or where rows of reps are locked, which happens in their order; else in the trip that locks the pools.
func (ch *choice) prepare(ctx context.Context, r *routed) (map[string]*poolRead, error) {
	now := r.domain != "" && slices.Contains(r.doc.Fields(), factOwner)
	for {
		if now {
			if err := withOwner(ctx, ch.x, &r.in, r.domain, ch.leadID); err != nil {
				return nil, err
			}
			r.domain = ""
		}
		r.in.Facts = r.in.Facts.Only(r.doc)
		pools := map[string]*poolRead{}
		_, steps := routing.Steps(r.doc, r.in)
		for _, step := range steps {
			v, err := ch.s.poolOf(ctx, ch.x, ch.office, step)
			if err != nil {
				return nil, err
			}
			pools[step.Pool] = v
			now = now || len(toCount(v.who, false)) > 0
		}
		if r.domain == "" || !now {
			return pools, nil
		}
	}
}

// askFirst puts the owner of the lead's account before the pools, which are locked; no row of a rep is.
func (ch *choice) askFirst(ctx context.Context, owner string, r *routed, pools map[string]*poolRead, b *pgx.Batch) error {
	r.in.Owner = owner
	_, steps := routing.Steps(r.doc, r.in)
	v, err := ch.s.poolOf(ctx, ch.x, ch.office, steps[0])
	if err != nil {
		return err
	}
	first := map[string]*poolRead{steps[0].Pool: v}
	maps.Copy(pools, first)
	lockPools(b, first)
	return nil
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
		"rule": d.Rule, "pool": d.Pool, "strategy": string(d.Strategy), "turn": nil, "input": raw, "given": int64(0), "reps": nil,
	}
	if d.Ledger == nil {
		ch.ledger["candidates"] = []routing.Candidate{}
	}
	if r.version > 0 {
		ch.ledger["document"] = r.version
	}
	if d.Rep == "" || !ownTurns(d.Pool) {
		return nil
	}
	given, reps := v.take(d)
	ch.ledger["turn"], ch.ledger["given"], ch.ledger["reps"] = given, given, reps
	if !v.turns.there {
		ch.last.Queue(sqlFirstTurn, pgx.NamedArgs{"pool": d.Pool})
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
