package liquid

import (
	"fmt"
	"strings"
	"time"
)

var zeroTime time.Time

// layouts are the strftime conversions people use in mails; - after % drops the leading zero.
var layouts = map[string]string{
	"Y": "2006", "y": "06", "m": "01", "-m": "1", "B": "January", "b": "Jan", "h": "Jan",
	"d": "02", "-d": "2", "e": "_2", "A": "Monday", "a": "Mon", "H": "15", "I": "03", "-I": "3", "l": "3",
	"M": "04", "-M": "4", "S": "05", "-S": "5", "p": "PM", "P": "pm", "Z": "MST", "z": "-0700",
	"F": "2006-01-02", "T": "15:04:05", "R": "15:04", "D": "01/02/06",
}

// strftime writes t by a C pattern; the names are English.
func strftime(t time.Time, pattern string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' {
			b.WriteByte(pattern[i])
			continue
		}
		i++
		end := min(i+1, len(pattern))
		if i < len(pattern) && pattern[i] == '-' {
			end = min(i+2, len(pattern))
		}
		conversion := pattern[min(i, len(pattern)):end]
		switch layout, ok := layouts[conversion]; {
		case ok:
			b.WriteString(t.Format(layout))
		case conversion == "%":
			b.WriteByte('%')
		case conversion == "j":
			fmt.Fprintf(&b, "%03d", t.YearDay())
		case conversion == "-H":
			fmt.Fprintf(&b, "%d", t.Hour())
		case conversion == "k":
			fmt.Fprintf(&b, "%2d", t.Hour())
		case conversion == "u":
			fmt.Fprintf(&b, "%d", (t.Weekday()+6)%7+1)
		case conversion == "w":
			fmt.Fprintf(&b, "%d", t.Weekday())
		default:
			return "", fmt.Errorf("the date pattern has no meaning for %q", "%"+conversion)
		}
		i = end - 1
	}
	return b.String(), nil
}

// date writes a time by a strftime pattern, "%-d %B %Y" by default. What is no time stays as it is, as in Liquid.
func date(v any, args []any) (any, error) {
	t, ok := moment(v)
	if !ok {
		return v, nil
	}
	pattern := "%-d %B %Y"
	if len(args) > 0 && !blank(args[0]) {
		pattern = text(args[0])
	}
	return strftime(t, pattern)
}
