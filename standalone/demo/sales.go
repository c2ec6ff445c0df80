package demo

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// desk is what sales has in mind.
type desk struct {
	answers map[string]*answer // by offer, or by place in the queue
	turns   map[string]*turn   // by lead and cycle
	seen    map[string]bool    // offers that were rejected once, assignments that were taken up
}

// answer is what will be said to an offer; nil: nothing ever.
type answer struct {
	at   time.Time
	kind string
	body object
}

// turn is a lead at work: its moves one after the other.
type turn struct {
	p     *person
	cycle int
	moves []string
	at    time.Time // of the first of them
}

// foreseen is what sales does with somebody whose plot knows nothing of it.
var foreseen = sale{"soon", []string{"call"}}

func (p *person) sale(cycle int) sale {
	switch {
	case len(p.plot.sales) == 0:
		return foreseen
	case cycle > len(p.plot.sales):
		return sale{offer: "never"}
	}
	return p.plot.sales[cycle-1]
}

// sell goes through the inbox, and then on with what is at work.
func (d *demo) sell(ctx context.Context, now time.Time) error {
	inbox, err := list[record.InboxItem](ctx, d.api, "/v1/inbox?")
	if err != nil {
		return err
	}
	for _, item := range inbox {
		p := d.byID[item.LeadID]
		if p == nil {
			continue
		}
		var err error
		switch item.Stage {
		case lifecycle.StageHandoff, lifecycle.StageQualified:
			err = d.answer(ctx, p, item, now)
		default:
			err = d.takeUp(ctx, p, item, now)
		}
		if err != nil && !refused(err) {
			return err
		}
	}
	for key, t := range d.desk.turns {
		if len(t.moves) == 0 || t.at.After(now) {
			continue
		}
		if err := d.move(ctx, t, now); err != nil && !refused(err) {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

func (d *demo) cycleOf(ctx context.Context, id string) (int, error) {
	var lead record.Lead
	err := d.api.get(ctx, "/v1/leads/"+id, &lead)
	return lead.Cycle, err
}

func (d *demo) answer(ctx context.Context, p *person, item record.InboxItem, now time.Time) error {
	key := p.id + "/queue"
	switch {
	case item.Stage == lifecycle.StageQualified && item.SLA.State != lifecycle.SLABreached:
		return nil // on its way to its first rep
	case item.Stage == lifecycle.StageHandoff && item.AssignmentID != nil:
		key = *item.AssignmentID
	}
	a, known := d.desk.answers[key]
	if !known {
		cycle, err := d.cycleOf(ctx, p.id)
		if err != nil {
			return err
		}
		a = d.decide(p, item, cycle, now)
		d.desk.answers[key] = a
	}
	if a == nil || a.kind == "" || a.at.After(now) {
		return nil
	}
	kind := a.kind
	a.kind = "" // once: who was refused does not insist
	return d.api.post(ctx, "/v1/leads/"+p.id+"/"+kind, "", a.body, nil)
}

// decide makes up sales' mind about an offer, or about a place in the team queue.
func (d *demo) decide(p *person, item record.InboxItem, cycle int, now time.Time) *answer {
	how, key := p.sale(cycle), fmt.Sprintf("offer/%d", cycle)
	if item.Stage == lifecycle.StageQualified {
		if how.offer != "claimed" {
			return nil
		}
		rep := pick(dice(p.n, key), d.reps)
		for _, r := range d.reps {
			if item.TeamID != nil && r.TeamID != nil && *r.TeamID == *item.TeamID {
				rep = r
			}
		}
		return &answer{at: now.Add(d.paced(p.between(key, 15*s, 40*s))), kind: "accept", body: object{"rep_id": rep.ID}}
	}
	if item.RepID == nil || item.OfferedAt == nil || how.offer == "never" || how.offer == "claimed" {
		return nil
	}
	after := p.between(key, 12*s, 50*s)
	if how.offer == "late" {
		after = p.between(key, 70*s, 110*s)
	}
	a := &answer{at: item.OfferedAt.Add(d.paced(after)), kind: "accept", body: object{"rep_id": *item.RepID}}
	if before := p.id + "/" + key; how.offer != "soon" && how.offer != "late" && !d.desk.seen[before] {
		d.desk.seen[before] = true // the next rep takes it
		a.kind, a.body = "reject", object{"rep_id": *item.RepID, "reason": how.offer, "note": pick(dice(p.n, key), notes)}
	}
	return a
}

// takeUp begins to work a lead.
func (d *demo) takeUp(ctx context.Context, p *person, item record.InboxItem, now time.Time) error {
	if item.AssignmentID == nil || d.desk.seen[*item.AssignmentID] {
		return nil
	}
	cycle, err := d.cycleOf(ctx, p.id)
	if err != nil {
		return err
	}
	d.desk.seen[*item.AssignmentID] = true
	key := fmt.Sprintf("%s/%d", p.id, cycle)
	if d.desk.turns[key] == nil {
		d.desk.turns[key] = &turn{p: p, cycle: cycle, moves: p.sale(cycle).moves, at: now.Add(d.paced(p.between("work/"+key, 15*s, 50*s)))}
	}
	return nil
}

// move does the next thing with a lead at work. Who was refused goes on with the one after it.
func (d *demo) move(ctx context.Context, t *turn, now time.Time) error {
	verb, reason, _ := strings.Cut(t.moves[0], ":")
	t.moves = t.moves[1:]
	once := fmt.Sprintf("demo/%d/%d/%s", t.p.n, t.cycle, verb)
	t.at = now.Add(d.paced(t.p.between(once, 30*s, 80*s)))
	chance := dice(t.p.n, once)
	body := object{}
	switch verb {
	case "call", "meeting":
		d.todo = append(d.todo, deed{act: act{event: verb}, p: t.p, at: now, id: once})
		return d.api.post(ctx, "/v1/leads/"+t.p.id+"/notes", once, object{"text": pick(chance, notes)}, nil)
	case "win":
		size, _ := t.p.profile["company_size"].(int)
		body["amount"], body["currency"] = strconv.Itoa(900+size/10*120)+".00", "EUR"
		if thing := pick(chance, oneThings); thing != "" {
			body["one_thing"] = thing
		}
		if missing := pick(chance, missings); missing != "" {
			body["missing"] = missing
		}
	case "lose":
		body["reason"], body["note"] = reason, pick(chance, notes)
	case "disqualify":
		body["reason"] = reason
	case "reassign":
		body["rep_id"] = pick(chance, d.reps).ID
	}
	return d.api.post(ctx, "/v1/leads/"+t.p.id+"/"+verb, once, body, nil)
}
