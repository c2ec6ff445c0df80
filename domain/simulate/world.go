package simulate

import (
	"container/heap"
	"fmt"
	"time"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/routing"
	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

// Input is everything that lives are played from.
type Input struct {
	Leads int
	Days  int // from Start on
	Start time.Time
	Seed  uint64

	Model     scoring.Model
	Sequences []sequence.Sequence // new leads enter the first
	Policy    lifecycle.Policy
	Route     routing.Document // teams and reps by their names
	Behaviour Behaviour

	Zone func(name string) *time.Location // nil of what is no zone
	Keep bool                             // keep all of each life
}

// End is the moment at which it is looked what became of everybody.
func (in Input) End() time.Time { return in.Start.AddDate(0, 0, in.Days) }

// world is a simulation under way.
type world struct {
	Input
	now    time.Time
	queue  happenings
	number int64
	scorer *scoring.Scorer
	rules  sequence.Rules
	hours  map[string]*calendar.Calendar
	docs   map[string]*sequence.Sequence
	staff  map[string]*rep
	reps   []*rep // in their order
	pools  map[string]*pool
	people []*person
	mails  map[string]int // by day
	benches
	failed error
}

// happening is something that happens at a moment; of two at one moment, what was planned first.
type happening struct {
	at time.Time
	n  int64
	do func()
}

type happenings []happening

func (h happenings) Len() int { return len(h) }
func (h happenings) Less(i, j int) bool {
	return h[i].at.Before(h[j].at) || h[i].at.Equal(h[j].at) && h[i].n < h[j].n
}
func (h happenings) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *happenings) Push(x any)   { *h = append(*h, x.(happening)) }
func (h *happenings) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// at plans something.
func (w *world) at(t time.Time, do func()) {
	if t.Before(w.now) {
		t = w.now
	}
	w.number++
	heap.Push(&w.queue, happening{t, w.number, do})
}

// Run plays all lives to the end. The error says what cannot be simulated, and why.
func Run(in Input) (*Result, error) {
	w, err := play(in)
	if err != nil {
		return nil, err
	}
	return w.result(), nil
}

func play(in Input) (*world, error) {
	w, err := newWorld(in)
	if err != nil {
		return nil, err
	}
	for n := range in.Leads {
		p := w.person(n)
		w.people = append(w.people, p)
		w.at(p.born, func() { w.begin(p) })
	}
	w.midnights()
	for len(w.queue) > 0 && w.failed == nil {
		h := heap.Pop(&w.queue).(happening)
		if !h.at.Before(in.End()) {
			break
		}
		w.now = h.at
		h.do()
	}
	w.now = in.End()
	for _, p := range w.people {
		w.catchUp(p)
	}
	return w, w.failed
}

func newWorld(in Input) (*world, error) {
	w := &world{
		Input: in, now: in.Start, rules: sequence.RulesOf(in.Policy.Nurture), docs: map[string]*sequence.Sequence{}, staff: map[string]*rep{},
		pools: map[string]*pool{}, mails: map[string]int{},
	}
	var err error
	if w.scorer, err = scoring.New(in.Model); err != nil {
		return nil, err
	}
	for i := range in.Sequences {
		w.docs[in.Sequences[i].Name] = &in.Sequences[i]
	}
	if w.hours, err = in.calendars(); err != nil {
		return nil, err
	}
	if err := in.fits(w.hours); err != nil {
		return nil, err
	}
	for _, r := range in.Behaviour.Sales.Reps {
		one := &rep{Rep: r, hours: w.hoursOf(r), days: map[string]int{}}
		w.reps = append(w.reps, one)
		w.staff[r.Name] = one
	}
	return w, nil
}

// calendars makes those of the behaviour ready.
func (in Input) calendars() (map[string]*calendar.Calendar, error) {
	out := map[string]*calendar.Calendar{calendar.AlwaysName: calendar.Always}
	for _, spec := range in.Behaviour.Sales.Calendars {
		c, err := calendar.New(spec, in.Zone(spec.TimeZone))
		if err != nil {
			return nil, err
		}
		out[spec.Name] = c
	}
	return out, nil
}

// fail ends the simulation: a rule of the house was broken, or a defect was met.
func (w *world) fail(p *person, err error) {
	if w.failed == nil {
		w.failed = fmt.Errorf("%s at %s: %w", p.id, w.now.Format(time.RFC3339Nano), err)
	}
}
