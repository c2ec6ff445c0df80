package sequence

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/domain/span"
)

// Condition is what a branch asks. All parts that are given must hold.
type Condition struct {
	Band       []string    `json:"band,omitempty"`  // one of hot warm cold
	Grade      []string    `json:"grade,omitempty"` // one of A B C D
	Score      *Bounds     `json:"score,omitempty"`
	Engagement *Engagement `json:"engagement,omitempty"`
	Membership []string    `json:"membership,omitempty"` // campaigns: of the lead's source, or of a later touch; ignores case

	// A profile field and what it must be; exactly one of the ways below goes with it.
	Field    string    `json:"field,omitempty"`
	Equals   any       `json:"equals,omitempty"`
	OneOf    []any     `json:"one_of,omitempty"`
	Contains string    `json:"contains,omitempty"` // ignores case
	Matches  string    `json:"matches,omitempty"`  // RE2 expression
	Range    []float64 `json:"range,omitempty"`    // from, to, both included
	Present  bool      `json:"present,omitempty"`
	Missing  bool      `json:"missing,omitempty"`
}

// Bounds is a range of a number.
type Bounds struct {
	Gte *float64 `json:"gte,omitempty"`
	Gt  *float64 `json:"gt,omitempty"`
	Lte *float64 `json:"lte,omitempty"`
	Lt  *float64 `json:"lt,omitempty"`
}

// Engagement asks how often something was done.
type Engagement struct {
	Type   string    `json:"type"`
	Within span.Span `json:"within,omitempty"` // absent: since the lead entered the sequence
	Count  int       `json:"count,omitempty"`  // at least; absent: 1
}

// Holds reports whether every part of the condition holds at this moment.
func (c Condition) Holds(f Facts, now time.Time) bool {
	return (len(c.Band) == 0 || slices.Contains(c.Band, f.Band)) &&
		(len(c.Grade) == 0 || slices.Contains(c.Grade, f.Grade)) &&
		(c.Score == nil || c.Score.hold(float64(f.Score))) &&
		(c.Engagement == nil || c.Engagement.holds(f, now)) &&
		(len(c.Membership) == 0 || f.Member != nil && slices.ContainsFunc(c.Membership, f.Member)) &&
		(c.Field == "" || c.field(f))
}

func (b Bounds) hold(n float64) bool {
	return (b.Gte == nil || n >= *b.Gte) && (b.Gt == nil || n > *b.Gt) &&
		(b.Lte == nil || n <= *b.Lte) && (b.Lt == nil || n < *b.Lt)
}

func (e Engagement) holds(f Facts, now time.Time) bool {
	from := f.Entered
	if e.Within > 0 {
		from = now.Add(-e.Within.Duration())
	}
	return f.engaged([]string{e.Type}, from, now) >= max(1, e.Count)
}

func (c Condition) field(f Facts) bool {
	var value any
	known := false
	if f.Field != nil {
		value, known = f.Field(c.Field)
	}
	known = known && value != nil && value != ""
	switch {
	case c.Missing:
		return !known
	case !known:
		return false
	case c.Present:
		return true
	case c.Equals != nil:
		return same(value, c.Equals)
	case len(c.OneOf) > 0:
		return slices.ContainsFunc(c.OneOf, func(o any) bool { return same(value, o) })
	case c.Contains != "":
		return strings.Contains(strings.ToLower(text(value)), strings.ToLower(c.Contains))
	case c.Matches != "":
		re, err := regexp.Compile(c.Matches)
		return err == nil && re.MatchString(text(value))
	case len(c.Range) == 2:
		n, ok := number(value)
		return ok && n >= c.Range[0] && n <= c.Range[1]
	}
	return false
}

// same compares numbers as numbers and everything else as text without regard to case.
func same(a, b any) bool {
	if x, ok := number(a); ok {
		if y, ok := number(b); ok {
			return x == y
		}
	}
	return strings.EqualFold(text(a), text(b))
}

// number reads what JSON, YAML or Postgres may give for a number, a text of digits included.
func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	case string:
		got, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
		return got, err == nil
	}
	return 0, false
}

func text(v any) string {
	switch s := v.(type) {
	case string:
		return strings.TrimSpace(s)
	case bool:
		return strconv.FormatBool(s)
	}
	if n, ok := number(v); ok {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return ""
}
