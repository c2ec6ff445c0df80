package simulate

import (
	"fmt"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

// entry is an entry into a sequence.
type entry struct {
	n    int // in this cycle
	at   time.Time
	rest sequence.Position
	left bool
}

// goOn moves a lead on in its sequence to its next rest.
func (w *world) goOn(p *person, c lifecycle.Command) lifecycle.Move {
	doc := w.docs[c.Position.Sequence]
	key := fmt.Sprintf("%d/%s", c.Cycle, doc.Name)
	in, at := p.entries[key], sequence.Position{Step: c.Position.Step, Since: c.Position.Since}
	switch {
	case in == nil:
		in = &entry{n: 1, at: p.lead.CycleAt}
		p.entries[key] = in
	case at.Step == "" && !in.left:
		at = in.rest
	case at.Step == "" && doc.Entry.Reentry != sequence.ReentryAlways:
		return lifecycle.Move{Done: true, Why: "entered", Position: c.Position}
	case at.Step == "":
		in.n, in.at, in.left = in.n+1, c.At, false
	}
	key = fmt.Sprintf("%s/%d/", key, in.n)
	m := sequence.Next(*doc, at, w.facts(p, doc, c, in, key), c.At)
	w.effects(p, key, c, &m)
	if m.Mail != "" {
		w.mail(p, key+m.Mail)
	}
	out := lifecycle.Move{Mail: m.Mail, Done: m.Done, Why: m.Why, Position: c.Position}
	in.rest, in.left = m.Rest, m.Done
	if !m.Done {
		out.Position.Step, out.Position.Since, out.At = m.Rest.Step, m.Rest.Since.UTC(), m.At.UTC()
	}
	p.wanted, p.since = slices.Clone(m.Any), m.Rest.Since
	for _, band := range m.Bands {
		p.wanted = append(p.wanted, "band:"+band)
	}
	return out
}

// facts are what the conditions of a sequence may ask of a lead.
func (w *world) facts(p *person, doc *sequence.Sequence, c lifecycle.Command, in *entry, key string) sequence.Facts {
	p.sent = slices.DeleteFunc(p.sent, func(at time.Time) bool { return !at.After(c.At.Add(-7 * 24 * time.Hour)) })
	return sequence.Facts{
		Lead: p.id, Cycle: c.Cycle, Entered: in.at, Zone: doc.Window.In(w.Zone, p.home), Home: p.home,
		Score: p.stands.Score, Band: p.stands.Band, Grade: p.stands.Grade, Rules: w.rules, Sent: p.sent, Field: p.profile.Get,
		Reached: func(step string) bool { return p.ledger["goal/"+key+step] },
		Engaged: func(types []string, from, to time.Time) int {
			n := 0
			for _, e := range p.events {
				if slices.Contains(types, e.Type) && !e.OccurredAt.Before(from) && !e.OccurredAt.After(to) {
					n++
				}
			}
			return n
		},
	}
}

// effects does what steps do beside moving a lead on.
func (w *world) effects(p *person, key string, c lifecycle.Command, m *sequence.Move) {
	for _, e := range m.Effects {
		switch {
		case e.Goal != "":
			p.ledger["goal/"+key+e.Step] = true
		case e.SetField != nil:
			w.learn(p, e.SetField.Field, e.SetField.Value)
			if len(m.Bands) > 0 && !m.Done {
				m.At = c.At // it may be in the band it waits for by now
			}
		}
	}
}

// mail sends one, once.
func (w *world) mail(p *person, key string) {
	if p.ledger["mail/"+key] {
		return
	}
	p.ledger["mail/"+key] = true
	p.sent = append(p.sent, w.now)
	if p.life != nil {
		p.life.Mails = append(p.life.Mails, w.now)
	}
	w.mails[w.now.UTC().Format(time.DateOnly)]++
	w.reads(p, key)
}

// choose is the sequence of a cycle after the first: the one that the policy names for the reason, else one that is for the reason itself, else that of
// new leads.
func (w *world) choose(p *person, c lifecycle.Command) lifecycle.Position {
	best, rank := "", 0
	for i := len(w.Sequences) - 1; i >= 0; i-- {
		s := w.Sequences[i]
		once := s.Entry.Reentry == sequence.ReentryNever
		for cycle := 1; cycle < c.Cycle && once; cycle++ {
			once = p.entries[fmt.Sprintf("%d/%s", cycle, s.Name)] == nil
		}
		is := 0
		switch {
		case s.Entry.Reentry == sequence.ReentryNever && !once:
		case s.Name == c.Sequence:
			is = 3
		case slices.Contains(s.Entry.Reasons, p.lead.Reason):
			is = 2
		case i == 0:
			is = 1
		}
		if is > rank {
			best, rank = s.Name, is
		}
	}
	if best == "" {
		return lifecycle.Position{}
	}
	return lifecycle.Position{Sequence: best, Version: 1}
}
