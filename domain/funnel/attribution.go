package funnel

import (
	"math"
	"time"
)

// Ways to share what was won among the touches that came before it: all to the first, all to the last, to each alike, 40 % to the first and the last
// and the rest among those between (position), or by age, half as much for each week (decay).
const (
	First    = "first"
	Last     = "last"
	Linear   = "linear"
	Position = "position"
	Decay    = "decay"
)

// Attributions lists them.
var Attributions = []string{First, Last, Linear, Position, Decay}

// decayHalf is the half-life of a touch.
const decayHalf = 7 * 24 * time.Hour

// Shares divides one among touches at moments in their order, by a way of Attributions; they add up to 1. Nil of none.
func Shares(way string, touches []time.Time) []float64 {
	n := len(touches)
	if n == 0 {
		return nil
	}
	out := make([]float64, n)
	switch way {
	case First:
		out[0] = 1
	case Last:
		out[n-1] = 1
	case Position:
		for i := range out {
			out[i] = 0.2 / float64(max(1, n-2))
		}
		out[0], out[n-1] = 0.4, 0.4
	case Decay:
		for i, at := range touches {
			out[i] = math.Exp2(-float64(touches[n-1].Sub(at)) / float64(decayHalf)) // from the last touch: shares are the same, and none is too small to tell
		}
	default:
		for i := range out {
			out[i] = 1
		}
	}
	sum := 0.0
	for _, share := range out {
		sum += share
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}
