package simulate

import (
	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// Behaviour is what people are supposed to do: those who become leads, and those in sales. It is a plain value with a file form, like a policy.
// Chances are between 0 and 1. What takes time takes a median of so long; how long it takes once is drawn from a log-normal distribution (Spread), which is
// what answering times of people look like.
type Behaviour struct {
	Name     string   `json:"name"`
	Arrivals Arrivals `json:"arrivals"`
	People   []Kind   `json:"people"`
	Sales    Sales    `json:"sales"`
}

// Spread is the standard deviation of the logarithm of what takes time: two thirds of all cases lie between less than half of the median and twice as much.
const Spread = 0.8

// Arrivals say when leads are captured: over so long from the start, at most over all of it. Without hours and days one moment is as likely as another.
type Arrivals struct {
	Over     span.Span          `json:"over"`                // absent: all at the start
	TimeZone string             `json:"time_zone,omitempty"` // of hours and days; absent: UTC
	Hours    []float64          `json:"hours,omitempty"`     // 24 weights, from midnight on
	Days     map[string]float64 `json:"days,omitempty"`      // weights of mon tue wed thu fri sat sun
}

// Kind is a kind of people.
type Kind struct {
	Name    string             `json:"name"`
	Share   float64            `json:"share"`             // weight among the kinds
	Sources map[string]float64 `json:"sources,omitempty"` // channels by weight; absent: other
	Profile map[string][]any   `json:"profile,omitempty"` // by field, of which values one is drawn; "": it is not known
	Visits  Visits             `json:"visits"`
	Mail    Mail               `json:"mail,omitzero"`
	Buys    Buys               `json:"buys,omitzero"`
}

// Visits are what somebody does by themselves. The first comes with the capture. Those after it come at random (a Poisson process), one in Every at first,
// half as often after Fades, a quarter as often after twice that.
type Visits struct {
	Every span.Span `json:"every"`
	Fades span.Span `json:"fades,omitempty"` // absent: they go on as they began
	// Varies is the standard deviation of the logarithm of how often one comes by, from one person to the next: 0 is everybody alike.
	Varies float64 `json:"varies,omitempty"`
	// Phases are how many times as often somebody comes by while they are in a phase of their life.
	Phases map[string]float64 `json:"phases,omitempty"` // nurturing sales resting; absent: 1
	Does   []Act              `json:"does"`
}

// Phases of a life. After it there are no visits that matter: they are played, and nothing comes of them.
const (
	PhaseNurturing = "nurturing"
	PhaseSales     = "sales"   // from qualifying until somebody decides
	PhaseResting   = "resting" // dormant or lost: it may come back
)

// PhaseOf is the phase of a stage; empty where the life is over.
func PhaseOf(stage string) string {
	switch lifecycle.Stage(stage) {
	case lifecycle.StageCaptured, lifecycle.StageNurturing:
		return PhaseNurturing
	case lifecycle.StageQualified, lifecycle.StageHandoff, lifecycle.StageWorking, lifecycle.StageOpportunity:
		return PhaseSales
	case lifecycle.StageDormant, lifecycle.StageLost:
		return PhaseResting
	}
	return ""
}

// Act is one thing that may be done in a visit.
type Act struct {
	Type       string         `json:"type"` // of engagement
	Properties map[string]any `json:"properties,omitempty"`
	Chance     float64        `json:"chance"`
	Times      int            `json:"times,omitempty"` // it is tried so often; absent: 1
}

// Mail is what somebody does with a mail. Clicks, replies and unsubscribing are of those who open it; a click leads to a visit.
type Mail struct {
	Bounces      float64   `json:"bounces,omitempty"`
	Opens        float64   `json:"opens,omitempty"`
	Clicks       float64   `json:"clicks,omitempty"`
	Replies      float64   `json:"replies,omitempty"`
	Unsubscribes float64   `json:"unsubscribes,omitempty"`
	Complains    float64   `json:"complains,omitempty"`
	After        span.Span `json:"after,omitempty"` // until it is opened
}

// Buys is what sales finds.
type Buys struct {
	Fits      float64   `json:"fits,omitempty"`      // the rep finds somebody who might buy
	Qualifies float64   `json:"qualifies,omitempty"` // of those, in a cycle: it becomes an opportunity
	Wins      float64   `json:"wins,omitempty"`      // of opportunities
	Patience  span.Span `json:"patience,omitempty"`  // qualifies is half as likely after so long without a rep; absent: however long
}

// Sales are those who get leads.
type Sales struct {
	Calendars []calendar.Spec `json:"calendars,omitempty"`
	Teams     []Team          `json:"teams,omitempty"`
	Reps      []Rep           `json:"reps"`

	Decides Decides            `json:"decides"`
	Queue   span.Span          `json:"queue,omitempty"` // in business time of the house: until somebody with room takes a lead out of the queue; absent: nobody does
	Rejects map[string]float64 `json:"rejects"`         // reasons by weight, of who does not fit
	Touches Touches            `json:"touches"`
	Works   Works              `json:"works"`
	Loses   map[string]float64 `json:"loses"` // reasons by weight
}

// Team is some reps and their hours.
type Team struct {
	Name     string `json:"name"`
	Calendar string `json:"calendar,omitempty"` // absent: the policy's
}

// Rep is somebody who gets leads.
type Rep struct {
	Name        string   `json:"name"`
	Team        string   `json:"team,omitempty"`
	Calendar    string   `json:"calendar,omitempty"` // absent: the team's
	Capacity    int      `json:"capacity,omitempty"` // open leads at most; absent: any number
	PerDay      int      `json:"per_day,omitempty"`  // offers of a day (UTC) at most; absent: any number
	Weight      int      `json:"weight,omitempty"`   // absent: 1
	Inactive    bool     `json:"inactive,omitempty"` // is given none
	Tags        []string `json:"tags,omitempty"`
	Languages   []string `json:"languages,omitempty"`
	Territories []string `json:"territories,omitempty"`
}

// Decides is how a rep answers an offer.
type Decides struct {
	After  span.Span `json:"after"`            // in business time of the rep
	Slowed float64   `json:"slowed,omitempty"` // by each lead they have open already: 0.05 is a twentieth slower
	Misses float64   `json:"misses,omitempty"` // offers that they do not answer by themselves
	Heeds  float64   `json:"heeds,omitempty"`  // reminders and escalations because of which they do what they had missed
}

// Touches is when a rep first gets in touch with a lead they have taken.
type Touches struct {
	After span.Span `json:"after"`           // in business time of the rep
	Never float64   `json:"never,omitempty"` // they do not, by themselves
}

// Works is how long work takes, in business time of the rep.
type Works struct {
	Qualifies span.Span `json:"qualifies"`         // until it is an opportunity, or lost
	Closes    span.Span `json:"closes"`            // from there to the end
	Forgets   float64   `json:"forgets,omitempty"` // leads that nobody does anything about any more, by themselves
}
