package scoring

import "github.com/leadflow-dev/leadflow/domain/span"

// Model is a scoring model as marketing writes it. A published version never changes.
type Model struct {
	MQL        MQL                `json:"mql"`
	Bands      Bands              `json:"bands"`
	Grades     Grades             `json:"grades"`
	Caps       Caps               `json:"caps,omitzero"`
	Floor      float64            `json:"floor,omitempty"` // a score never falls below it
	Personas   map[string]Persona `json:"personas,omitempty"`
	Fit        []FitRule          `json:"fit,omitempty"`
	Groups     map[string]Group   `json:"groups,omitempty"`
	Engagement []EngagementRule   `json:"engagement,omitempty"`
	Triggers   []string           `json:"triggers,omitempty"` // engagement types that qualify at once
}

// MQL is the threshold of a marketing-qualified lead.
type MQL struct {
	Score         float64  `json:"score"`
	MinFit        *float64 `json:"min_fit,omitempty"`
	MinEngagement *float64 `json:"min_engagement,omitempty"`
}

// Bands are the least scores of hot and warm; below warm is cold. A band is left only once the score is more than
// Hysteresis below its least score.
type Bands struct {
	Hot        float64 `json:"hot"`
	Warm       float64 `json:"warm"`
	Hysteresis float64 `json:"hysteresis,omitempty"`
}

// Grades are the least fits of A, B and C; below C is D.
type Grades struct {
	A float64 `json:"A"`
	B float64 `json:"B"`
	C float64 `json:"C"`
}

// Caps limit an axis from above; nil does not.
type Caps struct {
	Fit        *float64 `json:"fit,omitempty"`
	Engagement *float64 `json:"engagement,omitempty"`
}

// Persona is a named group of profiles: all of All, and any of Any where there are any.
type Persona struct {
	All []Condition `json:"all,omitempty"`
	Any []Condition `json:"any,omitempty"`
}

// Condition tests one field with exactly one of its operators. Texts are compared without case, numbers as numbers.
type Condition struct {
	Field    string    `json:"field"`
	Equals   any       `json:"equals,omitempty"`
	OneOf    []any     `json:"one_of,omitempty"`
	Contains string    `json:"contains,omitempty"`
	Prefix   string    `json:"prefix,omitempty"`
	Matches  string    `json:"matches,omitempty"` // RE2
	Range    []float64 `json:"range,omitempty"`   // [least, most], both included
	Present  bool      `json:"present,omitempty"`
	Missing  bool      `json:"missing,omitempty"`
}

// FitRule gives points for who somebody is: a persona, or one condition.
type FitRule struct {
	ID       string    `json:"id"`
	Persona  string    `json:"persona,omitempty"`
	Field    string    `json:"field,omitempty"`
	Equals   any       `json:"equals,omitempty"`
	OneOf    []any     `json:"one_of,omitempty"`
	Contains string    `json:"contains,omitempty"`
	Prefix   string    `json:"prefix,omitempty"`
	Matches  string    `json:"matches,omitempty"`
	Range    []float64 `json:"range,omitempty"`
	Present  bool      `json:"present,omitempty"`
	Missing  bool      `json:"missing,omitempty"`
	Points   float64   `json:"points"`
}

// Condition is the rule's own condition.
func (r FitRule) Condition() Condition {
	return Condition{
		Field: r.Field, Equals: r.Equals, OneOf: r.OneOf, Contains: r.Contains, Prefix: r.Prefix, Matches: r.Matches,
		Range: r.Range, Present: r.Present, Missing: r.Missing,
	}
}

// Group caps several rules together, from above.
type Group struct {
	Cap float64 `json:"cap"`
}

// EngagementRule gives points for what somebody does. It has a window or a half-life, not both; with neither it counts
// for ever. With Count it gives its points once, when at least so many events lie in the window.
type EngagementRule struct {
	ID       string      `json:"id"`
	On       string      `json:"on"`
	Where    []Condition `json:"where,omitempty"` // on the event's properties; all of them
	Points   float64     `json:"points"`
	Count    int         `json:"count,omitempty"`
	Within   span.Span   `json:"within,omitempty"`
	HalfLife span.Span   `json:"half_life,omitempty"`
	Cap      *float64    `json:"cap,omitempty"` // in the direction of the points
	Group    string      `json:"group,omitempty"`
}
