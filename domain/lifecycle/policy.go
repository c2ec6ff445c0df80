package lifecycle

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/span"
)

// Path is where a reason leads a lead.
type Path string

// The paths a reason may name. Reject knows all but stay_lost, lose knows recycle, disqualify and stay_lost.
const (
	PathRecycle    Path = "recycle"    // dormant until the cool-down is over, then the next cycle
	PathReroute    Path = "reroute"    // offered to the next rep at once
	PathDisqualify Path = "disqualify" // the end
	PathStayLost   Path = "stay_lost"  // lost until a person recycles it
	PathDuplicate  Path = "duplicate"  // the end of a rejection: the decision names the lead whose double it is
)

// ScorePolicy says what a score becomes when a lead is recycled.
type ScorePolicy string

// The score policies. The change is stored as a dated adjustment, never written over the events.
const (
	ScoreKeep  ScorePolicy = "keep"
	ScoreHalve ScorePolicy = "halve"
	ScoreZero  ScorePolicy = "zero"
	ScoreFloor ScorePolicy = "floor"
)

// Reason is the path of one rejection, loss or disqualification reason.
type Reason struct {
	Path     Path        `json:"path"`
	CoolDown span.Span   `json:"cool_down,omitempty"` // recycle only; absent: the default's
	Sequence string      `json:"sequence,omitempty"`  // the sequence of the next cycle; absent: the one of before
	Score    ScorePolicy `json:"score,omitempty"`     // absent: keep

	MaxCycles int    `json:"max_cycles,omitempty"` // recycle only: the last cycle of a lead that rests for this; absent: the policy's
	Title     string `json:"title,omitempty"`      // what people read; absent: the code
	Retired   bool   `json:"retired,omitempty"`    // not to be given any more; what was decided by it goes on by its path
}

// AcceptSLA is the clock of an offer, in business time of its calendar.
type AcceptSLA struct {
	Within        span.Span `json:"within"`                   // offered -> due
	RemindAt      []float64 `json:"remind_at,omitempty"`      // fractions of Within, each in (0, 1)
	EscalateAt    float64   `json:"escalate_at,omitempty"`    // fraction of Within, at least 1; 0 never escalates
	ReassignAfter span.Span `json:"reassign_after,omitempty"` // after the deadline, in business time
	MaxOffers     int       `json:"max_offers"`               // offers of one cycle, the first included
	Then          string    `json:"then,omitempty"`           // team_queue
	// Escalate is a chain of several levels; a document has it or EscalateAt, which tells the manager once.
	Escalate []Escalation `json:"escalate,omitempty"`
}

// TouchSLA is the clock between acceptance and the first logged activity, in business time.
type TouchSLA struct {
	Within span.Span `json:"within"`
	Then   string    `json:"then,omitempty"` // team_queue once it was reassigned as often as it may be; absent: stays
	Chase
}

// Idle is what happens to a lead nobody works: owner told, then the manager, then Finally.
type Idle struct {
	Working      span.Span `json:"working"`
	Opportunity  span.Span `json:"opportunity"`
	Then         string    `json:"then,omitempty"`          // owner
	AfterManager span.Span `json:"after_manager,omitempty"` // owner told -> manager told -> finally
	Finally      Stage     `json:"finally,omitempty"`       // dormant, team_queue, or empty: stays
	Business     bool      `json:"business,omitempty"`      // in business time; absent: by the clock on the wall
	Chase
}

// SLA groups the clocks of the handoff and after it.
type SLA struct {
	Accept     AcceptSLA `json:"accept"`
	FirstTouch TouchSLA  `json:"first_touch,omitzero"`
	Idle       Idle      `json:"idle,omitzero"`
	Snooze     Snoozing  `json:"snooze,omitzero"`
	Rules      []Terms   `json:"rules,omitempty"` // the first that fits
}

// Stale says after how long without engagement a nurtured lead rests, and for how long a lead may lie in the queue of a team until
// its manager hears of it.
type Stale struct {
	Nurturing span.Span `json:"nurturing"`
	TeamQueue span.Span `json:"team_queue,omitempty"` // in business time of the team; absent: nobody hears of it
}

// Recycling is how often and by what path a lead comes back.
type Recycling struct {
	MaxCycles int               `json:"max_cycles"`
	Reasons   map[string]Reason `json:"reasons,omitempty"` // over the built-in ones, by reason code
	Default   Reason            `json:"default"`

	// Stages say it otherwise for what happens in one stage: nurturing (stale), handoff (rejections), working and opportunity
	// (losses, idle, recycled). They go over Reasons.
	Stages map[Stage]map[string]Reason `json:"stages,omitempty"`
}

// Consent says what needs an explicit yes, and when a yes is one.
type Consent struct {
	Require     bool `json:"require"`
	Tracking    bool `json:"tracking,omitempty"`      // opens and clicks are noted only of who consented to the purpose tracking
	DoubleOptIn bool `json:"double_opt_in,omitempty"` // a yes counts once it was confirmed by mail
}

// Nurture is what the house says about the mails of all sequences together. No clock of a life depends on it: whoever moves a
// lead through its sequence reads it.
type Nurture struct {
	PerDay  int       `json:"per_day,omitempty"`  // mails to one lead in any 24 hours; absent: any number
	PerWeek int       `json:"per_week,omitempty"` // in any 7 days; absent: any number
	Quiet   *Quiet    `json:"quiet,omitempty"`
	Jitter  span.Span `json:"jitter,omitempty"` // over how long leads that would be due together are spread
}

// Quiet are hours without nurture mail, by the lead's own clock.
type Quiet struct {
	From string `json:"from"` // 20:00
	To   string `json:"to"`   // 08:00; not after From: on the next day
}

// Bounces says when mail that cannot be delivered for now counts as mail that never can be.
type Bounces struct {
	Soft   int       `json:"soft,omitempty"`   // so many soft bounces; 0: 3
	Within span.Span `json:"within,omitempty"` // in so much time; 0: 14 days
}

// Limits are both with their defaults.
func (b Bounces) Limits() (soft int, within time.Duration) {
	soft, within = b.Soft, b.Within.Duration()
	if soft == 0 {
		soft = 3
	}
	if within == 0 {
		within = 14 * 24 * time.Hour
	}
	return soft, within
}

// Notify is how sales is told. No clock of a life depends on it.
type Notify struct {
	Urgent []string `json:"urgent,omitempty"` // kinds of alerts that go out also outside of the hours of their rep; absent: none
	Ask    Ask      `json:"ask,omitzero"`
}

// Ask says which buyers are asked one question by mail once a lead is closed, and when customers are asked for their net promoter score.
type Ask struct {
	Won   bool      `json:"won,omitempty"`   // what one thing helped you choose us?
	Lost  bool      `json:"lost,omitempty"`  // what was missing?
	NPS   span.Span `json:"nps,omitempty"`   // how likely is it that you would recommend us? So long after they were won; 0: nobody is asked by itself
	Every span.Span `json:"every,omitempty"` // nobody is asked anything again before this is over; 0: 90 days
}

// AlertKinds are what sales is told of, as Urgent may name it.
var AlertKinds = []string{
	"offer", "assigned", "reminder", "escalation", "offer_withdrawn", "idle_owner", "idle_manager", "first_touch", "sequence", "reply", "retraction", "queue",
	"first_touch_reminder", "first_touch_escalation", "idle_reminder", "idle_escalation", "meeting",
}

// Policy is the rules of a life: what an operator may tune. It is a plain value, so that a workflow can record it once
// and replay it for ever. The file form is examples/documents/policy-fast.yaml.
type Policy struct {
	Name     string    `json:"name"`
	Calendar string    `json:"calendar"` // name of a calendar; "always" is 24x7
	SLA      SLA       `json:"sla"`
	Stale    Stale     `json:"stale"`
	Recycle  Recycling `json:"recycle"`
	Consent  Consent   `json:"consent"`
	Nurture  Nurture   `json:"nurture,omitzero"`
	Bounces  Bounces   `json:"bounces,omitzero"`

	Notify     Notify     `json:"notify,omitzero"`
	Vocabulary Vocabulary `json:"vocabulary,omitempty"` // reasons of the house, before all others
}
