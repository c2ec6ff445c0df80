package scoring

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Condition tests one field with exactly one operator. Texts are compared without regard to case and to space around
// them, numbers as numbers, also where they are written as text. A regular expression (RE2) minds case unless it says
// (?i). A field that holds a list meets a condition when one of its values does.
type Condition struct {
	Field    string    `json:"field,omitempty"`
	Equals   any       `json:"equals,omitempty"`
	OneOf    []any     `json:"one_of,omitempty"`
	Contains string    `json:"contains,omitempty"`
	Prefix   string    `json:"prefix,omitempty"`
	Matches  string    `json:"matches,omitempty"`
	Range    []float64 `json:"range,omitempty"` // [least, most], both included
	Present  bool      `json:"present,omitempty"`
	Missing  bool      `json:"missing,omitempty"`
}

// test is a compiled condition.
type test struct {
	Condition
	oneOf []want
	lower string // of Contains and Prefix
	re    *regexp.Regexp
}

// want is a value a field may have, read once.
type want struct {
	text    string
	number  float64
	numeric bool
}

func wanted(v any) want {
	n, ok := number(v)
	return want{text: text(v), number: n, numeric: ok}
}

func compile(c Condition) (test, error) {
	t := test{Condition: c, lower: strings.ToLower(c.Contains + c.Prefix)}
	if c.Equals != nil {
		t.oneOf = []want{wanted(c.Equals)}
	}
	for _, v := range c.OneOf {
		t.oneOf = append(t.oneOf, wanted(v))
	}
	if c.Matches == "" {
		return t, nil
	}
	var err error
	t.re, err = regexp.Compile(c.Matches)
	return t, err
}

// holds tests a value that is there, or is not.
func (t *test) holds(v any, there bool) bool {
	switch {
	case t.Missing:
		return !there
	case !there:
		return false
	case t.Present:
		return true
	}
	if list, ok := v.([]any); ok {
		for _, one := range list {
			if t.one(one) {
				return true
			}
		}
		return false
	}
	return t.one(v)
}

func (t *test) one(v any) bool {
	switch {
	case len(t.oneOf) > 0:
		return t.among(v)
	case len(t.Range) == 2:
		n, ok := number(v)
		return ok && n >= t.Range[0] && n <= t.Range[1]
	case t.Contains != "":
		return strings.Contains(strings.ToLower(text(v)), t.lower)
	case t.Prefix != "":
		return strings.HasPrefix(strings.ToLower(text(v)), t.lower)
	case t.re != nil:
		return t.re.MatchString(text(v))
	}
	return false
}

func (t *test) among(v any) bool {
	is := text(v)
	n, numeric := number(v)
	for _, w := range t.oneOf {
		if numeric && w.numeric && n == w.number || strings.EqualFold(is, w.text) {
			return true
		}
	}
	return false
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
		n = strings.TrimSpace(n)
		if n == "" || n[0] > '9' { // no number begins with a letter here: inf and nan are words
			return 0, false
		}
		f, err := strconv.ParseFloat(n, 64)
		return f, err == nil
	case fmt.Stringer: // json.Number
		f, err := strconv.ParseFloat(n.String(), 64)
		return f, err == nil
	}
	return 0, false
}

// text is a single value as people write it; what is no single value has none.
func text(v any) string {
	switch s := v.(type) {
	case string:
		return strings.TrimSpace(s)
	case bool:
		return strconv.FormatBool(s)
	case fmt.Stringer:
		return s.String()
	}
	if n, ok := number(v); ok {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return ""
}

// property reads a property of an event by its name, or by the names of a path through groups: utm.source.
func property(properties map[string]any, name string) (any, bool) {
	v, ok := properties[name]
	if head, rest, deep := strings.Cut(name, "."); !ok && deep {
		if group, is := properties[head].(map[string]any); is {
			return property(group, rest)
		}
	}
	if text, is := v.(string); is && strings.TrimSpace(text) == "" {
		return nil, false
	}
	return v, ok && v != nil
}

// NumberOf reads a value as conditions and predictors do: a number, or a text that is one.
func NumberOf(v any) (float64, bool) { return number(v) }
