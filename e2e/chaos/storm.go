package chaos

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"
)

// Storm kills parts at random, each kind at least once.
type Storm struct {
	Seed  uint64
	Kills int
	Over  time.Duration // from the first to the last, about
	Talk  io.Writer
	Parts []Part // that may be killed; nil: all of the house

	counts map[string]int
}

// kind is a part's name without its number.
func kind(p Part) string { return strings.TrimRight(p.Name(), "0123456789") }

// plan is whom to kill, in order: every kind once, in a random order, then anybody; the last kills are as random as
// the first.
func (s *Storm) plan(parts []Part, rng *rand.Rand) []Part {
	byKind := map[string][]Part{}
	var kinds []string
	for _, p := range parts {
		if byKind[kind(p)] == nil {
			kinds = append(kinds, kind(p))
		}
		byKind[kind(p)] = append(byKind[kind(p)], p)
	}
	for len(kinds) < s.Kills {
		kinds = append(kinds, kinds[rng.IntN(len(byKind))])
	}
	rng.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	out := make([]Part, len(kinds))
	for i, k := range kinds {
		out[i] = byKind[k][rng.IntN(len(byKind[k]))]
	}
	return out
}

// Rage kills until it is through or the context ends. A part is killed only while it can be used: what is down already
// cannot be killed.
func (s *Storm) Rage(ctx context.Context, h *House) {
	rng := rand.New(rand.NewPCG(s.Seed, 1<<32))
	s.counts = map[string]int{}
	parts := s.Parts
	if parts == nil {
		parts = h.Parts()
	}
	victims := s.plan(parts, rng)
	mean := s.Over / time.Duration(len(victims)+1)
	for _, p := range victims {
		select {
		case <-ctx.Done():
			return
		case <-time.After(mean/2 + time.Duration(rng.Int64N(int64(mean)))):
		}
		if h.await(ctx, p) != nil {
			return
		}
		down := time.Duration(rng.IntN(2000)) * time.Millisecond
		fmt.Fprintf(s.Talk, "kill -9 %s, away for %s\n", p.Name(), down)
		p.Kill(down)
		s.counts[kind(p)]++
	}
}
