package liquid

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error is a mistake in a template: where it is, what is wrong and how to mend it. It never holds the value of a
// variable, so it can be shown and logged.
type Error struct {
	Line   int    // from 1
	Column int    // from 1, in characters
	What   string // what is wrong
	Remedy string // what to write instead
}

func (e *Error) Error() string {
	text := fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.What)
	if e.Remedy != "" {
		text += "; " + e.Remedy
	}
	return text
}

// place turns a byte offset into a line and a column.
func place(source string, offset int) (line, column int) {
	offset = min(offset, len(source))
	before := source[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]) + 1
}

// fault is an error at a byte offset, before the source is at hand to count lines.
type fault struct {
	at     int
	what   string
	remedy string
}

func (f *fault) Error() string { return f.what }

func faultf(at int, remedy, format string, args ...any) error {
	return &fault{at: at, what: fmt.Sprintf(format, args...), remedy: remedy}
}
