package funnel

import (
	"math"
	"slices"
	"time"
)

// Spans tells how long some things took, whatever their order, which it may change.
func Spans(all []time.Duration) Took {
	of := Quantiles(all, 0.5, 0.9)
	return Took{N: len(all), Median: of[0], P90: of[1]}
}

// Quantiles interpolates between the neighbours in rank (type 7 of Hyndman and Fan, Sample Quantiles in Statistical Packages, 1996: what R and
// NumPy answer unless told otherwise), for shares from 0 to 1 that do not fall. Zero of nothing. The order of what it is given changes.
func Quantiles(all []time.Duration, shares ...float64) []time.Duration {
	out := make([]time.Duration, len(shares))
	if len(all) == 0 {
		return out
	}
	done := 0 // what lies before it is in its place, or smaller than all that is behind
	for i, share := range shares {
		rank := share * float64(len(all)-1)
		below := int(rank)
		done = place(all, done, below)
		out[i] = all[below]
		if rest := rank - float64(below); rest > 0 {
			next := slices.Min(all[below+1:])
			out[i] += time.Duration(math.Round(rest * float64(next-all[below])))
		}
	}
	return out
}

// place puts what has this rank where it would stand in order, with nothing greater before it and nothing smaller behind (C. A. R. Hoare, Algorithm
// 65: Find, 1961, with the median of three): a million need no sorting for two quantiles. What lies before from does so already; it answers from where
// to go on.
func place(all []time.Duration, from, rank int) int {
	low, high := from, len(all)-1
	for low < high {
		middle := low + (high-low)/2
		if all[middle] < all[low] {
			all[middle], all[low] = all[low], all[middle]
		}
		if all[high] < all[low] {
			all[high], all[low] = all[low], all[high]
		}
		if all[high] < all[middle] {
			all[high], all[middle] = all[middle], all[high]
		}
		pivot, i, j := all[middle], low, high
		for i <= j {
			for all[i] < pivot {
				i++
			}
			for pivot < all[j] {
				j--
			}
			if i <= j {
				all[i], all[j] = all[j], all[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case rank <= j:
			high = j
		case rank >= i:
			low = i
		default:
			return rank
		}
	}
	return rank
}
