package predict

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Card says what a predictor was made of, how good it is, and what it is not good for.
type Card struct {
	Target      string      `json:"target"`
	Fingerprint string      `json:"fingerprint"` // SHA-256 of the rows that were used
	Seed        uint64      `json:"seed"`
	Rows        int         `json:"rows"`
	Converted   int         `json:"converted"`
	BaseRate    Interval    `json:"base_rate"` // interval of Wilson
	Open        int         `json:"open"`      // rows without an outcome, left out
	Twins       int         `json:"twins"`     // rows that are equal to an earlier one but for their ids
	Grouped     bool        `json:"grouped"`   // twins were kept in one fold
	Period      *[2]string  `json:"period"`    // null: rows have no time
	Missing     []string    `json:"missing"`   // cells that say nothing, beside the empty one
	Features    []Described `json:"features"`  // what weighs most first
	Left        []Left      `json:"left_out"`
	Accepted    []string    `json:"accepted"` // columns that do not say when they are known, used after an explicit yes

	Penalty     float64            `json:"penalty"`
	Tried       []Tried            `json:"tried"`
	Calibration string             `json:"calibration"`
	Calibrated  map[string]float64 `json:"calibration_log_loss"`

	CrossValidation Measured  `json:"cross_validation"`
	TimeSplit       *Measured `json:"time_split"`
	NoTimeSplit     string    `json:"no_time_split,omitempty"`
	Limits          []string  `json:"limits"`
	Reference       Reference `json:"reference"` // what the data looked like, for drift
}

// Described is a feature as the card shows it.
type Described struct {
	Column  string   `json:"column"`
	Field   string   `json:"field"`
	Known   string   `json:"known"`
	Type    string   `json:"type"`
	Missing float64  `json:"missing"` // share of rows
	Alone   Interval `json:"alone"`   // AUC of this column alone, out of fold
	Spread  float64  `json:"spread"`  // standard deviation of what it adds to the log-odds
}

func (f *frame) card(m Mapping, o Options, accepted []string) Card {
	c := Card{
		Target: m.Target.Column, Fingerprint: f.fingerprint(), Seed: o.Seed, Rows: len(f.won), Converted: f.positives(), Open: f.open,
		Missing: append([]string{}, m.Missing...), Left: append([]Left{}, f.left...), Accepted: append([]string{}, accepted...),
	}
	c.BaseRate = Share(c.Converted, c.Rows)
	seen := map[int]bool{}
	for _, t := range f.twins {
		if seen[t] {
			c.Twins++
		}
		seen[t] = true
	}
	if f.order != nil {
		c.Period = &f.period
	}
	return c
}

// fingerprint of the rows, in their order.
func (f *frame) fingerprint() string {
	h := sha256.New()
	for _, row := range append([][]string{f.table.Columns}, f.table.Rows...) {
		for _, cell := range row {
			h.Write([]byte(cell))
			h.Write([]byte{0})
		}
		h.Write([]byte{1})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// learned adds what all rows taught.
func (c *Card) learned(f *frame, l *learned, singles []Single) {
	c.Penalty, c.Tried, c.Calibration, c.Calibrated, c.Grouped = l.penalty, l.losses, l.predictor.Calibration.Method, l.methods, l.grouped
	alone := map[string]Interval{}
	for _, s := range singles {
		alone[s.Column] = s.AUC
	}
	for i := range f.features {
		one := &f.features[i]
		c.Features = append(c.Features, Described{
			Column: one.name, Field: one.field, Known: one.known, Type: one.kind, Missing: one.missing(), Alone: alone[one.name],
			Spread: one.spread(l.predictor.Features[i]),
		})
	}
	slices.SortStableFunc(c.Features, func(a, b Described) int { return cmp.Compare(b.Spread, a.Spread) })
	c.Reference = f.reference(l)
	c.limits()
}

func (one *feature) rows() int { return max(len(one.texts), len(one.numbers)) }

func (one *feature) missing() float64 {
	n := 0
	for i := range one.rows() {
		if _, known := one.get(i); !known {
			n++
		}
	}
	return float64(n) / float64(one.rows())
}

func (one *feature) spread(is scoring.Feature) float64 {
	alone := scoring.Predictor{Features: []scoring.Feature{is}}.Ready()
	squares := 0.0
	for i := range one.rows() {
		adds := alone.Logit(func(string) (any, bool) { return one.get(i) })
		squares += adds * adds
	}
	return math.Sqrt(squares / float64(one.rows()))
}

// suspicious is an AUC that rarely is honest.
const suspicious = 0.95

// limits are what these figures do not say.
func (c *Card) limits() {
	add := func(format string, args ...any) { c.Limits = append(c.Limits, fmt.Sprintf(format, args...)) }
	add("It ranks leads like those it was trained on. It says nothing of why they convert, and nothing of leads from elsewhere.")
	if len(c.Accepted) > 0 {
		add("%d columns do not say when they are known and were used after an explicit yes: if one is set after the decision, every figure here is too good.", len(c.Accepted))
	}
	if len(c.Left) > 0 {
		add("%d columns were left out, see below.", len(c.Left))
	}
	if c.CrossValidation.AUC.Value > suspicious {
		add("An AUC of %.3f is more than leads usually give away: look for columns that are set after the decision, above all among the first below.", c.CrossValidation.AUC.Value)
	}
	switch {
	case c.TimeSplit == nil:
		add("There is no time split (%s): whether it holds for later leads was not tried.", c.NoTimeSplit)
	case c.TimeSplit.AUC.High < c.CrossValidation.AUC.Low:
		add("On the newest rows it is worse than in cross-validation: the world changes, train it again often.")
	}
	if c.TimeSplit != nil && c.TimeSplit.ECE.Value >= 2*max(c.CrossValidation.ECE.Value, 0.015) {
		add("On the newest rows probabilities are off by %.3f on average: the rate of conversion moved.", c.TimeSplit.ECE.Value)
	}
	if !c.Grouped && c.Twins > 0 {
		add("%d rows have a twin and could not be kept in one fold, since one group is larger than a fold: the columns tell too few rows apart.", c.Twins)
	}
	if c.Twins > 0 {
		add("Rows that are equal are not independent: intervals of AUC, log loss and Brier are somewhat too narrow.")
	}
	if events := min(c.Converted, c.Rows-c.Converted); events < 200 {
		add("Only %d rows are of the rarer kind: intervals are wide, and the weights may change much with more.", events)
	}
	if c.Open > 0 {
		add("%d rows without an outcome were left out: if they differ from those that have one, so will reality.", c.Open)
	}
}
