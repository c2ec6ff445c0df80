package funnel

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The 6-MP arm of Freireich's trial (Blood 21, 1963), in weeks; estimates and log-log intervals as Stata's manual has them.
func TestConversion_asPublished(t *testing.T) {
	t.Parallel()
	got := Conversion([]Aged{
		{6, 3, 1},
		{7, 1, 0},
		{9, 0, 1},
		{10, 1, 1},
		{11, 0, 1},
		{13, 1, 0},
		{16, 1, 0},
		{17, 0, 1},
		{19, 0, 1},
		{20, 0, 1},
		{22, 1, 0},
		{23, 1, 0},
		{25, 0, 1},
		{32, 0, 2},
		{34, 0, 1},
		{35, 0, 1},
	})
	want := []struct {
		age, risk     int
		share, lo, hi float64 // of survival
	}{
		{6, 21, .8571, .6197, .9516},
		{7, 17, .8067, .5631, .9228},
		{10, 15, .7529, .5032, .8894},
		{13, 12, .6902, .4316, .8491},
		{16, 11, .6275, .3675, .8049},
		{22, 7, .5378, .2678, .7468},
		{23, 6, .4482, .1881, .6801},
	}
	require.Len(t, got, len(want))
	for i, w := range want {
		require.Equal(t, w.age, got[i].Age)
		require.Equal(t, w.risk, got[i].AtRisk)
		require.InDelta(t, 1-w.share, got[i].Share, 5e-5)
		require.InDelta(t, 1-w.hi, got[i].Low, 5e-5)
		require.InDelta(t, 1-w.lo, got[i].High, 5e-5)
	}
}

func TestConversion_atTheEdges(t *testing.T) {
	t.Parallel()
	require.Empty(t, Conversion(nil))
	require.Empty(t, Conversion([]Aged{{3, 0, 5}}))
	all := Conversion([]Aged{{3, 5, 0}})
	require.Equal(t, []Point{{Age: 3, AtRisk: 5, Won: 5, Share: 1, Low: 1, High: 1}}, all, "nobody is left: no interval")
}
