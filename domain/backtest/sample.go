package backtest

import (
	"cmp"
	"maps"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Sample counts decisions by what two models said of each: the one that is tested, and the one it is compared with (the same twice
// where there is none). Its size is that of what was said, not of the leads, so any number of them can stream through it.
type Sample struct {
	said map[[2]scoring.Judged]*count
	all  count
}

type count struct{ won, lost int }

func (c count) of() int { return c.won + c.lost }

func (c *count) add(won bool) {
	if won {
		c.won++
	} else {
		c.lost++
	}
}

// Add counts one decision.
func (s *Sample) Add(said [2]scoring.Judged, won bool) {
	if s.said == nil {
		s.said = map[[2]scoring.Judged]*count{}
	}
	c := s.said[said]
	if c == nil {
		c = &count{}
		s.said[said] = c
	}
	c.add(won)
	s.all.add(won)
}

// Used is how many decisions were counted, and how many of them converted.
func (s *Sample) Used() (decisions, won int) { return s.all.of(), s.all.won }

// bucket is everybody of whom one model said the same score.
type bucket struct {
	score int
	count
}

// buckets are those of one model, from the lowest score to the highest.
func (s *Sample) buckets(model int) []bucket {
	by := map[int]count{}
	for said, c := range s.said {
		score := said[model].Score
		sum := by[score]
		by[score] = count{sum.won + c.won, sum.lost + c.lost}
	}
	out := make([]bucket, 0, len(by))
	for score, c := range by {
		out = append(out, bucket{score, c})
	}
	slices.SortFunc(out, func(a, b bucket) int { return cmp.Compare(a.score, b.score) })
	return out
}

// cells are what was said, in an order that is always the same: sums of floating point numbers depend on it.
func (s *Sample) cells() [][2]scoring.Judged {
	flag := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	return slices.SortedFunc(maps.Keys(s.said), func(a, b [2]scoring.Judged) int {
		return cmp.Or(
			cmp.Compare(a[0].Score, b[0].Score), cmp.Compare(a[1].Score, b[1].Score), flag(a[0].Least)-flag(b[0].Least), flag(a[0].Hard)-flag(b[0].Hard),
			flag(a[1].Least)-flag(b[1].Least), flag(a[1].Hard)-flag(b[1].Hard))
	})
}
