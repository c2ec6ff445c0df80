package scoring

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What is read is what was stored, to the bit, and also what the JSON of an earlier release says.
func TestStored_isReadAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := scorer(t, drawModel(t))
		acc := s.Recompute(drawAdjustments(t), drawEvents(t))
		old, err := json.Marshal(acc)
		require.NoError(t, err)
		var now, before Accumulators
		require.NoError(t, now.ScanBytes(acc.Stored()))
		require.NoError(t, before.ScanBytes(old))
		require.Equal(t, before, now)
		require.Equal(t, acc.Stored(), now.Stored())
		again, err := json.Marshal(now)
		require.NoError(t, err)
		require.Equal(t, string(old), string(again))
	})
}

func TestStored_holdsAnyNumber(t *testing.T) {
	t.Parallel()
	for _, n := range []int64{0, 1, -1, 63, 64, -64, -65, math.MaxInt64, math.MinInt64} {
		acc := Accumulators{Newest: n, Cuts: []int64{n}, Tallies: []Tally{
			{Cycle: int(n), Rule: "r", Count: n, Times: []int64{n, n}}, {Rule: "größer", Lives: []int64{n}, Weights: []int64{n}}, {},
		}}
		var got Accumulators
		require.NoError(t, got.ScanBytes(acc.Stored()))
		require.Equal(t, acc, got)
	}
}

// Lists that are read lie side by side in memory: one that grows must not run into the next.
func TestStored_listsAreApart(t *testing.T) {
	t.Parallel()
	acc := Accumulators{Cuts: []int64{1}, Tallies: []Tally{{Rule: "a", Times: []int64{2}}, {Rule: "b", Times: []int64{3}}}}
	raw := acc.Stored()
	var got Accumulators
	require.NoError(t, got.ScanBytes(raw))
	clear(raw)
	_ = append(got.Cuts, 7)
	_ = append(got.Tallies[0].Times, 7)
	require.Equal(t, acc, got)
}

func TestScanBytes_refusesWhatIsCutShort(t *testing.T) {
	t.Parallel()
	raw := Accumulators{Newest: 5, Cuts: []int64{1, 2}, Tallies: []Tally{{Rule: "a", Times: []int64{2, 3}}}}.Stored()
	for n := range raw {
		got := Accumulators{Newest: 1}
		require.Error(t, got.ScanBytes(raw[:n]), n)
		require.Zero(t, got)
	}
	var got Accumulators
	require.Error(t, got.ScanBytes(append(slices.Clone(raw), 0)))
	require.NoError(t, got.ScanBytes(raw))
}

// Whatever stands there is refused, or is what would be stored again.
func FuzzScanBytes(f *testing.F) {
	for _, seed := range []Accumulators{
		{}, {Newest: -5, Cuts: []int64{1}}, {Tallies: []Tally{{Rule: "a", Count: 300}, {Cycle: 2, Rule: "b", Lives: []int64{1, 2}, Weights: []int64{3, 4}}}},
	} {
		f.Add(seed.Stored())
	}
	for _, seed := range []string{"", "\x01", "\x01\x80", "{}", `{"newest": 5, "tallies": [{"k": [1, -2], "w": [3], "rule": "a"}]}`, `[]`, "\x02\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var got, again Accumulators
		if got.ScanBytes(raw) != nil {
			return
		}
		require.NoError(t, again.ScanBytes(got.Stored()))
		require.Equal(t, got.Stored(), again.Stored())
	})
}

func BenchmarkStored(b *testing.B) {
	s := scorer(b, everyKind())
	acc := s.Recompute(nil, []Event{view(0, "/pricing"), view(time.Hour, "/pricing"), happened("webinar_attendance", 0)})
	raw := acc.Stored()
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var acc Accumulators
			_ = acc.ScanBytes(raw)
		}
	})
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = acc.Stored()
		}
	})
}
