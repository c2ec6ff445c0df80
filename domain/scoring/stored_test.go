package scoring

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestScanBytes_isWhatEncodingJSONReads(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := scorer(t, drawModel(t))
		adjustments := drawAdjustments(t)
		raw, err := json.Marshal(s.Recompute(adjustments, drawEvents(t)))
		require.NoError(t, err)
		var want, got Accumulators
		require.NoError(t, json.Unmarshal(raw, &want))
		require.NoError(t, got.ScanBytes(raw))
		require.Equal(t, want, got)
	})
}

// Whatever stands there, both read the same or both refuse.
func FuzzScanBytes(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"newest": 5, "tallies": [{"k": [1, -2], "w": [3], "rule": "a"}]}`, `{"print":"1x","newest":5,"tallies":[{"rule":"b","n":2}]}`,
		`{"newest":123456789012345678901}`, `{"newest":1.5}`, `{"newest":01}`, `{"tallies":[{"rule":"\u0061"}]}`, `null`, `[]`, `{"newest":5}x`, `{"newest":5,}`,
		`{"cuts":[1,2],"tallies":[]}`, `{"cuts":null}`, `{"tallies":[{}]}`, `{"newest":- 1}`, `{"Newest":1}`, `{"newest":1,"newest":2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var want, got Accumulators
		wantErr, err := json.Unmarshal(raw, &want), got.ScanBytes(raw)
		require.Equal(t, wantErr == nil, err == nil, "%v, %v", wantErr, err)
		if err == nil {
			a, _ := json.Marshal(want)
			b, _ := json.Marshal(got)
			require.Equal(t, string(a), string(b))
		}
	})
}

func BenchmarkScanBytes(b *testing.B) {
	s := scorer(b, everyKind())
	raw, err := json.Marshal(s.Recompute(nil, []Event{view(0, "/pricing"), view(time.Hour, "/pricing"), happened("webinar_attendance", 0)}))
	require.NoError(b, err)
	b.Run("by hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var acc Accumulators
			_ = acc.ScanBytes(raw)
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var acc Accumulators
			_ = json.Unmarshal(raw, &acc)
		}
	})
}
