package effect

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leadflow-dev/leadflow/domain/trial"
)

// The eight contrasts of table II of Newcombe (1998), method 10, 95 %.
func TestDifference_publishedByNewcombe(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b      trial.Sample // tried, converted
		low, high float64
	}{
		{trial.Sample{Tried: 70, Converted: 56}, trial.Sample{Tried: 80, Converted: 48}, 0.0524, 0.3339},
		{trial.Sample{Tried: 10, Converted: 9}, trial.Sample{Tried: 10, Converted: 3}, 0.1705, 0.8090},
		{trial.Sample{Tried: 7, Converted: 6}, trial.Sample{Tried: 7, Converted: 2}, 0.0582, 0.8062},
		{trial.Sample{Tried: 56, Converted: 5}, trial.Sample{Tried: 29, Converted: 0}, -0.0381, 0.1926},
		{trial.Sample{Tried: 10, Converted: 0}, trial.Sample{Tried: 20, Converted: 0}, -0.1611, 0.2775},
		{trial.Sample{Tried: 10, Converted: 0}, trial.Sample{Tried: 10, Converted: 0}, -0.2775, 0.2775},
		{trial.Sample{Tried: 10, Converted: 10}, trial.Sample{Tried: 20, Converted: 0}, 0.6791, 1},
		{trial.Sample{Tried: 10, Converted: 10}, trial.Sample{Tried: 10, Converted: 0}, 0.6075, 1},
	} {
		got := Difference(tc.a, tc.b, Z95)
		require.InDelta(t, tc.low, got.Low, 5e-5, "%v %v", tc.a, tc.b)
		require.InDelta(t, tc.high, got.High, 5e-5, "%v %v", tc.a, tc.b)
		require.InDelta(t, tc.a.Rate()-tc.b.Rate(), got.Value, 1e-12)
	}
}

func TestDifference_ofNobodySaysNothing(t *testing.T) {
	t.Parallel()
	got := Difference(trial.Sample{}, trial.Sample{Tried: 50, Converted: 25}, Z95)
	require.LessOrEqual(t, got.Low, -0.5)
	require.GreaterOrEqual(t, got.High, 0.5)
	require.InDelta(t, 1, Against(trial.Sample{}, trial.Sample{Tried: 50, Converted: 25}, 0.3), 1e-12)
}

// Of all against none nothing is beyond: bounds that rounding moved there had a p-value of their own.
func TestDifference_ofAllAndNoneEndsAtOne(t *testing.T) {
	t.Parallel()
	for n := 5; n < 300; n++ {
		for m := 5; m < 60; m++ {
			all, none := trial.Sample{Tried: n, Converted: n}, trial.Sample{Tried: m}
			require.LessOrEqual(t, Difference(all, none, Z95).High, 1.0)
			require.GreaterOrEqual(t, Difference(none, all, Z95).Low, -1.0)
		}
	}
}

// A p-value is the level at which the interval ends at the difference that is asked about.
func TestAgainst_belongsToTheInterval(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		some := func(name string) trial.Sample {
			n := rapid.IntRange(5, 3000).Draw(r, name)
			return trial.Sample{Tried: n, Converted: rapid.IntRange(0, n).Draw(r, name+" converted")}
		}
		a, b := some("a"), some("b")
		i := Difference(a, b, Z95)
		if i.Low < i.Value {
			require.InDelta(r, 0.05, Against(a, b, i.Low), 1e-6)
		}
		if i.High > i.Value {
			require.InDelta(r, 0.05, Against(a, b, i.High), 1e-6)
		}
		require.InDelta(r, 1, Against(a, b, i.Value), 1e-9)
		d := rapid.Float64Range(-1, 1).Draw(r, "difference")
		require.Equal(r, i.Low <= d && d <= i.High, Against(a, b, d) > 0.05-1e-9)
	})
}

// The fifteen p-values of section 4.1 of Benjamini and Hochberg (1995): at .05 four are believed, where Bonferroni believes three.
func TestBelieved_publishedByBenjaminiAndHochberg(t *testing.T) {
	t.Parallel()
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000}
	want := make([]bool, len(p))
	for i := range 4 {
		want[i] = true
	}
	require.Equal(t, want, Believed(p, 0.05))
	turned := []float64{0.5, 0.0001, 0.9, 0.0004}
	require.Equal(t, []bool{false, true, false, true}, Believed(turned, 0.05), "in whatever order")
	require.Equal(t, []bool{true, true}, Believed([]float64{0.04, 0.05}, 0.05), "a larger one that holds lifts the smaller ones")
	require.Empty(t, Believed(nil, 0.05))
}

func TestPhi(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 1, Phi(10, 4, 0, 0), 1e-12)
	require.InDelta(t, -1, Phi(10, 0, 4, 6), 1e-12)
	require.InDelta(t, 0, Phi(100, 25, 25, 25), 1e-12)
	require.InDelta(t, 0, Phi(10, 10, 0, 0), 1e-12, "always the same")
	// 1 if both: 2x2 of 20 5 / 10 15; (20*15-5*10)/sqrt(25*25*30*20)
	require.InDelta(t, 250/math.Sqrt(25*25*30*20), Phi(50, 20, 5, 10), 1e-12)
}

func TestOfPoint_isMeasuredByRulesThatWork(t *testing.T) {
	t.Parallel()
	works := func(effect, points float64) Worth { return Worth{effect, 0.1, points} }
	require.InDelta(t, 0.05, OfPoint([]Worth{works(0.5, 10), works(1, 20), works(2, 10), works(0.01, 40), works(-1, 10)}, 1), 1e-12)
	require.InDelta(t, 0.05, OfPoint([]Worth{works(-1, -20)}, 1), 1e-12)
	require.InDelta(t, 0.06, OfPoint([]Worth{works(0.5, 10), works(0.7, 10)}, 1), 1e-12)
	require.InDelta(t, 0.05, OfPoint([]Worth{works(0.5, 10), works(1, 0.4), works(-1, -0.4)}, 0.5), 1e-12, "what gives next to nothing is no measure")
	require.Zero(t, OfPoint([]Worth{works(1, 0.4)}, 0.5))
	require.Zero(t, OfPoint([]Worth{{0.5, 0.4, 10}, {1, 0.1, -10}}, 1), "one is chance, the other the opposite of its points")
}

func TestJudge(t *testing.T) {
	t.Parallel()
	of := func(tried, converted int) trial.Sample { return trial.Sample{Tried: tried, Converted: converted} }
	claim := func(with, without trial.Sample, points, promised float64) Claim {
		return Claim{With: with, Without: without, Promised: promised, Worth: Worth{0, 1, points}, Effect: 9} // with the others held fixed it is nine deviations off
	}
	got := Judge([]Claim{
		claim(of(500, 50), of(1500, 150), 30, 0.20),                   // no lift at all, where 20 in 100 were promised
		claim(of(500, 200), of(1500, 150), 5, 0.05),                   // 30 in 100, where 5 were promised
		{of(500, 100), of(1500, 150), 0.10, Worth{0.8, 0.2, 10}, 0.8}, // as promised
		{of(500, 100), of(1500, 150), 0.10, Worth{0.3, 0.2, 10}, 0.4}, // as promised, but that may be another rule's
		claim(of(19, 10), of(1500, 150), 10, 0.40),                    // too few have it
		claim(of(60, 8), of(1500, 150), 10, 0.06),                     // as promised, and as nothing
		claim(of(500, 50), of(1500, 150), -30, -0.09),
		claim(of(500, 0), of(1500, 300), -5, -0.03),
		{of(500, 200), of(1500, 150), 0.1, Worth{0.5, 0.2, 5}, 0.6}, // more than promised, but not with the others held fixed
	})
	var codes []string
	for _, v := range got {
		codes = append(codes, v.Code)
	}
	require.Equal(t, []string{Over, Under, AboutRight, TooFew, TooFew, TooFew, Over, Under, AboutRight}, codes)
	require.InDelta(t, 1, got[4].P, 0)
}

// Of verdicts about rules whose promises all hold few are over or under.
func TestJudge_seldomFindsWhatIsNotThere(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewPCG(5, 6))
	wrong := 0
	for range 150 {
		var claims []Claim
		for range 10 {
			c := Claim{With: trial.Sample{Tried: 300}, Without: trial.Sample{Tried: 900}, Promised: 0.1, Worth: Worth{0, 1, 10}, Effect: 9}
			for i := range 1200 {
				if i < 300 && draw.Float64() < 0.3 {
					c.With.Converted++
				} else if i >= 300 && draw.Float64() < 0.2 {
					c.Without.Converted++
				}
			}
			claims = append(claims, c)
		}
		for _, v := range Judge(claims) {
			if v.Code == Over || v.Code == Under {
				wrong++
				break
			}
		}
	}
	require.Less(t, wrong, 26, "where nothing is wrong, one in ten models may be told something: 15 of 150, and three deviations")
}

// Students download much, never look at a price and never buy. That is found, in the right number, and nothing else is told first.
func TestFalsePositives_findsWhatWasPlanted(t *testing.T) {
	t.Parallel()
	const downloads, pricing, webinar, noise = 0, 1, 2, 3
	draw := rand.New(rand.NewPCG(7, 8))
	var counts [][]int
	var won []bool
	for i := range 3000 {
		row := make([]int, 4)
		chance := 0.12
		if i%8 == 0 {
			row[downloads], chance = 5+draw.IntN(6), 0.01
		} else {
			row[downloads] = draw.IntN(5)
			if draw.IntN(3) > 0 {
				row[pricing] = 1 + draw.IntN(3)
			}
			if draw.IntN(6) == 0 {
				row[downloads] = 5 + draw.IntN(4)
				row[pricing] = 1 // a buyer who reads much
			}
		}
		row[webinar], row[noise] = draw.IntN(2), draw.IntN(4)
		counts, won = append(counts, row), append(won, draw.Float64() < chance)
	}
	got := FalsePositives(counts, won, []int{downloads, pricing, webinar, noise})
	require.NotEmpty(t, got)
	require.Equal(t, [3]int{downloads, 5, pricing}, [3]int{got[0].Often, got[0].Times, got[0].Never})
	require.Less(t, got[0].In.Rate(), 0.04)
	require.Greater(t, got[0].Others.Rate(), 0.09)
	require.Negative(t, got[0].Lift.High)
	for _, p := range got {
		require.NotEqual(t, noise, p.Often, "%+v", p)
		require.NotEqual(t, noise, p.Never, "%+v", p)
	}
	for i := range won {
		won[i] = draw.Float64() < 0.12
	}
	require.Empty(t, FalsePositives(counts, won, []int{downloads, pricing, webinar, noise}), "nothing is there")
}

// Who downloads much does not buy, price or no price: that is about downloads, and no pattern of two things.
func TestFalsePositives_bothPartsMatter(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewPCG(9, 10))
	var counts [][]int
	var won []bool
	for range 3000 {
		row, chance := []int{draw.IntN(10), draw.IntN(2)}, 0.2
		if row[0] >= 5 {
			chance = 0.02
		}
		counts, won = append(counts, row), append(won, draw.Float64() < chance)
	}
	for _, p := range FalsePositives(counts, won, []int{0, 1}) {
		require.NotEqual(t, 0, p.Often, "%+v", p)
	}
}
