package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// column is one thing that is shown of a T: under its name in CSV, under the same in capitals in a table.
type column[T any] struct {
	name string
	of   func(T) any // string, number, bool, []string, a moment; nil and nil pointers are empty
}

// due is a deadline: a table shows what is left of it.
type due struct{ at *time.Time }

// at is a moment whose exact time matters: a table shows the clock.
type at time.Time

// excerpt is a long text of which a place matters: a table shows what stands around it.
type excerpt struct {
	text  string
	place int // in bytes
}

// around is how much of an excerpt is shown before its place, and how much after.
const (
	aroundBefore = 20
	aroundAfter  = 40
)

func (e excerpt) short() string {
	from, to := max(0, e.place-aroundBefore), min(len(e.text), e.place+aroundAfter)
	out := strings.ToValidUTF8(e.text[from:to], "")
	if from > 0 {
		out = "…" + out
	}
	if to < len(e.text) {
		out += "…"
	}
	return out
}

// cells are the row of one value; for people when now is not zero, else for machines.
func cells[T any](columns []column[T], v T, now time.Time) []string {
	row := make([]string, len(columns))
	for i, c := range columns {
		if now.IsZero() {
			row[i] = exact(c.of(v))
		} else {
			row[i] = plain(human(c.of(v), now))
		}
	}
	return row
}

func names[T any](columns []column[T]) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.name
	}
	return out
}

// exact is a value for machines: moments are RFC 3339, in UTC.
func exact(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case excerpt:
		return v.text
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case *time.Time:
		if v == nil {
			return ""
		}
		return exact(*v)
	case due:
		return exact(v.at)
	case at:
		return exact(time.Time(v))
	case *string:
		if v == nil {
			return ""
		}
		return *v
	case *int:
		if v == nil {
			return ""
		}
		return strconv.Itoa(*v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []string:
		return strings.Join(v, " ")
	}
	return fmt.Sprint(v)
}

// human is a value for people.
func human(v any, now time.Time) string {
	switch v := v.(type) {
	case time.Time:
		return ago(v, now)
	case *time.Time:
		if v == nil {
			return ""
		}
		return ago(*v, now)
	case due:
		if v.at == nil {
			return ""
		}
		return left(*v.at, now)
	case at:
		return clock(time.Time(v), now)
	case excerpt:
		return v.short()
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []string:
		return strings.Join(v, ", ")
	}
	return exact(v)
}
