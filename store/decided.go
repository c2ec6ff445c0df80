package store

import (
	"context"
	"encoding/json"
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

// settled is a decision with all that it leaves behind.
type settled struct {
	*choice
	rep        string           // empty: nobody
	decision   routing.Decision // where somebody was looked for, as the next three
	turn       *int64           // of the pool; nil: it gave none
	input      []byte           // JSON, without the candidates
	candidates []byte           // JSON

	offer  *lifecycle.Offer // nil where rep is empty, and so are all that follow
	clocks []byte           // JSON
	due    *time.Time
	rule   string // of the policy, by which the clocks were made
	alert  *alert
}

// grant makes the assignment of a decision with what is known at this moment, and what tells the rep.
func (g *sitting) grant(ctx context.Context, ch *choice, m *settled) error {
	c := ch.c
	rep, _ := g.office.rep(m.rep)
	id, at := uuid.NewSHA1(assignmentSpace, []byte(c.ID)).String(), c.At.Truncate(time.Microsecond) // as Postgres keeps it
	clocks := []lifecycle.Clock{}
	var err error
	if ch.state == "offered" {
		var due time.Time
		if clocks, due, err = g.clocks(ctx, m, rep); err != nil {
			return err
		}
		due = due.Truncate(time.Microsecond)
		m.due = &due
	}
	m.offer = offerOf(id, m.rep, rep.Team, at, m.due, clocks)
	if m.clocks, err = json.Marshal(clocks); err != nil || !ch.lead.alert {
		return err
	}
	m.alert = &alert{
		kind: alertOf(c.Kind, ch.state), key: c.ID, whys: record.Whys(ch.score.Items, whysShown), unheard: !g.office.hooks,
		AlertData: record.AlertData{LeadID: ch.leadID, Cycle: c.Cycle, AssignmentID: id, RepID: m.rep, Score: ch.score.Score, DueAt: m.due},
	}
	m.alert.of(ch.was, c.At)
	return nil
}

// clocks are the deadlines of an offer by the terms of the lead, in business time of the rep.
func (g *sitting) clocks(ctx context.Context, m *settled, rep colleague) ([]lifecycle.Clock, time.Time, error) {
	o := g.office
	hours, err := g.s.hoursOf(ctx, g.x, o, rep)
	if err != nil {
		return nil, time.Time{}, err
	}
	w := lifecycle.Whose{Band: m.band, Source: m.lead.source}
	for _, team := range []*string{m.lead.teamID, rep.Team} { // the rep's, where they have one
		if team != nil {
			w.Team = o.teams[*team].name
		}
	}
	t := terms{o.policy.SLA.For(w), o.policy.SLA.Rule(w)}
	m.rule = t.rule
	return deadline.Offer(hours, o.policy, t.sla, m.c.At)
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

// What decisions leave behind, in their order: of each the ledger's row where somebody was looked for, and the assignment with its
// terms where somebody has it, the band also where no policy asks for it, for reports do.
const (
	sqlLedger = `INSERT INTO routings (lead_id, key, candidates, rep_id, why, document, rule, pool, strategy, turn, input)
SELECT lead, key, candidates::jsonb, rep, why, document, rule, pool, strategy, turn, input::jsonb
FROM unnest(@leads::uuid[], @keys::text[], @candidates::text[], @reps::uuid[], @whys::text[], @documents::int[], @rules::text[], @pools::text[],
	@strategies::text[], @turns::bigint[], @inputs::text[]) AS l (lead, key, candidates, rep, why, document, rule, pool, strategy, turn, input)`

	sqlAssign = `WITH made AS (INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, team_id, state, offered_at, due_at, clocks, decided_at,
	model_version, score, explanation)
SELECT id, key, lead, cycle, n, rep, team, state, at, due, clocks::jsonb, CASE WHEN state <> 'offered' THEN at END, nullif(@model::int, 0), score, explanation::jsonb
FROM unnest(@ids::uuid[], @keys::text[], @leads::uuid[], @cycles::int[], @ns::int[], @reps::uuid[], @teams::uuid[], @states::text[], @ats::timestamptz[],
	@dues::timestamptz[], @clocks::text[], @scores::int[], @explanations::text[]) AS a (id, key, lead, cycle, n, rep, team, state, at, due, clocks, score, explanation))
INSERT INTO assignment_terms (assignment_id, band, rule) SELECT id, band, rule FROM unnest(@ids::uuid[], @bands::text[], @rules::text[]) AS t (id, band, rule)`
)

// An offer that is still open is over as soon as the next is made: there is one at a time. It was made for an attempt that is lost, and this
// attempt may be as well: the place is held until the run has told something more.
const sqlEndOpen = `WITH over AS (
	UPDATE assignments SET state = 'withdrawn', decided_at = now(), reason = 'withdrawn' WHERE lead_id = @lead AND state = 'offered' RETURNING lead_id, rep_id)
INSERT INTO held_places (lead_id, rep_id, version) SELECT DISTINCT o.lead_id, o.rep_id, l.version + 1 FROM over o JOIN leads l ON l.id = o.lead_id JOIN reps r ON r.id = o.rep_id
WHERE r.capacity IS NOT NULL OR r.per_day IS NOT NULL
` + heldAgain

// decidedRows are what decisions leave behind, column by column.
type decidedRows struct {
	ledger  ledgerRows
	granted grantedRows
	alerts  []alert
}

type ledgerRows struct {
	leads, keys, candidates, whys, rules, pools, strategies, inputs []string
	reps                                                            []*string
	documents                                                       []*int
	turns                                                           []*int64
}

type grantedRows struct {
	ids, keys, leads, reps, states, clocks, explanations, bands, rules []string
	cycles, ns, scores                                                 []int
	teams                                                              []*string
	ats                                                                []time.Time
	dues                                                               []*time.Time
}

func (r *decidedRows) add(m settled) {
	if l := &r.ledger; m.among != nil {
		d, document := m.decision, (*int)(nil)
		if m.among.version > 0 {
			document = &m.among.version
		}
		l.leads, l.keys, l.candidates, l.inputs = append(l.leads, m.leadID), append(l.keys, m.c.ID), append(l.candidates, string(m.candidates)), append(l.inputs, string(m.input))
		l.whys, l.rules, l.pools, l.strategies = append(l.whys, whyRouted(d)), append(l.rules, d.Rule), append(l.pools, d.Pool), append(l.strategies, string(d.Strategy))
		l.reps, l.documents, l.turns = append(l.reps, nullable(d.Rep)), append(l.documents, document), append(l.turns, m.turn)
	}
	if m.offer == nil {
		return
	}
	a := &r.granted
	a.ids, a.keys, a.leads, a.reps = append(a.ids, m.offer.Assignment), append(a.keys, m.c.ID), append(a.leads, m.leadID), append(a.reps, m.rep)
	a.cycles, a.ns, a.scores = append(a.cycles, m.c.Cycle), append(a.ns, m.c.N), append(a.scores, m.score.Score)
	a.states, a.teams, a.ats, a.dues = append(a.states, m.state), append(a.teams, assignmentID(m.offer.Team)), append(a.ats, m.offer.At), append(a.dues, m.due)
	a.clocks, a.explanations = append(a.clocks, string(m.clocks)), append(a.explanations, string(m.whole))
	a.bands, a.rules = append(a.bands, m.band), append(a.rules, m.rule)
	if m.alert != nil {
		r.alerts = append(r.alerts, *m.alert)
	}
}

// queue queues the rows. The model is that of all scores: there is none, or it explained them.
func (r *decidedRows) queue(b *pgx.Batch, model int) {
	if l := r.ledger; len(l.leads) > 0 {
		b.Queue(sqlLedger, pgx.NamedArgs{
			"leads": l.leads, "keys": l.keys, "candidates": l.candidates, "reps": l.reps, "whys": l.whys, "documents": l.documents, "rules": l.rules,
			"pools": l.pools, "strategies": l.strategies, "turns": l.turns, "inputs": l.inputs,
		})
	}
	if a := r.granted; len(a.ids) > 0 {
		b.Queue(sqlAssign, pgx.NamedArgs{
			"ids": a.ids, "keys": a.keys, "leads": a.leads, "cycles": a.cycles, "ns": a.ns, "reps": a.reps, "teams": a.teams, "states": a.states,
			"ats": a.ats, "dues": a.dues, "clocks": a.clocks, "scores": a.scores, "explanations": a.explanations, "bands": a.bands, "rules": a.rules,
			"model": model,
		})
	}
}
