package liquid

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Template is a parsed source. It is immutable and safe for concurrent use.
type Template struct {
	source string
	nodes  []node
	names  []string
}

// Parse reads a template. Every error is an *Error with line, column and remedy.
func Parse(source string) (*Template, error) {
	if len(source) > maxSource {
		return nil, &Error{Line: 1, Column: 1, What: "the template is longer than 64 kB", Remedy: "shorten it"}
	}
	if !utf8.ValidString(source) {
		return nil, &Error{Line: 1, Column: 1, What: "the template is not UTF-8", Remedy: "save it as UTF-8"}
	}
	p := &parser{names: map[string]bool{}}
	var err error
	var nodes []node
	if p.pieces, err = split(source); err == nil {
		nodes, _, _, err = p.block(0)
	}
	if err != nil {
		return nil, located(source, err)
	}
	return &Template{source, nodes, slices.Sorted(maps.Keys(p.names))}, nil
}

// located turns a fault into an Error.
func located(source string, err error) error {
	var f *fault
	if !errors.As(err, &f) {
		return err
	}
	line, column := place(source, f.at)
	return &Error{Line: line, Column: column, What: f.what, Remedy: f.remedy}
}

// Variables are the names the template reads, sorted, such as "company" and "links.product".
func (t *Template) Variables() []string { return slices.Clone(t.names) }

// Encoder says how a value enters the output. It gets the text after all filters, and whether it is a Link.
type Encoder func(text string, link bool) string

// Literal is the Encoder for one line of plain text, such as a subject: see Line.
func Literal(text string, _ bool) string { return Line(text) }

// Line makes a value one line of visible text: line breaks, tabs and runs of white space become one space; control
// characters, characters that turn the direction of writing and invalid bytes are dropped.
func Line(text string) string {
	if lineAlready(text) {
		return text
	}
	var b strings.Builder
	space := false
	for _, r := range text {
		switch {
		case r == ' ' || r >= '\t' && r <= '\r' || r == 0x85 || r == 0xA0 || r == 0x2028 || r == 0x2029:
			space = true
			continue
		case hidden(r):
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	if space {
		b.WriteByte(' ')
	}
	return b.String()
}

// lineAlready reports that a text is one line already, and ASCII, as nearly all are.
func lineAlready(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == ' ' && i > 0 && text[i-1] == ' ' {
			return false
		}
	}
	return true
}

func hidden(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7F && r < 0xA0, r == utf8.RuneError, r == 0xFEFF:
		return true
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0x200E, r == 0x200F, r == 0x061C:
		return true
	}
	return false
}

// Render renders with the Encoder Literal. Absent variables are empty. Errors are *Error.
func (t *Template) Render(vars Vars) (string, error) { return t.RenderWith(vars, Literal) }

// RenderWith renders with an Encoder of the caller's. Errors are *Error.
func (t *Template) RenderWith(vars Vars, encode Encoder) (string, error) {
	r := &run{vars: vars, encode: encode}
	r.out.Grow(len(t.source))
	if err := r.all(t.nodes); err != nil {
		return "", located(t.source, err)
	}
	return r.out.String(), nil
}
