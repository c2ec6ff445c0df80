package predict

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

func drawn(n int, seed uint64) (logits []float64, won []bool) {
	random := rand.New(rand.NewPCG(seed, 2))
	for range n {
		z := math.Round(random.NormFloat64()*20) / 10 // with ties
		logits, won = append(logits, z), append(won, random.Float64() < sigmoid(z))
	}
	return logits, won
}

// The figure and its variance, pair by pair as DeLong, DeLong and Clarke-Pearson write them.
func TestAUC_againstPairs(t *testing.T) {
	t.Parallel()
	scores, won := drawn(300, 1)
	wins := func(a, b float64) float64 { return float64(class(a > b)) + float64(class(a == b))/2 }
	var up, down []float64
	for i, s := range scores {
		if won[i] {
			up = append(up, s)
		} else {
			down = append(down, s)
		}
	}
	sum := 0.0
	v10, v01 := make([]float64, len(up)), make([]float64, len(down))
	for i, a := range up {
		for j, b := range down {
			sum += wins(a, b)
			v10[i] += wins(a, b) / float64(len(down))
			v01[j] += wins(a, b) / float64(len(up))
		}
	}
	auc := sum / float64(len(up)*len(down))
	variance := func(v []float64) float64 {
		squares := 0.0
		for _, x := range v {
			squares += (x - auc) * (x - auc)
		}
		return squares / float64(len(v)-1) / float64(len(v))
	}
	half := 1.959964 * math.Sqrt(variance(v10)+variance(v01))
	got := AUC(scores, won)
	require.InDelta(t, auc, got.Value, 1e-12)
	require.InDelta(t, auc-half, got.Low, 1e-6)
	require.InDelta(t, auc+half, got.High, 1e-6)
	require.Equal(t, 0.5, AUC([]float64{1, 1, 1, 1}, []bool{true, false, true, false}).Value)
	require.True(t, math.IsNaN(AUC([]float64{1, 2}, []bool{true, true}).Value))
}

// Wilson's interval, figures of Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
func TestShare_publishedExamples(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		k, n      int
		low, high float64
	}{{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}} {
		got := Share(one.k, one.n)
		require.InDelta(t, one.low, got.Low, 5e-5)
		require.InDelta(t, one.high, got.High, 5e-5)
	}
}

// At the least loss nothing pulls any weight either way: slope and penalty cancel out.
func TestFit_nothingPulls(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 3))
	m := &matrix{width: 6}
	var won []bool
	for range 500 {
		z := -1.0
		for c := range 6 {
			if c == 5 || random.IntN(2) == 0 {
				x := random.NormFloat64() * float64(1+c*10)
				z += x / float64(1+c*10)
				m.cells = append(m.cells, cell{c, x})
			}
		}
		m.ends = append(m.ends, len(m.cells))
		won = append(won, random.Float64() < sigmoid(z))
	}
	for _, penalty := range []float64{0.01, 1, 100} {
		w, err := fit(m, won, penalty, exactly, nil)
		require.NoError(t, err)
		pull := make([]float64, 7)
		for i := range won {
			off := sigmoid(w.logit(m.row(i))) - float64(class(won[i]))
			pull[6] += off
			for _, c := range m.row(i) {
				pull[c.column] += off * c.value
			}
		}
		for c, v := range w.columns {
			require.InDelta(t, 0, pull[c]+penalty*v, 0.05, "column %d, penalty %v", c, penalty)
		}
		require.InDelta(t, 0, pull[6], 0.01, "on average it says what there is: classes are left as they are")
	}
}

func TestCalibration_isMendedWhereItIsOff(t *testing.T) {
	t.Parallel()
	logits, won := drawn(6000, 4)
	rows := make([]int, len(won))
	for i := range rows {
		rows[i] = i
	}
	of, _ := folds(rows, won, rows, 5, 1)
	off := make([]float64, len(logits))
	for i, z := range logits {
		off[i] = 3*z + 2
	}
	raw := ECE(Reliability(probabilities(scoring.Calibration{Method: scoring.Platt, B: 1}, off), won))
	require.Greater(t, raw, 0.1)
	c, losses := calibrate(off, won, of, 5)
	require.Len(t, losses, 2)
	require.Equal(t, scoring.Platt, c.Method, "what Platt can mend in two numbers needs no curve")
	require.InDelta(t, 1.0/3, c.B, 0.03)
	require.Less(t, ECE(Reliability(probabilities(c, off), won)), 0.02)
	for i, z := range logits {
		off[i] = z * z * z // no straight line mends this
	}
	c, losses = calibrate(off, won, of, 5)
	require.Equal(t, scoring.Isotonic, c.Method, losses)
	require.Empty(t, scoring.Predictor{Outcomes: 100, Positive: 50, Features: []scoring.Feature{{Field: "x"}}, Calibration: c}.Problems(""))
}

func TestPlatt_neverTurnsTheOrderRound(t *testing.T) {
	t.Parallel()
	logits, won := drawn(200, 5)
	for i := range won {
		won[i] = !won[i]
	}
	require.Positive(t, platt(logits, won).B)
	separable := platt([]float64{-1, -1, 1, 1}, []bool{false, false, true, true})
	require.Less(t, separable.Probability(1), 0.9, "nobody is certain of four rows")
}

func TestReliability_equalCounts(t *testing.T) {
	t.Parallel()
	said := []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 0, 0}
	won := make([]bool, 12)
	won[9] = true
	bins := Reliability(said, won)
	require.Len(t, bins, 10)
	rows := 0
	for i, b := range bins {
		rows += b.Rows
		require.True(t, i == 0 || b.Predicted >= bins[i-1].Predicted)
	}
	require.Equal(t, 12, rows)
	require.InDelta(t, 0.0, ECE(Reliability([]float64{0, 1}, []bool{false, true})), 1e-12)
	require.InDelta(t, 1.0, ECE(Reliability([]float64{1, 0}, []bool{false, true})), 1e-12)
}

func TestRepeated_isTheECEOfTheSample(t *testing.T) {
	t.Parallel()
	logits, won := drawn(57, 9)
	said := probabilities(scoring.Calibration{Method: scoring.Platt, B: 1}, logits)
	for i := range said {
		said[i] += float64(i) / 1e6 // no ties: their order would matter
	}
	order := make([]int, len(said))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(said[a], said[b]) })
	times := make([]int, len(said))
	var p []float64
	var y []bool
	for i := range said {
		times[i] = i % 3
		for range times[i] {
			p, y = append(p, said[i]), append(y, won[i])
		}
	}
	require.InDelta(t, ECE(Reliability(p, y)), repeated(said, won, order, times, len(p)), 0.02)
	for i := range times {
		times[i] = 1
	}
	require.InDelta(t, ECE(Reliability(said, won)), repeated(said, won, order, times, len(said)), 1e-12)
}

func TestFolds_sharesAndTwins(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(8, 8))
	var rows, twins []int
	var won []bool
	for i := range 1000 {
		rows, twins = append(rows, i), append(twins, random.IntN(400))
		won = append(won, random.IntN(5) == 0)
	}
	of, grouped := folds(rows, won, twins, 5, 1)
	require.True(t, grouped)
	in := map[int]int{}
	count := [5][2]int{}
	for i, f := range of {
		if g, seen := in[twins[i]]; seen {
			require.Equal(t, g, f)
		}
		in[twins[i]] = f
		count[f][class(won[i])]++
	}
	for _, c := range count {
		require.InDelta(t, 160, c[0], 12)
		require.InDelta(t, 40, c[1], 6)
	}
	for i := range twins {
		twins[i] = i % 3
	}
	_, grouped = folds(rows, won, twins, 5, 1)
	require.False(t, grouped, "a third of all rows fits into no fifth")
}

// What is evaluated later is what was fitted: by hand, from the encoder's own columns.
func TestPredictor_saysWhatWasFitted(t *testing.T) {
	t.Parallel()
	m, err := ParseMapping([]byte(germanMapping))
	require.NoError(t, err)
	table, err := readAll(made(600, 11))
	require.NoError(t, err)
	f, err := frameOf(table, m)
	require.NoError(t, err)
	rows := f.all()
	e := newEncoder(f, rows)
	x := e.matrix(rows)
	w, err := fit(x, f.won, 1, exactly, nil)
	require.NoError(t, err)
	p := e.predictor(w, rows, x, m.Missing)
	for i, z := range f.logits(p, rows) {
		require.InDelta(t, w.logit(x.row(i)), z, 1e-4)
	}
}

func BenchmarkFit10000x100(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	m := &matrix{width: 100}
	var won []bool
	for range 10_000 {
		z := 0.0
		for c := range 100 {
			x := random.NormFloat64()
			z += x * float64(c%7-3) / 10
			m.cells = append(m.cells, cell{c, x})
		}
		m.ends = append(m.ends, len(m.cells))
		won = append(won, random.Float64() < sigmoid(z))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := fit(m, won, 1, exactly, nil); err != nil {
			b.Fatal(err)
		}
	}
}
