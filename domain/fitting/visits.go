package fitting

import (
	"math"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/simulate"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// visit is what a lead did in one go.
type visit struct {
	at     time.Time
	mailed bool // it followed a click in a mail
	acts   []Event
}

// apart: what lies further apart is another visit.
const apart = 30 * time.Minute

// own reports whether an event is something a lead did by itself, and in a visit: answers to mails and what sales did are not.
func own(kind string) bool {
	return !slices.Contains([]string{"email_open", "email_click", "email_reply", "email_bounce", "unsubscribe", "complaint", "call", "meeting"}, kind)
}

// visits are those of a lead from its capture on. The first is that of the capture, whether anything was seen of it or not.
func (l Lead) visits() []visit {
	out, clicked := []visit{{at: l.At}}, time.Time{}
	last := l.At
	for _, e := range l.Events {
		if e.Type == "email_click" {
			clicked = e.At
		}
		if !own(e.Type) || e.At.Before(l.At.Add(-apart)) {
			continue
		}
		if e.At.Sub(last) > apart {
			out = append(out, visit{at: e.At, mailed: !clicked.IsZero() && e.At.Sub(clicked) <= apart})
		}
		out[len(out)-1].acts = append(out[len(out)-1].acts, e)
		last = e.At
	}
	return out
}

// phases are the times of a life in which a lead may come by more or less often.
var phases = []string{simulate.PhaseNurturing, simulate.PhaseSales, simulate.PhaseResting}

// cell is one day of age in one phase: how many visits there were in how many days.
type cell struct{ visits, days float64 }

// agedDays is how old a lead is looked at.
const agedDays = 180

type cells [len3][agedDays]cell

const len3 = 3

// live goes through the days of a life: what phase each part of it was in. It calls f with the phase, the age in days, and how long.
func (l Lead) live(until time.Time, f func(phase, age int, days float64)) {
	moves, phase, at := l.Moves, 0, l.At
	for at.Before(until) {
		age := int(at.Sub(l.At) / span.Day)
		next := l.At.Add(time.Duration(age+1) * span.Day)
		for len(moves) > 0 && !moves[0].At.After(at) {
			phase = slices.Index(phases, simulate.PhaseOf(moves[0].Stage))
			moves = moves[1:]
		}
		if age >= agedDays || phase < 0 {
			return // it has come to an end
		}
		if len(moves) > 0 {
			next = earlier(next, moves[0].At)
		}
		next = earlier(next, until)
		f(phase, age, next.Sub(at).Hours()/24)
		at = next
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// lived is a part of a life: so long in a phase, on a day of its age.
type lived struct {
	phase, age int
	days       float64
}

// rate is how often leads come by: log of visits a day when new, its change a day, and what phases add.
type rate [4]float64

func (r rate) of(phase, age int) float64 {
	out := r[0] + r[1]*(float64(age)+0.5)
	if phase > 0 {
		out += r[1+phase]
	}
	return math.Exp(out)
}

// poisson fits the rate by Newton's method on the likelihood of a Poisson process. A weak normal prior (standard deviation 2, of the fading 0.1)
// keeps what nothing is known of where it is.
func poisson(c *cells) rate {
	visits, days := 0.0, 0.0
	for _, ages := range c {
		for _, one := range ages {
			visits, days = visits+one.visits, days+one.days
		}
	}
	r := rate{math.Log((visits + 0.5) / (days + 1))}
	precision := [4]float64{1e-6, 100, 0.25, 0.25}
	for range 50 {
		var g [4]float64
		var h [4][4]float64
		for phase, ages := range c {
			for age, one := range ages {
				if one.days == 0 {
					continue
				}
				x := [4]float64{1, float64(age) + 0.5}
				if phase > 0 {
					x[1+phase] = 1
				}
				want := one.days * r.of(phase, age)
				for i := range x {
					g[i] += x[i] * (one.visits - want)
					for j := range x {
						h[i][j] += x[i] * x[j] * want
					}
				}
			}
		}
		for i := range g {
			g[i] -= precision[i] * r[i]
			h[i][i] += precision[i]
		}
		step, biggest := solve(h, g), 0.0
		for i := range r {
			r[i] += max(-1, min(1, step[i]))
			biggest = max(biggest, math.Abs(step[i]))
		}
		if biggest < 1e-9 {
			break
		}
	}
	return r
}

// solve solves h x = g by Gauss's elimination; h is positive definite.
func solve(h [4][4]float64, g [4]float64) (x [4]float64) {
	for i := range h {
		for j := i + 1; j < len(h); j++ {
			f := h[j][i] / h[i][i]
			for k := i; k < len(h); k++ {
				h[j][k] -= f * h[i][k]
			}
			g[j] -= f * g[i]
		}
	}
	for i := len(h) - 1; i >= 0; i-- {
		x[i] = g[i]
		for k := i + 1; k < len(h); k++ {
			x[i] -= h[i][k] * x[k]
		}
		x[i] /= h[i][i]
	}
	return x
}
