package fitting

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/domain/simulate"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// Input is everything a behaviour is fitted to.
type Input struct {
	Observed
	Office  simulate.Office
	Hours   func(rep string) *calendar.Calendar // business time of a rep, by id; of nobody: the house's
	Model   scoring.Model                       // whose rules say which values matter
	Policy  lifecycle.Policy                    // whose reasons are known
	Assumed simulate.Behaviour                  // what is taken where there is too little
}

// Fitted is a behaviour and how it was found.
type Fitted struct {
	FittedTo
	Behaviour simulate.Behaviour `json:"behaviour"`
}

// FittedTo is what a behaviour was fitted to, and what was made of each part.
type FittedTo struct {
	From     time.Time    `json:"from"`
	To       time.Time    `json:"to"`
	Leads    int          `json:"leads"`    // that were looked at
	Captured int          `json:"captured"` // in the period
	Imported int          `json:"imported"` // left out
	PerDay   float64      `json:"per_day"`  // captured a day
	Findings []FittedPart `json:"findings" nullable:"false"`
}

type fit struct {
	Input
	out     Fitted
	visits  [][]visit // by lead
	days    [][]lived
	rate    rate
	cells   cells
	factors map[string]float64 // of a source: how many times as often its leads come by
	each    []float64          // of a lead, likewise
	varies  float64
}

// Fit makes the behaviour.
func Fit(in Input) Fitted {
	f := &fit{Input: in}
	f.out.FittedTo = FittedTo{From: in.From, To: in.To, Leads: len(in.Leads), Captured: in.Captured, Imported: in.Imported, Findings: []FittedPart{}}
	b := &f.out.Behaviour
	*b = in.Assumed
	b.Name = "fitted to " + in.From.UTC().Format(time.DateOnly) + " to " + in.To.UTC().Format(time.DateOnly)
	if f.found("sales.reps", len(in.Office.Reps), 1, "reps", "as they are in the house, by number; with their teams and calendars") {
		in.Office.Move(&b.Sales)
	}
	if days := in.To.Sub(in.From).Hours() / 24; days > 0 {
		f.out.PerDay = math.Round(100*float64(in.Captured)/days) / 100
	}
	b.Arrivals = f.arrivals()
	f.people()
	f.sales()
	return f.out
}

// found notes what was made of a part. It reports whether there was enough.
func (f *fit) found(what string, n, least int, cases, says string, args ...any) bool {
	finding := FittedPart{What: what, How: ByFit, Of: n, Cases: cases, Says: fmt.Sprintf(says, args...)}
	if n < least {
		finding.How = ByAssumed
		finding.Says = fmt.Sprintf("%d are needed: what Leadflow starts with is taken", least)
	}
	f.out.Findings = append(f.out.Findings, finding)
	return n >= least
}

// arrivals are when leads are captured: over a time as long as the period, by hour and day where there are enough. Five leads' worth of
// an even week are added, so that no hour is impossible because nobody has come in it yet.
func (f *fit) arrivals() simulate.Arrivals {
	out := simulate.Arrivals{Over: span.Span(f.To.Sub(f.From).Truncate(time.Hour))}
	if !f.found("arrivals", len(f.Leads), leastHours, "leads", "by hour and day of the week; over %s", out.Over) {
		f.out.Findings[len(f.out.Findings)-1].Says = fmt.Sprintf("%d are needed for hours and days: one moment is as likely as another", leastHours)
		return out
	}
	loc := f.Hours("").Location()
	out.TimeZone, out.Hours, out.Days = loc.String(), make([]float64, 24), map[string]float64{}
	hours, days := make([]float64, 24), make([]float64, 7)
	for _, l := range f.Leads {
		at := l.At.In(loc)
		hours[at.Hour()]++
		days[(int(at.Weekday())+6)%7]++
	}
	n := float64(len(f.Leads))
	for i, c := range hours {
		out.Hours[i] = round((c + 5) / (n + 24*5) * 24)
	}
	for i, c := range days {
		out.Days[simulate.Weekdays[i]] = round((c + 5) / (n + 7*5) * 7)
	}
	return out
}

// round leaves three digits: more would be of chance.
func round(v float64) float64 {
	if v == 0 {
		return 0
	}
	p := math.Pow(10, 2-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*p) / p
}

// shrunk is a share that is drawn towards what all have.
func shrunk(hits, of, all float64) float64 { return round((hits + strength*all) / (of + strength)) }

// weights are counts, of what the policy knows.
func weights(counts map[string]int) map[string]float64 {
	out := map[string]float64{}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		out[name] = float64(counts[name])
	}
	return out
}

// rough is a time as people say it.
func rough(d time.Duration) span.Span {
	unit := time.Minute
	switch {
	case d < 10*time.Minute:
		unit = time.Second
	case d > 48*time.Hour:
		unit = time.Hour
	}
	return span.Span(max(unit, d.Round(unit)))
}

// without is a copy with one key less.
func without(m map[string]float64, key string) map[string]float64 {
	m = maps.Clone(m)
	delete(m, key)
	return m
}
