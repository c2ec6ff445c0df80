package simulate

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// Result is what became of everybody.
type Result struct {
	Leads int       `json:"leads"`
	Days  int       `json:"days"`
	Seed  uint64    `json:"seed"`
	Start time.Time `json:"start"`

	Funnel []Step     `json:"funnel"`
	Stages []Stage    `json:"stages"` // where leads are at the end
	SLA    []SLALine  `json:"sla"`    // all together first, then by rep
	Queue  Waits      `json:"queue"`
	Load   []LoadLine `json:"load"` // by rep and week
	Mails  []Mails    `json:"mails"`

	Lives    []*Life   `json:"-"` // where they are kept
	outcomes []outcome // by lead
}

// Step is one step of the funnel. Leads count once, as far as they ever came.
type Step struct {
	Step     string  `json:"step"`
	Reached  int     `json:"reached"`
	OfBefore float64 `json:"of_before"` // share of those who reached the step before
	OfAll    float64 `json:"of_all"`
	P50      float64 `json:"p50_hours"` // from the step before
	P90      float64 `json:"p90_hours"`
}

// Stage is how many leads are in a stage.
type Stage struct {
	Stage string `json:"stage"`
	Leads int    `json:"leads"`
}

// SLALine is what became of offers. An offer is met when it was answered by its deadline, breached when it was not, and neither when it was withdrawn or its
// deadline is still to come.
type SLALine struct {
	Rep           string  `json:"rep"`
	Offers        int     `json:"offers"`
	Met           int     `json:"met"`
	Breached      int     `json:"breached"`
	Running       int     `json:"running"`
	Withdrawn     int     `json:"withdrawn"`
	Attainment    float64 `json:"attainment"`        // of met and breached
	P50           float64 `json:"decided_p50_hours"` // from the offer to the answer, by the clock on the wall
	P90           float64 `json:"decided_p90_hours"`
	TouchBreached int     `json:"touch_breached"`
}

// Waits is how long leads that qualified waited until somebody had taken them.
type Waits struct {
	Taken   int     `json:"taken"`
	P50     float64 `json:"p50_hours"`
	P90     float64 `json:"p90_hours"`
	Waiting int     `json:"waiting"` // nobody has, at the end
}

// LoadLine is what one rep had in one week.
type LoadLine struct {
	Rep      string `json:"rep"`
	Week     string `json:"week"` // its Monday, UTC
	Offers   int    `json:"offers"`
	Accepted int    `json:"accepted"`
	Rejected int    `json:"rejected"`
	Missed   int    `json:"missed"`
	Claimed  int    `json:"claimed"` // taken out of the queue, or given by a clock of work
	Alerts   int    `json:"alerts"`
	Peak     int    `json:"peak"` // most open leads at once
	Open     int    `json:"open"` // at the end of the week
}

// Mails is how many mails went out on a day.
type Mails struct {
	Day   string `json:"day"` // UTC
	Mails int    `json:"mails"`
}

// outcome is what a comparison looks at.
type outcome struct {
	reached map[string]time.Time
	mails   int
	met     int
	late    int
	waited  time.Duration // from qualifying to being taken, the first time; negative: nobody took it
}

func (w *world) result() *Result {
	r := &Result{Leads: w.Leads, Days: w.Days, Seed: w.Seed, Start: w.Start.UTC()}
	var facts []funnel.Fact
	stages, by, spans := map[lifecycle.Stage]int{}, map[string]*SLALine{}, map[string][]time.Duration{}
	for _, p := range w.people {
		o := w.outcome(p)
		for step, at := range o.reached {
			facts = append(facts, funnel.Fact{Subject: p.id, Step: step, At: at})
		}
		stages[p.lead.Stage]++
		for _, id := range slices.Sorted(maps.Keys(p.offers)) {
			if offer := p.offers[id]; !offer.claimed {
				for _, name := range []string{"all", offer.rep.Name} {
					by[name] = cmp.Or(by[name], &SLALine{Rep: name})
					offer.count(by[name], w.End())
					if !offer.decided.IsZero() && (offer.state == "accepted" || offer.state == "rejected") {
						spans[name] = append(spans[name], offer.decided.Sub(offer.at))
					}
				}
				offer.tally(&o, w.End())
			}
		}
		r.outcomes = append(r.outcomes, o)
		if p.life != nil {
			p.life.Lead, p.life.Profile, p.life.Events = p.lead, p.profile, p.events
			r.Lives = append(r.Lives, p.life)
		}
	}
	captured := 0
	for _, s := range funnel.Count(funnel.Steps, facts) {
		captured = max(captured, s.Reached)
		r.Funnel = append(r.Funnel, Step{
			Step: s.Name, Reached: s.Reached, OfBefore: s.Conversion, OfAll: share(s.Reached, captured), P50: s.Took.Median.Hours(), P90: s.Took.P90.Hours(),
		})
	}
	for _, stage := range lifecycle.Stages {
		if stages[stage] > 0 {
			r.Stages = append(r.Stages, Stage{string(stage), stages[stage]})
		}
	}
	names := []string{"all"}
	for _, one := range w.reps {
		names = append(names, one.Name)
	}
	for _, name := range names {
		line := cmp.Or(by[name], &SLALine{Rep: name})
		line.Attainment = share(line.Met, line.Met+line.Breached)
		line.P50, line.P90 = quantiles(spans[name])
		r.SLA = append(r.SLA, *line)
	}
	r.Queue = waits(r.outcomes)
	r.Load, r.Mails = w.load(), w.perDay()
	return r
}

// outcome is how far somebody came.
func (w *world) outcome(p *person) outcome {
	o := outcome{reached: map[string]time.Time{}, waited: -1}
	for _, j := range funnel.Travel(p.born, p.moves) {
		if j.Cycle == 0 {
			o.reached = j.Reached
		}
	}
	for key := range p.ledger {
		if len(key) > 5 && key[:5] == "mail/" {
			o.mails++
		}
	}
	if taken, ok := o.reached[funnel.Accepted]; ok {
		o.waited = taken.Sub(o.reached[funnel.MQL])
	}
	return o
}

// fate is what became of the deadline of an offer.
func (o *offer) fate(end time.Time) (met, breached, running bool) {
	answered := o.state == "accepted" || o.state == "rejected"
	switch {
	case answered:
		met = !o.decided.After(o.due)
		return met, !met, false
	case o.state == "missed":
		return false, true, false
	case o.state == "withdrawn":
		return false, false, false
	}
	return false, !o.due.After(end), o.due.After(end)
}

func (o *offer) count(l *SLALine, end time.Time) {
	l.Offers++
	switch met, breached, running := o.fate(end); {
	case met:
		l.Met++
	case breached:
		l.Breached++
	case running:
		l.Running++
	default:
		l.Withdrawn++
	}
	if o.idle {
		l.TouchBreached++
	}
}

func (o *offer) tally(to *outcome, end time.Time) {
	switch met, breached, _ := o.fate(end); {
	case met:
		to.met++
	case breached:
		to.late++
	}
}

func waits(outcomes []outcome) Waits {
	var out Waits
	var all []time.Duration
	for _, o := range outcomes {
		if _, mql := o.reached[funnel.MQL]; !mql {
			continue
		}
		if o.waited < 0 {
			out.Waiting++
			continue
		}
		all = append(all, o.waited)
	}
	out.Taken = len(all)
	out.P50, out.P90 = quantiles(all)
	return out
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// quantiles are the median and the ninth decile, in hours.
func quantiles(spans []time.Duration) (p50, p90 float64) {
	took := funnel.Spans(spans)
	return took.Median.Hours(), took.P90.Hours()
}

const week = 7 * 24 * time.Hour

// monday is the beginning of a week, UTC.
func monday(t time.Time) time.Time {
	day := t.UTC().Truncate(24 * time.Hour)
	return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
}

// week is what a rep has in this week.
func (w *world) week(r *rep) *LoadLine {
	key := monday(w.now).Format(time.DateOnly)
	if r.weeks == nil {
		r.weeks = map[string]*LoadLine{}
	}
	if r.weeks[key] == nil {
		r.weeks[key] = &LoadLine{Rep: r.Name, Week: key, Peak: r.open, Open: r.open}
	}
	return r.weeks[key]
}

// load is every week of every rep: where nothing happened, they had what they had before.
func (w *world) load() []LoadLine {
	var out []LoadLine
	for _, r := range w.reps {
		open := 0
		for at := monday(w.Start); at.Before(w.End()); at = at.Add(week) {
			line := LoadLine{Rep: r.Name, Week: at.Format(time.DateOnly), Peak: open, Open: open}
			if had := r.weeks[line.Week]; had != nil {
				line = *had
			}
			open = line.Open
			out = append(out, line)
		}
	}
	return out
}

// perDay is every day from the start to the end, also those without mail.
func (w *world) perDay() []Mails {
	var out []Mails
	for at := w.Start.UTC().Truncate(24 * time.Hour); at.Before(w.End()); at = at.AddDate(0, 0, 1) {
		day := at.Format(time.DateOnly)
		out = append(out, Mails{day, w.mails[day]})
	}
	return out
}
