// Package span is a length of time as people write it in a policy: 90s, 4h, 30d, 2w.
package span

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Span is a length of time. A day is 24 hours and a week 7 days: where a working day or a local day is meant, a
// calendar says so. Its text form is a sequence of number and unit (w d h m s ms), largest first.
type Span time.Duration

// Day is 24 hours.
const Day = 24 * time.Hour

// Error says what was wrong with a text that should have been a span.
type Error struct{ Text string }

func (e *Error) Error() string {
	return fmt.Sprintf("%q is not a duration: write a number and a unit, such as 90s, 30m, 4h, 30d or 2w", e.Text)
}

var (
	whole = regexp.MustCompile(`^(\d{1,9}(\.\d{1,6})?(ms|w|d|h|m|s))+$`)
	part  = regexp.MustCompile(`(\d+(?:\.\d+)?)(ms|w|d|h|m|s)`)
	units = map[string]time.Duration{
		"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": Day, "w": 7 * Day,
	}
)

// longest keeps sums of deadlines far inside what time.Time and Postgres can hold.
const longest = 100 * 366 * Day

// Parse reads 90s, 4h, 1h30m, 30d, 2w or 0. It returns an *Error for anything else, for negatives and for more than a century.
func Parse(text string) (Span, error) {
	if text == "0" {
		return 0, nil
	}
	if !whole.MatchString(text) {
		return 0, &Error{text}
	}
	var sum float64
	for _, m := range part.FindAllStringSubmatch(text, -1) {
		n, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return 0, &Error{text}
		}
		sum += n * float64(units[m[2]])
	}
	if sum > float64(longest) {
		return 0, &Error{text}
	}
	return Span(sum), nil
}

// Duration is the span in nanoseconds.
func (s Span) Duration() time.Duration { return time.Duration(s) }

// String writes the span in whole days where it has any, then in Go's own way: 30d, 1d12h, 1m30s.
func (s Span) String() string {
	d := time.Duration(s)
	days, rest := d/Day, d%Day
	text := ""
	if days > 0 {
		text = fmt.Sprintf("%dd", days)
	}
	for _, u := range []struct {
		name string
		size time.Duration
	}{{"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}} {
		if n := rest / u.size; n > 0 {
			text, rest = text+fmt.Sprintf("%d%s", n, u.name), rest%u.size
		}
	}
	if text == "" {
		return "0"
	}
	return text
}

// MarshalText writes the text form.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the text form.
func (s *Span) UnmarshalText(text []byte) error {
	got, err := Parse(string(text))
	if err != nil {
		return err
	}
	*s = got
	return nil
}
