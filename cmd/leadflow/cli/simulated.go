package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/leadflow-dev/leadflow/domain/simulate"
)

// part is one table of what came of a simulation. A row begins with what it is about, one cell for each key; what follows are figures.
type part struct {
	name   string
	header []string
	keys   int
	rows   [][]string
}

// showParts writes several tables under their names; as CSV they are one list, a line for each figure.
func (t *tool) showParts(parts []part) error {
	if t.format == formatCSV {
		rows := [][]string{{"part", "of", "when", "figure", "value"}}
		for _, p := range parts {
			for _, row := range p.rows {
				when := ""
				if p.keys > 1 {
					when = row[1]
				}
				for i := p.keys; i < len(row); i++ {
					if row[i] != "" {
						rows = append(rows, []string{p.name, row[0], when, p.header[i], row[i]})
					}
				}
			}
		}
		return t.writeCSV(rows)
	}
	for i, p := range parts {
		if len(p.rows) == 0 {
			continue
		}
		title := p.name + "\n"
		if i > 0 {
			title = "\n" + title
		}
		if err := t.write([]byte(title)); err != nil {
			return err
		}
		t.render(p.header, len(p.rows), func(n int) []string { return p.rows[n] })
	}
	return nil
}

func whole(n int) string { return strconv.Itoa(n) }

// rounded is a figure with three digits behind the point at most.
func rounded(v float64) string { return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64) }

func (t *tool) showSimulated(r *simulate.Result) error {
	if t.format == formatJSON {
		raw, err := json.Marshal(r)
		if err != nil {
			return unwritable(err)
		}
		return t.writeJSON(raw)
	}
	return t.showParts(partsOf(r))
}

func partsOf(r *simulate.Result) []part {
	funnel := part{name: "funnel", keys: 1, header: []string{"step", "reached", "of_before", "of_all", "p50_hours", "p90_hours"}}
	for _, s := range r.Funnel {
		funnel.rows = append(funnel.rows, []string{s.Step, whole(s.Reached), rounded(s.OfBefore), rounded(s.OfAll), rounded(s.P50), rounded(s.P90)})
	}
	stages := part{name: "stages", keys: 1, header: []string{"stage", "leads"}}
	for _, s := range r.Stages {
		stages.rows = append(stages.rows, []string{s.Stage, whole(s.Leads)})
	}
	sla := part{name: "sla", keys: 1, header: []string{
		"rep", "offers", "met", "breached", "running", "withdrawn", "attainment", "decided_p50_hours", "decided_p90_hours", "touch_breached",
	}}
	for _, l := range r.SLA {
		sla.rows = append(sla.rows, []string{
			l.Rep, whole(l.Offers), whole(l.Met), whole(l.Breached), whole(l.Running), whole(l.Withdrawn), rounded(l.Attainment), rounded(l.P50), rounded(l.P90), whole(l.TouchBreached),
		})
	}
	queue := part{name: "waiting for sales", keys: 1, header: []string{"leads", "taken", "p50_hours", "p90_hours", "waiting"}}
	queue.rows = [][]string{{"qualified", whole(r.Queue.Taken), rounded(r.Queue.P50), rounded(r.Queue.P90), whole(r.Queue.Waiting)}}
	load := part{name: "load", keys: 2, header: []string{"rep", "week", "offers", "accepted", "rejected", "missed", "claimed", "alerts", "peak", "open"}}
	for _, l := range r.Load {
		load.rows = append(load.rows, []string{
			l.Rep, l.Week, whole(l.Offers), whole(l.Accepted), whole(l.Rejected), whole(l.Missed), whole(l.Claimed), whole(l.Alerts), whole(l.Peak), whole(l.Open),
		})
	}
	mails := part{name: "mails", keys: 1, header: []string{"day", "mails"}}
	for _, m := range r.Mails {
		mails.rows = append(mails.rows, []string{m.Day, whole(m.Mails)})
	}
	return []part{funnel, stages, sla, queue, load, mails}
}

func (t *tool) showCompared(c *simulate.Comparison) error {
	if t.format == formatJSON {
		raw, err := json.Marshal(c)
		if err != nil {
			return unwritable(err)
		}
		return t.writeJSON(raw)
	}
	p := part{name: "comparison", keys: 1, header: []string{"figure", "first", "second", "difference", "low", "high", "gained", "lost"}}
	for _, pair := range c.Pairs {
		low, high := "", ""
		if pair.Low != nil {
			low, high = rounded(*pair.Low), rounded(*pair.High)
		}
		p.rows = append(p.rows, []string{
			pair.Figure, rounded(pair.First), rounded(pair.Second), rounded(pair.Difference), low, high, whole(pair.Gained), whole(pair.Lost),
		})
	}
	if err := t.showParts([]part{p}); err != nil {
		return err
	}
	t.tell("%s", fmt.Sprintf("%d leads a world, %d days; %d worlds from seed %d on. -o json has the first world of both.", c.Leads, c.Days, c.Worlds, c.Seed))
	if c.Worlds == 1 {
		t.tell("One world says nothing about how sure a difference is: take --worlds 10.")
	}
	return nil
}
