package predict

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Options of a training. The zero value refuses whatever might look ahead.
type Options struct {
	Seed           uint64
	AcceptUnstated bool // use columns that do not say when they are known
	DropRefused    bool // leave out what looks ahead, and go on without it
}

// Trained is a predictor and the card that goes with it.
type Trained struct {
	Predictor scoring.Predictor `json:"predictor"`
	Card      Card              `json:"card"`
}

// leastOfAKind: with fewer that converted, or fewer that did not, nothing can be measured.
const leastOfAKind = 10

// TooFew says that there are not enough outcomes to learn from: rules go on scoring.
type TooFew struct{ Outcomes, Converted int }

func (e *TooFew) Error() string {
	if e.Outcomes < scoring.LeastOutcomes {
		return fmt.Sprintf("%d outcomes are known, and %d are needed: rules go on scoring", e.Outcomes, scoring.LeastOutcomes)
	}
	return fmt.Sprintf("of %d outcomes %d converted and %d did not, and %d of each are needed: rules go on scoring",
		e.Outcomes, e.Converted, e.Outcomes-e.Converted, leastOfAKind)
}

// Train learns from a table. Its errors are *Unusable, *Refused and *TooFew.
func Train(t Table, m Mapping, o Options) (*Trained, error) {
	f, err := frameOf(t, m)
	if err != nil {
		return nil, err
	}
	if n, wins := len(f.won), f.positives(); n < scoring.LeastOutcomes || min(wins, n-wins) < leastOfAKind {
		return nil, &TooFew{n, wins}
	}
	leaks, singles, err := f.guard(m, o.Seed)
	if err != nil {
		return nil, err
	}
	accepted, refused := o.judge(leaks)
	if len(refused) > 0 && !o.DropRefused {
		return nil, &Refused{refused}
	}
	drop := map[string]string{}
	for _, l := range refused {
		drop[l.Column] = "refused: " + l.Why
	}
	if f = f.without(drop); len(f.features) == 0 {
		return nil, unusable("give it columns that are known before the decision", "no column is left to learn from")
	}
	out := &Trained{Card: f.card(m, o, accepted)}
	if err := out.learn(f, m, o, singles); err != nil {
		return nil, err
	}
	return out, nil
}

// judge parts what may be used after an explicit yes from what may not.
func (o Options) judge(leaks []Leak) (accepted []string, refused []Leak) {
	for _, l := range leaks {
		if l.Code == LeakUnstated && o.AcceptUnstated {
			accepted = append(accepted, l.Column)
		} else {
			refused = append(refused, l)
		}
	}
	return accepted, refused
}

func (out *Trained) learn(f *frame, m Mapping, o Options, singles []Single) error {
	blanks := slices.Clone(m.Missing)
	cv, err := f.crossValidated(blanks, o.Seed)
	if err != nil {
		return err
	}
	out.Card.CrossValidation = cv
	if out.Card.TimeSplit, out.Card.NoTimeSplit, err = f.timeSplit(blanks, o.Seed); err != nil {
		return err
	}
	all, err := f.learn(f.all(), blanks, o.Seed)
	if err != nil {
		return err
	}
	out.Predictor = all.predictor
	out.Predictor.Target = m.Target.Column
	out.Card.learned(f, all, singles)
	if problems := out.Predictor.Problems("predictor"); len(problems) > 0 {
		return unusable("leave the column out, or give it less to tell apart", "what was learned cannot be used: %s: %s", problems[0].Path, problems[0].Message)
	}
	return nil
}

// crossValidated measures everything that training does - choosing the penalty, calibrating - on folds that it did not see.
func (f *frame) crossValidated(blanks []string, seed uint64) (Measured, error) {
	rows := f.all()
	of, _ := folds(rows, f.won, f.twins, foldsK, seed)
	said, raw := make([]float64, len(rows)), make([]float64, len(rows))
	for k := range foldsK {
		train, test := split(rows, of, k)
		p, r, err := f.ask(train, test, blanks, seed+uint64(k)+1)
		if err != nil {
			return Measured{}, err
		}
		scatter(said, p, of, k)
		scatter(raw, r, of, k)
	}
	return measured(said, raw, f.won, f.twins, seed), nil
}

// newest is the share of rows that a time split asks about.
const newest = 0.3

// timeSplit learns from the oldest rows and is asked about the newest; it says why where that cannot be done.
func (f *frame) timeSplit(blanks []string, seed uint64) (*Measured, string, error) {
	if f.order == nil {
		return nil, "the mapping names no time", nil
	}
	rows := f.all()
	slices.SortStableFunc(rows, func(a, b int) int { return cmp.Compare(f.order[a], f.order[b]) })
	border := len(rows) - int(newest*float64(len(rows)))
	train, test := rows[:border], rows[border:]
	for _, part := range [][]int{train, test} {
		wins := 0
		for _, w := range f.wonOf(part) {
			wins += class(w)
		}
		if min(wins, len(part)-wins) < leastOfAKind {
			return nil, "the oldest 70 % or the newest 30 % hold too few of one kind", nil
		}
	}
	p, r, err := f.ask(train, test, blanks, seed)
	if err != nil {
		return nil, "", err
	}
	var twins []int
	for _, t := range test {
		twins = append(twins, f.twins[t])
	}
	out := measured(p, r, f.wonOf(test), twins, seed)
	return &out, "", nil
}

// ask learns from some rows and says of others how likely they are: calibrated, and as the regression alone has it.
func (f *frame) ask(train, test []int, blanks []string, seed uint64) (said, raw []float64, err error) {
	l, err := f.learn(train, blanks, seed)
	if err != nil {
		return nil, nil, err
	}
	logits := f.logits(l.predictor, test)
	plain := scoring.Calibration{Method: scoring.Platt, B: 1}
	return probabilities(l.predictor.Calibration, logits), probabilities(plain, logits), nil
}
