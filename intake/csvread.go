package intake

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	maxRowBytes = 64 << 10 // of one row, delimiters and all
	maxColumns  = 500
)

// rowReader reads CSV as RFC 4180 has it, with any delimiter and any ends of lines, in memory for one row. Where
// encoding/csv gives up on the file, it says what is wrong with one row and goes on with the next. Rows are counted as a
// spreadsheet does: the header is row 1, a line without anything in it counts, a cell of several lines does not make
// several rows.
type rowReader struct {
	in        *bufio.Reader
	delimiter []byte
	encoding  string
	row       int // of the last record

	// of the row that is being read
	text  []byte
	ends  []int // of its cells in text
	size  int
	lines int
	fault string
	at    int // cell of the fault
}

func newRowReader(in *bufio.Reader, delimiter rune, encoding string) *rowReader {
	return &rowReader{in: in, delimiter: utf8.AppendRune(nil, delimiter), encoding: encoding}
}

// rowFault is a row that cannot be read; its cells are what was understood of it.
type rowFault struct {
	cell int // index; -1: the row as a whole
	told string
}

// next reads a row. io.EOF comes after the last; Problems where everything after it would be in doubt.
func (r *rowReader) next() (record.ImportRow, *rowFault, error) {
	for {
		r.row++
		r.text, r.ends, r.size, r.lines, r.fault, r.at = r.text[:0], r.ends[:0], 0, 1, "", -1
		err := r.read()
		if err != nil {
			return record.ImportRow{}, nil, err
		}
		if len(r.ends) > 0 {
			cells, fault := r.cells()
			return record.ImportRow{Row: r.row, Cells: cells}, fault, nil
		}
	}
}

// where a byte stands in a row.
type place int

const (
	atStart place = iota // of a cell
	inPlain
	inQuotes
	afterQuote // which ends the cell, or is the first of two
)

// read reads one line into text and ends; none: the line was empty.
func (r *rowReader) read() error {
	for p := atStart; ; {
		c, err := r.in.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return r.last(p)
		case err != nil:
			return fmt.Errorf("read the file: %w", err)
		case p == inQuotes:
			p = r.quoted(c)
		case c == '"' && p == atStart:
			p = inQuotes
		case c == '"' && p == afterQuote:
			r.add(c)
			p = inQuotes
		case c == '\n' || c == '\r':
			if c == '\r' {
				r.skip('\n')
			}
			if p != atStart || len(r.ends) > 0 {
				r.end()
			}
			return nil
		case r.delimits(c):
			r.end()
			p = atStart
		default:
			if c == '"' || p == afterQuote {
				r.blame("has a quote in the middle of a cell; put the whole cell in quotes and double those within")
			}
			r.add(c)
			p = inPlain
		}
	}
}

// quoted takes a byte within quotes. The end of a line is one character there, however the file writes it.
func (r *rowReader) quoted(c byte) place {
	switch {
	case c == '"':
		return afterQuote
	case c == '\r' && r.peek() == '\n':
		return inQuotes
	case c == '\n':
		r.lines++
	}
	r.add(c)
	return inQuotes
}

// last ends the last row, which need not end its line.
func (r *rowReader) last(p place) error {
	switch {
	case p == inQuotes:
		return Problems{{"file", CodeInvalid, fmt.Sprintf("row %d opens a quote that is never closed: everything after it would be one cell; close it or take it away", r.row)}}
	case p == atStart && len(r.ends) == 0:
		return io.EOF
	}
	r.end()
	return nil
}

func (r *rowReader) add(c byte) {
	if r.size++; r.size <= maxRowBytes {
		r.text = append(r.text, c)
	}
}

func (r *rowReader) end() {
	if r.size++; r.size <= maxRowBytes {
		r.ends = append(r.ends, len(r.text))
	} else if len(r.ends) == 0 {
		r.ends = append(r.ends, len(r.text)) // a row, not an empty line
	}
}

func (r *rowReader) blame(told string) {
	if r.fault == "" {
		r.fault, r.at = told, len(r.ends)
	}
}

func (r *rowReader) delimits(c byte) bool {
	if c != r.delimiter[0] {
		return false
	}
	rest := r.delimiter[1:]
	if len(rest) == 0 {
		return true
	}
	if next, err := r.in.Peek(len(rest)); err != nil || !bytes.Equal(next, rest) {
		return false
	}
	_, _ = r.in.Discard(len(rest))
	return true
}

func (r *rowReader) peek() byte {
	next, err := r.in.Peek(1)
	if err != nil {
		return 0
	}
	return next[0]
}

func (r *rowReader) skip(c byte) {
	if r.peek() == c {
		_, _ = r.in.ReadByte()
	}
}

// cells are the row as text that Postgres can hold, and what is wrong with it.
func (r *rowReader) cells() ([]string, *rowFault) {
	all, from := string(r.text), 0
	cells := make([]string, len(r.ends))
	for i, end := range r.ends {
		cells[i], from = all[from:end], end
	}
	switch {
	case r.size > maxRowBytes:
		r.fault, r.at = "has more than 64 kB", -1
	case r.fault == "" && r.unclean(all):
		r.illegible(cells)
	}
	if r.fault == "" {
		return cells, nil
	}
	if r.lines > 1 {
		r.fault += fmt.Sprintf(" (it goes over %d lines of the file)", r.lines)
	}
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(strings.ToValidUTF8(c, "\uFFFD"), "\x00", "\uFFFD")
	}
	return cells, &rowFault{r.at, r.fault}
}

// unclean reports whether anything of a text is no text. U+FFFD is what decoding leaves of bytes it does not know; in a
// file of UTF-8 it is a character like others.
func (r *rowReader) unclean(text string) bool {
	return strings.ContainsRune(text, 0) || !utf8.ValidString(text) ||
		r.encoding != utf8Name && strings.ContainsRune(text, utf8.RuneError)
}

// illegible says which cell is no text, and why.
func (r *rowReader) illegible(cells []string) {
	for i, c := range cells {
		if !r.unclean(c) {
			continue
		}
		r.at, r.fault = i, "holds bytes that are no text in "+r.encoding
		if strings.ContainsRune(c, 0) {
			r.fault = "holds a NUL character"
		}
		return
	}
}
