package document

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Problem is one mistake in a document. Line and Column count from 1, columns in characters; both are 0 where the
// mistake has no place. Path is the place in the document's own terms: steps[2].mail.subject.
type Problem struct {
	Line    int
	Column  int
	Path    string
	Message string
}

// Error lists all mistakes of a document, in the order of their places.
type Error struct {
	Kind     Kind
	Problems []Problem
	lines    []string
}

// shownProblems and shownWidth keep an error readable, whatever was sent.
const (
	shownProblems = 20
	shownWidth    = 100
)

// Error names each mistake with its place, the line it is in, and a caret under it.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s document: ", e.Kind)
	if n := len(e.Problems); n != 1 {
		fmt.Fprintf(&b, "%d problems", n)
		if n > shownProblems {
			fmt.Fprintf(&b, ", the first %d", shownProblems)
		}
		b.WriteString("\n")
	}
	for i, p := range e.Problems[:min(len(e.Problems), shownProblems)] {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(p.String())
		b.WriteString(e.excerpt(p))
	}
	return b.String()
}

// String is the problem on one line.
func (p Problem) String() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d: ", p.Line, p.Column)
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// excerpt is the line of a problem with a caret under its column; a long line is cut around it.
func (e *Error) excerpt(p Problem) string {
	if p.Line < 1 || p.Line > len(e.lines) {
		return ""
	}
	line, at := []rune(strings.TrimRight(e.lines[p.Line-1], "\r")), max(0, p.Column-1)
	at = min(at, len(line))
	if from := at - shownWidth/2; from > 0 && len(line) > shownWidth {
		line, at = line[from:], at-from
	}
	line = slices.Clone(line[:min(len(line), shownWidth)])
	for i, r := range line {
		if r < ' ' || r == utf8.RuneError || r == 0x7f {
			line[i] = ' ' // tabs would move the caret, and a terminal must not obey a document
		}
	}
	margin := fmt.Sprintf("%5d | ", p.Line)
	return "\n" + margin + string(line) + "\n" + strings.Repeat(" ", len(margin)-2) + "| " + strings.Repeat(" ", at) + "^"
}

// sorted puts problems in the order of their places.
func sorted(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return problems
}
