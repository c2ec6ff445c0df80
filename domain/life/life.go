// Package life tells the whole life of a lead from what was written down of it: cycles, how long each stage took, how it was
// entered and left, and what happened in between. It reads no clock and performs no I/O.
//
// It must not: decide anything. What a line means is domain/lifecycle's.
package life

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Life is all of it.
type Life struct {
	LeadID string          `json:"lead_id"`
	Stage  lifecycle.Stage `json:"stage"`
	Born   time.Time       `json:"born"`
	Asked  time.Time       `json:"asked"` // the moment up to which it is told
	Cycles []Cycle         `json:"cycles" nullable:"false"`
	Cut    bool            `json:"cut,omitempty"` // it has more lines than are told: the earliest are missing
}

// Cycle is one time round.
type Cycle struct {
	N       int         `json:"n"`
	Began   time.Time   `json:"began"`
	Ended   *time.Time  `json:"ended"` // null: it goes on
	Why     string      `json:"why"`   // what began it
	Seconds int64       `json:"seconds"`
	Stays   []Stay      `json:"stays" nullable:"false"`
	Mails   []MailLine  `json:"mails" nullable:"false"`
	Offers  []OfferLine `json:"offers" nullable:"false"`
}

// Stay is the time in one stage.
type Stay struct {
	Stage   lifecycle.Stage `json:"stage"`
	Entered time.Time       `json:"entered"`
	Left    *time.Time      `json:"left"`
	Seconds int64           `json:"seconds"`
	Kind    string          `json:"kind"` // the event that led here
	Why     string          `json:"why"`
	By      lifecycle.Actor `json:"by"`
	Score   *Turn           `json:"score,omitempty"` // as it was then
	Lines   []StayLine      `json:"lines" nullable:"false"`
}

// Turn is a score at a turning point, with what weighed most.
type Turn struct {
	Score    int         `json:"score"`
	Band     string      `json:"band"`
	Model    int         `json:"model"`
	Top      []TurnPoint `json:"top" nullable:"false"`
	Complete bool        `json:"complete"` // false: events of that time are kept no more
}

// TurnPoint is one item of an explanation.
type TurnPoint struct {
	Rule   string  `json:"rule"`
	Points float64 `json:"points"`
	Why    string  `json:"why"`
}

// StayLine is something that left the stage alone.
type StayLine struct {
	At   time.Time       `json:"at"`
	Kind string          `json:"kind"`
	Why  string          `json:"why"`
	By   lifecycle.Actor `json:"by"`
}

// MailLine is one that was sent, or was to be.
type MailLine struct {
	Cycle    int        `json:"-"`
	Sequence string     `json:"sequence"`
	Version  int        `json:"version"`
	Step     string     `json:"step"`
	State    string     `json:"state"`
	Code     string     `json:"code,omitempty"`
	At       *time.Time `json:"at"` // sent; null: it was not
}

// OfferLine is one rep's turn.
type OfferLine struct {
	Cycle   int        `json:"-"`
	RepID   string     `json:"rep_id"`
	Rep     string     `json:"rep"`
	State   string     `json:"state"`
	Reason  string     `json:"reason,omitempty"`
	Score   int        `json:"score"`
	Offered time.Time  `json:"offered"`
	Decided *time.Time `json:"decided"`
}

// Tell puts the lines of a timeline, the earliest first, into cycles and stays.
func Tell(lead record.Lead, lines []record.TimelineItem, now time.Time) Life {
	l := Life{LeadID: lead.ID, Stage: lead.Stage, Born: lead.CreatedAt, Asked: now, Cycles: []Cycle{}}
	for _, line := range lines {
		l.tell(line)
	}
	if len(l.Cycles) == 0 {
		l.begin(Stay{Stage: lead.Stage, Entered: lead.CreatedAt, Kind: "captured"}, 1)
	}
	for i := range l.Cycles {
		l.Cycles[i].measure(now)
	}
	return l
}

func (l *Life) tell(line record.TimelineItem) {
	if line.To != "" && line.To != line.From {
		to := Stay{Stage: lifecycle.Stage(line.To), Entered: line.At, Kind: line.Kind, Why: line.Why, By: line.Actor}
		if len(l.Cycles) == 0 && line.From != "" { // what was before has no line: it began when the person came
			l.begin(Stay{Stage: lifecycle.Stage(line.From), Entered: l.Born, Kind: "captured"}, max(1, line.Cycle))
		}
		if len(l.Cycles) == 0 || line.Cycle > l.last().N {
			l.begin(to, line.Cycle)
			return
		}
		c := l.last()
		c.leave(line.At)
		c.Stays = append(c.Stays, to)
		return
	}
	if len(l.Cycles) == 0 {
		l.begin(Stay{Stage: lifecycle.StageCaptured, Entered: l.Born, Kind: "captured"}, max(1, line.Cycle))
	}
	stay := &l.last().Stays[len(l.last().Stays)-1]
	stay.Lines = append(stay.Lines, StayLine{At: line.At, Kind: line.Kind, Why: line.Why, By: line.Actor})
}

func (l *Life) last() *Cycle { return &l.Cycles[len(l.Cycles)-1] }

// begin begins a cycle with a stay; the one before ends with it.
func (l *Life) begin(first Stay, n int) {
	if len(l.Cycles) > 0 {
		before := l.last()
		before.leave(first.Entered)
		ended := first.Entered
		before.Ended = &ended
	}
	l.Cycles = append(l.Cycles, Cycle{
		N: n, Began: first.Entered, Why: first.Why, Stays: []Stay{first}, Mails: []MailLine{}, Offers: []OfferLine{},
	})
}

func (c *Cycle) leave(at time.Time) {
	stay := &c.Stays[len(c.Stays)-1]
	stay.Left = &at
}

// measure says how long everything took. The end of a life is no stay that goes on.
func (c *Cycle) measure(now time.Time) {
	if last := c.Stays[len(c.Stays)-1]; last.Left == nil && last.Stage.Terminal() && c.Ended == nil {
		ended := last.Entered
		c.Ended = &ended
	}
	c.Seconds = seconds(c.Began, c.Ended, now)
	for i := range c.Stays {
		s := &c.Stays[i]
		if s.Lines == nil {
			s.Lines = []StayLine{}
		}
		if !s.Stage.Terminal() || s.Left != nil {
			s.Seconds = seconds(s.Entered, s.Left, now)
		}
	}
}

func seconds(from time.Time, to *time.Time, now time.Time) int64 {
	if to != nil {
		now = *to
	}
	return int64(max(0, now.Sub(from)).Seconds())
}
