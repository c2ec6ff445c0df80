package store

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Reports ask for the times themselves, packed into one value for each line, eight bytes each: Postgres would sort them for every quantile and
// every line again, which takes longer than all else. What a quantile is stands in domain/funnel.
const (
	packed   = `string_agg(float8send(date_part('epoch', `
	unpacked = `)), '')`
)

// secondsIn unpacks times that were sent as seconds. A time that would be less than nothing is none: clocks may lie a little wrong.
func secondsIn(packed []byte) []time.Duration {
	out := make([]time.Duration, len(packed)/8)
	for i := range out {
		s := math.Float64frombits(binary.BigEndian.Uint64(packed[8*i:]))
		out[i] = time.Duration(math.Round(max(0, s)*1e6)) * time.Microsecond
	}
	return out
}

// microsIn unpacks times that were sent as microseconds.
func microsIn(packed []byte) []time.Duration {
	out := make([]time.Duration, len(packed)/8)
	for i := range out {
		out[i] = time.Duration(binary.BigEndian.Uint64(packed[8*i:])) * time.Microsecond //nolint:gosec // it was a bigint
	}
	return out
}

func spanned(all []time.Duration) record.Span {
	out := record.Span{Count: len(all)}
	if len(all) > 0 {
		took := funnel.Spans(all)
		out.P50, out.P90 = new(took.Median.Seconds()), new(took.P90.Seconds())
	}
	return out
}

func percentiles(all []time.Duration) record.Percentiles {
	out := record.Percentiles{Count: len(all)}
	if len(all) > 0 {
		of := funnel.Quantiles(all, 0.5, 0.9, 0.99)
		out.P50, out.P90, out.P99 = new(of[0].Seconds()), new(of[1].Seconds()), new(of[2].Seconds())
	}
	return out
}
