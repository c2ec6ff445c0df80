package intake

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const errorsPage = 1000

// errorColumns follow the columns of the file in its file of errors.
var errorColumns = []string{"row", "column", "error"}

// ErrorsCSV writes the rows of an import that failed as CSV: the original columns, then row, column and error, encoded
// and delimited as the file was, so that it can be corrected and imported under the same mapping. Cells a spreadsheet
// would take for a formula begin with an apostrophe. record.ErrNotFound before anything is written when there is no
// such import.
func (s *Service) ErrorsCSV(ctx context.Context, importID string, w io.Writer) error {
	imp, err := s.deps.Imports.Import(ctx, importID)
	if err != nil {
		return err
	}
	text, err := encodedAs(imp.Encoding, w)
	if err != nil {
		return err
	}
	out := csv.NewWriter(text)
	out.Comma, _ = utf8.DecodeRuneInString(imp.Delimiter)
	_ = out.Write(guarded(slices.Concat(imp.Columns, errorColumns))) // its error stays with the writer
	for after := 0; ; {
		_, rows, err := s.deps.Imports.FailedImportRows(ctx, importID, after, errorsPage)
		if err != nil {
			return err
		}
		for _, row := range rows {
			_ = out.Write(errorRow(imp.Columns, row))
			after = row.Row
		}
		out.Flush()
		if err := out.Error(); err != nil {
			return err
		}
		if len(rows) < errorsPage {
			return text.Close()
		}
	}
}

func errorRow(columns []string, row record.ImportRow) []string {
	cells := make([]string, len(columns), len(columns)+len(errorColumns))
	copy(cells, row.Cells)
	return append(guarded(cells), strconv.Itoa(row.Row), guard(row.Column), guard(row.Error))
}

// encodedAs writes text in an encoding; what it has no letter for becomes what it puts in place of such. Close writes
// what is left, and leaves w open.
func encodedAs(name string, w io.Writer) (io.WriteCloser, error) {
	e, name, err := charset(name)
	if err != nil {
		return nil, fmt.Errorf("write in the encoding of the file: %w", err)
	}
	switch name {
	case utf8Name:
		return unclosed{w}, nil
	case utf16LE:
		e = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case utf16BE:
		e = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	}
	return transform.NewWriter(w, encoding.ReplaceUnsupported(e.NewEncoder())), nil
}

type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }

// again recognises a file of errors that was corrected: what it says beside the columns of the file is not data.
func again(m Mapping, header []string) bool {
	n := len(header) - len(errorColumns)
	if n < 1 || !slices.Equal(header[n:], errorColumns) {
		return false
	}
	for _, column := range m.columns() {
		if slices.Contains(errorColumns, column) && !slices.Contains(header[:n], column) {
			return false
		}
	}
	return true
}

func guarded(cells []string) []string {
	for i, c := range cells {
		cells[i] = guard(c)
	}
	return cells
}

// risky are the characters with which a spreadsheet begins a formula.
const risky = "=+-@\t\r\n"

// guard keeps a cell from being carried out by whoever opens the file in a spreadsheet. Numbers may keep their sign.
func guard(cell string) string {
	if cell == "" || !strings.ContainsRune(risky, rune(cell[0])) || plainNumber.MatchString(cell) {
		return cell
	}
	return "'" + cell
}

// unguard is guard undone.
func unguard(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune(risky, rune(cell[1])) {
		return cell[1:]
	}
	return cell
}
