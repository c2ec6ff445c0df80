package worker

import (
	"math/rand/v2"
	"time"
)

// pace decides how many calls may be in flight: one more for every round that succeeds, half as many when Temporal says
// that it is too much, as TCP does (additive increase, multiplicative decrease; Chiu and Jain 1989). When nothing has
// succeeded since the last cut Temporal is away: then one call at a time asks whether it is back, with growing waits, and
// the number grows again from one. It is used by one goroutine.
type pace struct {
	most   int
	width  float64 // calls that may be in flight
	era    int     // of cuts: what was begun before a cut says nothing about the new width
	worked bool    // something has succeeded since the last cut
	wait   time.Duration
	until  time.Time // away: nothing is begun before
}

// The waits between two calls while Temporal is away.
const (
	firstProbe = time.Second
	lastProbe  = 15 * time.Second
)

func newPace(most int) *pace { return &pace{most: most, width: min(4, float64(most)), worked: true} }

// room is how many more calls may begin now with so many in flight.
func (p *pace) room(flying int, now time.Time) int {
	if now.Before(p.until) {
		return 0
	}
	return max(0, int(p.width)-flying)
}

// away reports whether Temporal has taken nothing since the last cut.
func (p *pace) away() bool { return p.wait > 0 }

// took counts a call that was answered, also with a refusal of its own: Temporal is there.
func (p *pace) took(era int) {
	p.wait, p.until = 0, time.Time{}
	if era == p.era {
		p.worked = true
	}
	p.width = min(float64(p.most), p.width+1/p.width)
}

// tooMuch counts a call that Temporal had no room for, or did not answer.
func (p *pace) tooMuch(era int, now time.Time) {
	if era != p.era {
		return
	}
	p.era++
	p.width = max(1, p.width/2)
	if p.worked {
		p.worked = false
		return
	}
	p.width = 1
	p.wait = min(lastProbe, max(firstProbe, 2*p.wait))
	p.until = now.Add(p.wait/2 + rand.N(p.wait/2))
}
