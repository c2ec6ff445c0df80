package scoring

import (
	"cmp"

	"github.com/leadflow-dev/leadflow/domain/span"
)

// Model is a scoring model as marketing writes it. A published version never changes. Nil limits do not limit.
type Model struct {
	MQL        MQL                `json:"mql,omitzero"`
	Bands      Bands              `json:"bands,omitzero"`
	Grades     Grades             `json:"grades,omitzero"`
	Caps       Caps               `json:"caps,omitzero"`
	Floor      *float64           `json:"floor,omitempty"` // a score never falls below it; absent: none
	Personas   map[string]Persona `json:"personas,omitempty"`
	Fit        []FitRule          `json:"fit,omitempty"`
	Groups     map[string]Group   `json:"groups,omitempty"`
	Engagement []EngagementRule   `json:"engagement,omitempty"`
	Triggers   []string           `json:"triggers,omitempty"` // engagement types that qualify at once
	Predictive *Predictive        `json:"predictive,omitempty"`
}

// MQL is the threshold of a marketing-qualified lead; an axis may have a minimum of its own.
type MQL struct {
	Score         float64  `json:"score,omitempty"` // absent: 100
	MinFit        *float64 `json:"min_fit,omitempty"`
	MinEngagement *float64 `json:"min_engagement,omitempty"`
}

// Bands are the least scores of hot and warm; below warm is cold. A band is left only once the score is more than
// Hysteresis below its least score. Absent: hot at the MQL threshold, warm at two fifths, a tenth of hysteresis.
type Bands struct {
	Hot        float64 `json:"hot"`
	Warm       float64 `json:"warm"`
	Hysteresis float64 `json:"hysteresis,omitempty"`
}

// Grades are the least fits of A, B and C; below C is D. Absent: 45, 30, 15.
type Grades struct {
	A float64 `json:"A"`
	B float64 `json:"B"`
	C float64 `json:"C"`
}

// Caps limit an axis from above: fit, and the engagement of one cycle.
type Caps struct {
	Fit        *float64 `json:"fit,omitempty"`
	Engagement *float64 `json:"engagement,omitempty"`
}

// Persona is a named group of profiles: all of All, and at least one of Any where there are any.
type Persona struct {
	All []Condition `json:"all,omitempty"`
	Any []Condition `json:"any,omitempty"`
}

// FitRule gives points for who somebody is: a persona, or one condition on a profile field.
type FitRule struct {
	ID      string `json:"id"`
	Persona string `json:"persona,omitempty"`
	Condition
	Points float64 `json:"points"`
	// Monotone: to meet the rule is never worth less than not to (with points below 0: never more). Points that are suggested
	// from outcomes keep to it.
	Monotone bool `json:"monotone,omitempty"`
}

// Group caps the sum of its rules in one cycle: from above, or, when the cap is negative, from below.
type Group struct {
	Cap float64 `json:"cap"`
}

// EngagementRule gives points for what somebody does.
//
//   - plain: every event gives the points, for ever;
//   - half_life: every event gives the points, which halve every half-life;
//   - within: every event gives the points as long as it is younger than the window (the newest 500 of them);
//   - count and within: the points are given once while at least count events are younger than the window;
//   - count: the points are given once, from the count-th event on.
//
// A rule that takes points and has a count may be kept from acting by what else is in the cycle: Unless.
//
// A rule has a window or a half-life, not both. Cap limits what the rule gives in one cycle and has the sign of the
// points.
type EngagementRule struct {
	ID       string      `json:"id"`
	On       string      `json:"on"`
	Where    []Condition `json:"where,omitempty"` // on the event's properties; all of them
	Points   float64     `json:"points"`
	Count    int         `json:"count,omitempty"`
	Within   span.Span   `json:"within,omitempty"`
	HalfLife span.Span   `json:"half_life,omitempty"`
	Cap      *float64    `json:"cap,omitempty"`
	Group    string      `json:"group,omitempty"`
	Monotone bool        `json:"monotone,omitempty"` // as of a FitRule
	Unless   []Unless    `json:"unless,omitempty"`   // nothing is taken in a cycle that has one of these
}

// defaults is the model with what may be left out.
func (m Model) defaults() Model {
	m.MQL.Score = cmp.Or(m.MQL.Score, 100)
	m.Bands = cmp.Or(m.Bands, Bands{Hot: m.MQL.Score, Warm: m.MQL.Score * 2 / 5, Hysteresis: m.MQL.Score / 10})
	m.Grades = cmp.Or(m.Grades, Grades{A: 45, B: 30, C: 15})
	return m
}
