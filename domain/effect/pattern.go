package effect

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/trial"
)

// Times are how often something must have been done to be a pattern.
var Times = []int{1, 2, 3, 5, 10, 20}

// Pattern is who did one thing so often and never the other, and what became of them.
type Pattern struct {
	Often, Never int // which rules
	Times        int
	In           trial.Sample // leads of the pattern
	Others       trial.Sample // all other leads
	Both         trial.Sample // those who did the one so often, and the other as well
	Neither      trial.Sample // those who did the one less often, and never the other
	Lift         Bounds       // In less Others
	P            float64
}

// FalsePositives finds who looks interested and is not: leads that did something that gives points so often, never another
// thing that gives points, and convert less than all others. Counts are of events by lead and rule; rules are those that give
// points for them. Of all that could be found no more than the share Wrong is chance, on average. Of two things the one number
// of times is told that is least chance. Leads of a pattern must convert less, too, than those who did the same as often and
// did the other thing, and than those who did neither: else what they did says nothing, and what they never did says it all. Of
// such a thing, where nothing better is found, the one pattern that is least chance is told.
func FalsePositives(counts [][]int, won []bool, rules []int) []Pattern {
	all := candidates(counts, won, rules)
	p := make([]float64, len(all))
	for i := range all {
		p[i] = all[i].P
	}
	best := map[[2]int]Pattern{} // by both, where both say something
	plain := map[int]Pattern{}   // by what was never done
	for i, holds := range Believed(p, Wrong) {
		one := all[i]
		if !holds || one.Lift.Value >= 0 || Difference(one.In, one.Both, Z95).High >= 0 {
			continue
		}
		if Difference(one.In, one.Neither, Z95).High < 0 {
			keep(best, [2]int{one.Often, one.Never}, one)
		} else if one.In.Rate() <= one.Neither.Rate() || one.Neither.Tried < Least {
			keep(plain, one.Never, one)
		}
	}
	for key := range best {
		delete(plain, key[1])
	}
	for never, one := range plain {
		best[[2]int{one.Often, never}] = one
	}
	out := make([]Pattern, 0, len(best))
	for _, one := range best {
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b Pattern) int {
		return cmp.Or(cmp.Compare(a.Lift.High, b.Lift.High), cmp.Compare(a.Often, b.Often), cmp.Compare(a.Never, b.Never))
	})
	return out
}

// keep keeps what is least chance; of the same leads by two numbers of times, the higher.
func keep[K comparable](in map[K]Pattern, key K, one Pattern) {
	if was, known := in[key]; !known || one.P <= was.P {
		in[key] = one
	}
}

// candidates are all patterns of enough leads.
func candidates(counts [][]int, won []bool, rules []int) (out []Pattern) {
	n := len(counts)
	yes, everybody := setOf(n, func(i int) bool { return won[i] }), setOf(n, func(int) bool { return true })
	total := sample(everybody, everybody, yes, false)
	ever := map[int]set{}
	for _, r := range rules {
		ever[r] = setOf(n, func(i int) bool { return counts[i][r] > 0 })
	}
	for _, often := range rules {
		for _, times := range Times {
			did := setOf(n, func(i int) bool { return counts[i][often] >= times })
			others := sample(everybody, did, yes, true)
			for _, never := range rules {
				if often == never {
					continue
				}
				p := Pattern{Often: often, Never: never, Times: times, In: sample(did, ever[never], yes, true), Both: sample(did, ever[never], yes, false)}
				p.Neither = less(others, sample(ever[never], did, yes, true))
				p.Others = less(total, p.In)
				if min(p.In.Tried, p.Others.Tried, p.Both.Tried) >= Least {
					p.Lift, p.P = Difference(p.In, p.Others, Z95), Against(p.In, p.Others, 0)
					out = append(out, p)
				}
			}
		}
	}
	return out
}

// less is a sample without a part of it.
func less(s, part trial.Sample) trial.Sample {
	return trial.Sample{Tried: s.Tried - part.Tried, Converted: s.Converted - part.Converted}
}

// set is some of the leads, a bit each.
type set []uint64

func setOf(n int, has func(lead int) bool) set {
	out := make(set, (n+63)/64)
	for i := range n {
		if has(i) {
			out[i/64] |= 1 << (i % 64)
		}
	}
	return out
}

// sample counts those who are in one set, and in another or not in it, and how many of them are among the won.
func sample(in, also, won set, not bool) trial.Sample {
	var s trial.Sample
	for i, w := range in {
		if not {
			w &^= also[i]
		} else {
			w &= also[i]
		}
		s.Tried += bits.OnesCount64(w)
		s.Converted += bits.OnesCount64(w & won[i])
	}
	return s
}
