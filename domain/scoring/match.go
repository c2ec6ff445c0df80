package scoring

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// test is a compiled condition.
type test struct {
	Condition
	re *regexp.Regexp
}

func compile(c Condition) (test, error) {
	t := test{Condition: c}
	if c.Matches == "" {
		return t, nil
	}
	re, err := regexp.Compile(c.Matches)
	if err != nil {
		return t, fmt.Errorf("%q is not a regular expression (RE2): %w", c.Matches, err)
	}
	t.re = re
	return t, nil
}

// holds tests a value that is there, or is not.
func (t test) holds(v any, there bool) bool {
	switch {
	case t.Missing:
		return !there
	case !there:
		return false
	case t.Present:
		return true
	case t.Equals != nil:
		return same(v, t.Equals)
	case len(t.OneOf) > 0:
		for _, want := range t.OneOf {
			if same(v, want) {
				return true
			}
		}
		return false
	case len(t.Range) == 2:
		n, ok := number(v)
		return ok && n >= t.Range[0] && n <= t.Range[1]
	}
	text := text(v)
	switch {
	case t.Contains != "":
		return strings.Contains(strings.ToLower(text), strings.ToLower(t.Contains))
	case t.Prefix != "":
		return strings.HasPrefix(strings.ToLower(text), strings.ToLower(t.Prefix))
	case t.re != nil:
		return t.re.MatchString(text)
	}
	return false
}

func same(a, b any) bool {
	if x, ok := number(a); ok {
		if y, ok := number(b); ok {
			return x == y
		}
	}
	return strings.EqualFold(text(a), text(b))
}

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
		f, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
		return f, err == nil
	case fmt.Stringer: // json.Number
		f, err := strconv.ParseFloat(n.String(), 64)
		return f, err == nil
	}
	return 0, false
}

func text(v any) string {
	switch s := v.(type) {
	case string:
		return s
	case bool:
		return strconv.FormatBool(s)
	case float64:
		return strconv.FormatFloat(s, 'f', -1, 64)
	case time.Time:
		return s.UTC().Format(time.RFC3339)
	}
	return fmt.Sprint(v)
}
