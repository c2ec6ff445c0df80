package predict

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Health is how a predictor does on leads that came to an end after it was trained.
type Health struct {
	Rows      int      `json:"rows"`
	Converted int      `json:"converted"`
	Fields    []Drift  `json:"fields"`  // what moved most first
	Logits    float64  `json:"logits"`  // stability of what the predictor says
	Periods   []Period `json:"periods"` // oldest first; of equal rows
	Alarms    []string `json:"alarms"`  // each with the number behind it; none: all is well
	Retrain   bool     `json:"retrain"`
}

// Drift is how far a field is from what it was in training: the population stability index, the sum over bins of
// (share - reference) * ln(share / reference). Above 0.25 the population is another one (Siddiqi 2006).
type Drift struct {
	Field string  `json:"field"`
	PSI   float64 `json:"psi"`
	Was   float64 `json:"missing_was"` // share of rows
	Is    float64 `json:"missing_is"`
}

// Period is some rows that follow each other in time.
type Period struct {
	From      string   `json:"from"`
	To        string   `json:"to"`
	Rows      int      `json:"rows"`
	AUC       Interval `json:"auc"`
	Predicted float64  `json:"predicted"` // mean probability
	Observed  Interval `json:"observed"`  // share that converted (interval of Wilson)
	ECE       float64  `json:"ece"`
}

// When Watch raises an alarm.
const (
	leastWatched = 100  // rows of a period; of fewer nothing is said
	mostPeriods  = 6    //
	shifted      = 0.25 // PSI
	leastOff     = 0.05 // of predicted and observed, beside being outside its interval
)

// Watch asks a predictor about rows whose outcome is known and tells what changed since its card was written. The error is
// *TooFew below 100 rows, or *Unusable.
func Watch(t Table, m Mapping, p scoring.Predictor, c Card) (*Health, error) {
	f, err := frameOf(t, m)
	if err != nil {
		return nil, err
	}
	if len(f.won) < leastWatched {
		return nil, &TooFew{len(f.won), f.positives()}
	}
	for _, one := range p.Features {
		if !slices.ContainsFunc(f.features, func(g feature) bool { return g.field == one.Field }) {
			f.features = append(f.features, f.empty(one))
		}
	}
	h := &Health{Rows: len(f.won), Converted: f.positives(), Alarms: []string{}}
	logits := f.logits(p, f.all())
	h.drifts(f, c.Reference, logits)
	h.periods(f, p.Calibration, logits)
	h.judge(c)
	h.Retrain = len(h.Alarms) > 0
	return h, nil
}

// empty is a feature of which these rows know nothing.
func (f *frame) empty(one scoring.Feature) feature {
	return feature{name: one.Field, field: one.Field, kind: Category, texts: make([]string, len(f.won))}
}

func (h *Health) drifts(f *frame, was Reference, logits []float64) {
	for _, r := range was.Features {
		for i := range f.features {
			if one := &f.features[i]; one.field == r.Field {
				is := r
				is.Missing = 0
				is.count(one.rows(), one.get)
				h.Fields = append(h.Fields, Drift{r.Field, stability(r, is, len(f.won)), r.Missing, is.Missing})
			}
		}
	}
	slices.SortStableFunc(h.Fields, func(a, b Drift) int { return cmp.Compare(b.PSI, a.PSI) })
	is := was.Logits
	is.count(len(logits), func(i int) (any, bool) { return logits[i], true })
	h.Logits = stability(was.Logits, is, len(logits))
}

// stability is the index of two distributions over the same bins. Half a row is added to each bin: none is empty.
func stability(was, is Distribution, rows int) float64 {
	sum, half := 0.0, 0.5/float64(rows)
	add := func(a, b float64) { sum += (b - a) * math.Log((b+half)/(a+half)) }
	for i := range was.Shares {
		add(was.Shares[i], is.Shares[i])
	}
	add(was.Missing, is.Missing)
	return sum
}

func (h *Health) periods(f *frame, c scoring.Calibration, logits []float64) {
	rows := f.all()
	if f.order != nil {
		slices.SortStableFunc(rows, func(a, b int) int { return cmp.Compare(f.order[a], f.order[b]) })
	}
	n := min(mostPeriods, len(rows)/leastWatched)
	for i := range n {
		part := rows[i*len(rows)/n : (i+1)*len(rows)/n]
		one := Period{Rows: len(part)}
		if f.order != nil {
			one.From, one.To = f.when[part[0]], f.when[part[len(part)-1]]
		}
		z := make([]float64, len(part))
		for k, r := range part {
			z[k] = logits[r]
		}
		said, won, wins := probabilities(c, z), f.wonOf(part), 0
		for k, p := range said {
			one.Predicted += p / float64(len(part))
			wins += class(won[k])
		}
		one.Observed, one.ECE = Share(wins, len(part)), ECE(Reliability(said, won))
		if one.AUC = AUC(said, won); math.IsNaN(one.AUC.Value) {
			one.AUC = Interval{0, 0, 1} // of one kind only: nothing is known of it
		}
		h.Periods = append(h.Periods, one)
	}
}

// judge raises alarms: of fields over all rows, of figures over the newest period.
func (h *Health) judge(c Card) {
	alarm := func(format string, args ...any) { h.Alarms = append(h.Alarms, fmt.Sprintf(format, args...)) }
	for _, d := range h.Fields {
		if d.PSI > shifted {
			alarm("%s is not what it was: stability index %.2f, above %.2f (unknown in %.0f %%, was %.0f %%)", d.Field, d.PSI, shifted, 100*d.Is, 100*d.Was)
		}
	}
	if h.Logits > shifted {
		alarm("leads are not what they were: stability index of the score %.2f, above %.2f", h.Logits, shifted)
	}
	last := h.Periods[len(h.Periods)-1]
	if was := c.CrossValidation.AUC; last.AUC.High < was.Low {
		alarm("it ranks worse than it did: AUC %s of the newest %d, was %s", last.AUC, last.Rows, was)
	}
	if o := last.Observed; (last.Predicted < o.Low || last.Predicted > o.High) && math.Abs(last.Predicted-o.Value) > leastOff {
		alarm("its probabilities are off: %.1f %% predicted of the newest %d, %s converted", 100*last.Predicted, last.Rows, o.percent())
	}
}
