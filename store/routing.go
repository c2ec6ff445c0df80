package store

import (
	"encoding/json"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

// routed is what a choice goes by: the document, and what it asks of the lead.
type routed struct {
	version int // 0: what is built in
	doc     routing.Document
	domain  string // of the lead's company, whose owner has not been looked for yet
	in      routing.Input
}

// choose follows the document from what was read and counted; nobody is a choice as well.
func (g *sitting) choose(ch *choice, m *settled) error {
	r := ch.among
	d := routing.Decide(r.doc, r.in)
	for d.Need != nil {
		v := ch.pools[slices.IndexFunc(ch.pools, func(v *poolRead) bool { return v.step.Pool == d.Need.Pool })]
		if !g.counts.knows(v) {
			b := &pgx.Batch{}
			g.counts.see(b, v)
			if err := g.x.send(b); err != nil {
				return err
			}
		}
		r.in.Read, r.in.Candidates = append(r.in.Read, v.step.Pool), append(r.in.Candidates, v.of(g.now, g.counts)...)
		d = routing.Decide(r.doc, r.in)
	}
	in := r.in
	in.Candidates = nil // the ledger has them
	if d.Ledger == nil {
		d.Ledger = []routing.Candidate{}
	}
	m.rep, m.decision = d.Rep, d
	if d.Rep != "" && ownTurns(d.Pool) {
		turn := g.counts.turns[d.Pool].Given + 1
		m.turn = &turn
	}
	var err error
	if m.input, err = json.Marshal(in); err == nil {
		m.candidates, err = json.Marshal(d.Ledger)
	}
	return err
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
