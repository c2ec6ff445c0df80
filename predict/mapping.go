package predict

import (
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// When a column is known.
const (
	Capture    = "capture"    // with the lead, before anything happened
	Engagement = "engagement" // by what the lead does, before sales decide
	Sales      = "sales"      // set by sales, or after the decision: never used
)

// Mapping says what the columns of a table are. Its file form is YAML or JSON, read strictly:
//
//	target: {column: Converted, positive: ["1"]}
//	id: [Prospect ID, Lead Number]
//	time: Lead Number
//	missing: [Select]
//	columns:
//	  Lead Origin: capture
//	  TotalVisits: {known: engagement, type: number, field: custom.visits}
//	  Tags: sales
//	ignore: [Last Notable Activity]
type Mapping struct {
	Target    Target            `yaml:"target" json:"target"`
	ID        []string          `yaml:"id,omitempty" json:"id,omitempty"`               // who a row is of; no features, and duplicates may differ in them
	Time      *When             `yaml:"time,omitempty" json:"time,omitempty"`           // the order of rows: a date, or a number that rises
	Decision  *When             `yaml:"decision,omitempty" json:"decision,omitempty"`   // when sales decided; columns with `at` are compared with it
	Missing   []string          `yaml:"missing,omitempty" json:"missing,omitempty"`     // cells that say nothing, beside the empty one; absent: Blanks
	Delimiter string            `yaml:"delimiter,omitempty" json:"delimiter,omitempty"` // absent: found out
	Columns   map[string]Column `yaml:"columns,omitempty" json:"columns,omitempty"`
	Ignore    []string          `yaml:"ignore,omitempty" json:"ignore,omitempty"` // columns that are left out
}

// Target is what is to be predicted. A plain text names the column.
type Target struct {
	Column   string   `yaml:"column" json:"column"`
	Positive []string `yaml:"positive,omitempty" json:"positive,omitempty"` // cells that mean converted; absent: 1, yes, true, won and the like
	Negative []string `yaml:"negative,omitempty" json:"negative,omitempty"` // absent: every other cell that is not empty
}

// When is a column with a moment. A plain text names the column.
type When struct {
	Column string `yaml:"column" json:"column"`
	Layout string `yaml:"layout,omitempty" json:"layout,omitempty"` // as Go writes it, 02.01.2006 15:04; absent: found out
}

// Column is a feature. A plain text says when it is known.
type Column struct {
	Known   string   `yaml:"known,omitempty" json:"known,omitempty"`     // capture, engagement, sales
	Type    string   `yaml:"type,omitempty" json:"type,omitempty"`       // number, category; absent: found out
	Field   string   `yaml:"field,omitempty" json:"field,omitempty"`     // of a lead's profile, for use in a scoring model; absent: the column's name
	Missing []string `yaml:"missing,omitempty" json:"missing,omitempty"` // beside those of the mapping
	At      *When    `yaml:"at,omitempty" json:"at,omitempty"`           // when this field was set
}

// Blanks are cells that say nothing wherever the mapping does not name its own: what forms, spreadsheets and exports write.
var Blanks = []string{"Select", "NA", "N/A", "NaN", "NULL", "?"}

// UnmarshalYAML takes a plain text as the name of the column.
func (t *Target) UnmarshalYAML(unmarshal func(any) error) error {
	type plain Target
	return orText(unmarshal, &t.Column, (*plain)(t))
}

// UnmarshalYAML takes a plain text as the name of the column.
func (w *When) UnmarshalYAML(unmarshal func(any) error) error {
	type plain When
	return orText(unmarshal, &w.Column, (*plain)(w))
}

// UnmarshalYAML takes a plain text as when the column is known.
func (c *Column) UnmarshalYAML(unmarshal func(any) error) error {
	type plain Column
	return orText(unmarshal, &c.Known, (*plain)(c))
}

func orText(unmarshal func(any) error, text *string, whole any) error {
	var plain string
	if unmarshal(&plain) == nil {
		*text = plain
		return nil
	}
	return unmarshal(whole)
}

const maxMapping = 256 << 10 // bytes

// ParseMapping reads a mapping; the error says what is wrong with it.
func ParseMapping(doc []byte) (Mapping, error) {
	var m Mapping
	const next = "see docs/scoring.md for what a mapping says"
	if len(doc) > maxMapping {
		return m, unusable(next, "the mapping has more than %d kB", maxMapping>>10)
	}
	if err := yaml.UnmarshalWithOptions(doc, &m, yaml.Strict()); err != nil {
		return m, unusable(next, "the mapping cannot be read: %s", yaml.FormatError(err, false, true))
	}
	if m.Missing == nil {
		m.Missing = Blanks
	}
	return m, m.check()
}

func (m Mapping) check() error {
	if m.Target.Column == "" {
		return unusable("write target: COLUMN, or target: {column: COLUMN, positive: [won]}", "the mapping does not say what is to be predicted")
	}
	for _, name := range slices.Sorted(maps.Keys(m.Columns)) {
		c := m.Columns[name]
		if !slices.Contains([]string{"", Capture, Engagement, Sales}, c.Known) {
			return unusable("a column is known at capture, by engagement, or set by sales", "columns.%s: %q says not when it is known", name, c.Known)
		}
		if !slices.Contains([]string{"", Number, Category}, c.Type) {
			return unusable("take number or category", "columns.%s: %q is no type", name, c.Type)
		}
		if slices.Contains(m.Ignore, name) {
			return unusable("take it out of one of them", "%s is in columns and in ignore", name)
		}
		if c.At != nil && m.Decision == nil {
			return unusable("name the column with decision:", "columns.%s says when it was set, but the mapping not when sales decided", name)
		}
	}
	return nil
}

// blank reports that a cell says nothing.
func (m Mapping) blank(c Column) func(cell string) bool {
	says := map[string]bool{"": true}
	for _, text := range slices.Concat(m.Missing, c.Missing) {
		says[strings.ToLower(strings.TrimSpace(text))] = true
	}
	return func(cell string) bool { return says[strings.ToLower(cell)] }
}

// reserved are the columns that are no features, and what they are.
func (m Mapping) reserved() map[string]string {
	out := map[string]string{m.Target.Column: "the target"}
	for _, id := range m.ID {
		out[id] = "an id"
	}
	for _, name := range m.Ignore {
		out[name] = "ignored by the mapping"
	}
	if m.Time != nil {
		out[m.Time.Column] = "the time"
	}
	if m.Decision != nil {
		out[m.Decision.Column] = "the time of the decision"
	}
	for _, c := range m.Columns {
		if c.At != nil {
			out[c.At.Column] = "a time"
		}
	}
	return out
}
