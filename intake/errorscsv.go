package intake

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
)

const errorsPage = 1000

// ErrorsCSV writes the rows of an import that failed as CSV: the original columns, then row, column and error. Cells a
// spreadsheet would take for a formula begin with an apostrophe. record.ErrNotFound before anything is written when
// there is no such import.
func (s *Service) ErrorsCSV(ctx context.Context, importID string, w io.Writer) error {
	out := csv.NewWriter(w)
	for after, first := 0, true; ; first = false {
		columns, rows, err := s.deps.Imports.FailedImportRows(ctx, importID, after, errorsPage)
		if err != nil {
			return err
		}
		if first {
			_ = out.Write(guarded(append(slices.Clone(columns), "row", "column", "error"))) // its error stays with the writer
		}
		for _, row := range rows {
			cells := make([]string, len(columns), len(columns)+3)
			copy(cells, row.Cells)
			_ = out.Write(append(guarded(cells), strconv.Itoa(row.Row), guard(row.Column), guard(row.Error)))
			after = row.Row
		}
		out.Flush()
		if err := out.Error(); err != nil || len(rows) < errorsPage {
			return err
		}
	}
}

func guarded(cells []string) []string {
	for i, c := range cells {
		cells[i] = guard(c)
	}
	return cells
}

// guard keeps a cell from being carried out by whoever opens the file in a spreadsheet. Numbers may keep their sign.
func guard(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) || plainNumber.MatchString(cell) {
		return cell
	}
	return "'" + cell
}
