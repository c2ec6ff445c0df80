package predict

import "github.com/leadflow-dev/leadflow/domain/scoring"

// penalties that are tried, strongest first: each fit begins where the one before ended.
var penalties = []float64{300, 100, 30, 10, 3, 1, 0.3}

const foldsK = 5

// learned is what some rows taught.
type learned struct {
	predictor scoring.Predictor
	penalty   float64
	losses    []Tried            // of the penalties, on rows they were not fitted to
	methods   map[string]float64 // log loss of the calibrations, likewise
	outside   []float64          // logit of each row by a fit that did not know it
	grouped   bool
}

// Tried is a penalty and its log loss in cross-validation.
type Tried struct {
	Penalty float64 `json:"penalty"`
	LogLoss float64 `json:"log_loss"`
}

// learn chooses the penalty by cross-validation inside the rows, the calibration by what the folds foretold of each other,
// and fits all rows.
func (f *frame) learn(rows []int, blanks []string, seed uint64) (*learned, error) {
	of, grouped := folds(rows, f.won, f.twins, foldsK, seed)
	outside := make([][]float64, len(penalties))
	for p := range penalties {
		outside[p] = make([]float64, len(rows))
	}
	for k := range foldsK {
		train, test := split(rows, of, k)
		fits, err := f.path(train, penalties, roughly, blanks)
		if err != nil {
			return nil, err
		}
		for p := range penalties {
			scatter(outside[p], f.logits(fits[p], test), of, k)
		}
	}
	out := &learned{grouped: grouped}
	won := f.wonOf(rows)
	best := 0
	for p := range penalties {
		sum := 0.0
		for i, z := range outside[p] {
			sum += surprise(z, won[i])
		}
		out.losses = append(out.losses, Tried{penalties[p], sum / float64(len(rows))})
		if out.losses[p].LogLoss < out.losses[best].LogLoss {
			best = p
		}
	}
	out.penalty, out.outside = penalties[best], outside[best]
	fits, err := f.path(rows, penalties[best:best+1], exactly, blanks)
	if err != nil {
		return nil, err
	}
	out.predictor = fits[0]
	out.predictor.Calibration, out.methods = calibrate(out.outside, won, of, foldsK)
	return out, nil
}

// path fits rows under penalties that fall.
func (f *frame) path(rows []int, penalties []float64, gains float64, blanks []string) ([]scoring.Predictor, error) {
	e := newEncoder(f, rows)
	m, won := e.matrix(rows), f.wonOf(rows)
	var out []scoring.Predictor
	var start []float64
	for _, penalty := range penalties {
		w, err := fit(m, won, penalty, gains, start)
		if err != nil {
			return nil, err
		}
		start = append(append(start[:0:0], w.columns...), w.intercept)
		out = append(out, e.predictor(w, rows, m, blanks))
	}
	return out, nil
}

func (f *frame) wonOf(rows []int) []bool {
	out := make([]bool, len(rows))
	for i, r := range rows {
		out[i] = f.won[r]
	}
	return out
}

// probabilities of logits.
func probabilities(c scoring.Calibration, logits []float64) []float64 {
	out := make([]float64, len(logits))
	for i, z := range logits {
		out[i] = min(max(c.Probability(z), 0), 1)
	}
	return out
}

// scatter puts what was said of the rows of a fold where these rows are.
func scatter(to, values []float64, of []int, fold int) {
	n := 0
	for i := range of {
		if of[i] == fold {
			to[i] = values[n]
			n++
		}
	}
}
