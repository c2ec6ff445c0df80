package scanner

import (
	"cmp"
	"slices"
	"time"
)

// The reasons why a hit does not count. They stand on timelines and in events: never rename one.
const (
	Trap    = "scanner_trap"
	Agent   = "scanner_agent"
	Network = "scanner_network"
	Burst   = "scanner_burst"
	Early   = "scanner_early"
)

// Hit is one request for a link or for the pixel of a mail.
type Hit struct {
	ID    string
	Link  string // which; the same link twice is one
	Pixel bool   // it is no link: it makes no burst, but may lie in one
	At    time.Time
	Known string // why it was no person's, by itself; empty: nothing says so
}

// Rules are how fast a person may be. The zero value is the default.
type Rules struct {
	Pair   time.Duration // two different links of one mail as close together as this are a burst; 0: two seconds
	Links  int           // and so many different ones
	Within time.Duration // within this; 0: three in ten seconds
	Around time.Duration // how far from a trap a hit is the same machine's; 0: a minute
	Early  time.Duration // how soon after its mail was taken by the mail server a hit is too early; 0: this is not looked at
}

func (r Rules) defaults() Rules {
	r.Pair, r.Within = cmp.Or(r.Pair, 2*time.Second), cmp.Or(r.Within, 10*time.Second)
	r.Links, r.Around = cmp.Or(r.Links, 3), cmp.Or(r.Around, time.Minute)
	return r
}

// Judge says of each hit of one mail why it does not count; empty: it does. Sent is when the mail server had taken the mail,
// zero when that is not known. The hits may be in any order.
func (r Rules) Judge(sent time.Time, hits []Hit) []string {
	r = r.defaults()
	out := make([]string, len(hits))
	order := make([]int, len(hits))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return hits[a].At.Compare(hits[b].At) })
	say := func(i int, why string) {
		if out[i] == "" {
			out[i] = why
		}
	}
	for i, h := range hits {
		say(i, h.Known)
		if r.Early > 0 && !sent.IsZero() && h.At.Before(sent.Add(r.Early)) {
			say(i, Early)
		}
	}
	for _, trap := range hits {
		if trap.Known != Trap {
			continue
		}
		for i, h := range hits {
			if h.At.Sub(trap.At).Abs() <= r.Around {
				say(i, Trap)
			}
		}
	}
	for _, span := range r.bursts(hits, order) {
		for i, h := range hits {
			if !h.At.Before(span.from) && !h.At.After(span.to) {
				say(i, Burst)
			}
		}
	}
	return out
}

type span struct{ from, to time.Time }

// bursts are the times in which more different links were followed than a person follows. A pixel that is loaded just before
// the first is loaded by the same machine.
func (r Rules) bursts(hits []Hit, order []int) []span {
	var out []span
	for n, first := range order {
		if hits[first].Pixel {
			continue
		}
		links := map[string]bool{}
		for _, i := range order[n:] {
			h := hits[i]
			took := h.At.Sub(hits[first].At)
			if took > max(r.Within, r.Pair) {
				break
			}
			if h.Pixel {
				continue
			}
			links[h.Link] = true
			if len(links) >= 2 && took <= r.Pair || len(links) >= r.Links && took <= r.Within {
				out = append(out, span{hits[first].At.Add(-r.Pair), h.At})
			}
		}
	}
	return out
}
