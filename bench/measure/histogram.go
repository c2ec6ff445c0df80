package measure

import (
	"math"
	"time"
)

// Histogram counts durations in buckets that grow by one percent, from a microsecond to some minutes: any number of them
// takes the same memory, and a percentile is off by a percent at most. The zero value is empty.
type Histogram struct {
	buckets [buckets]int64
	n       int64
}

const (
	growth  = 1.01
	buckets = 2048 // 1.01^2048 microseconds are twelve minutes
)

var logGrowth = math.Log(growth)

// Add counts one duration.
func (h *Histogram) Add(d time.Duration) {
	i := 0
	if us := float64(d) / float64(time.Microsecond); us > 1 {
		i = min(int(math.Log(us)/logGrowth)+1, buckets-1)
	}
	h.buckets[i]++
	h.n++
}

// Merge adds what another histogram counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.buckets {
		h.buckets[i] += n
	}
	h.n += other.n
}

// Count is how many durations were counted.
func (h *Histogram) Count() int64 { return h.n }

// Milliseconds is the percentile p by nearest rank, the upper edge of its bucket; 0 of none.
func (h *Histogram) Milliseconds(p float64) float64 {
	rank := max(1, int64(math.Ceil(p/100*float64(h.n))))
	var seen int64
	for i, n := range h.buckets {
		if seen += n; n > 0 && seen >= rank {
			return math.Pow(growth, float64(i)) / 1000
		}
	}
	return 0
}
