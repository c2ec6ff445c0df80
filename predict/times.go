package predict

import (
	"math"
	"time"
)

// layouts are those that are found out. Days before months and months before days cannot be told apart: whoever has
// such dates says so.
var layouts = []string{
	time.RFC3339, "2006-01-02", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006/01/02", "02.01.2006", "02.01.2006 15:04", "02.01.2006 15:04:05",
	"2 January 2006", "Jan 2, 2006",
}

// moments reads a column of moments as numbers that rise; NaN where a cell is empty.
func moments(t Table, w When) ([]float64, error) {
	column, err := t.index(w.Column)
	if err != nil {
		return nil, err
	}
	if len(t.Rows) == 0 {
		return nil, nil
	}
	cells := make([]string, len(t.Rows))
	for i, row := range t.Rows {
		cells[i] = row[column]
	}
	tried := layouts
	if w.Layout != "" {
		tried = []string{w.Layout}
	} else if numbers, ok := numbersOf(cells); ok {
		return numbers, nil
	}
	for _, layout := range tried {
		if out, ok := byLayout(cells, layout); ok {
			return out, nil
		}
	}
	return nil, unusable(`say how it is written: {column: NAME, layout: "01/02/2006"}, as Go writes layouts`, "the column %q holds no numbers and no dates in one form", w.Column)
}

func byLayout(cells []string, layout string) ([]float64, bool) {
	out := make([]float64, len(cells))
	any := false
	for i, cell := range cells {
		if cell == "" {
			out[i] = math.NaN()
			continue
		}
		at, err := time.Parse(layout, cell)
		if err != nil {
			return nil, false
		}
		out[i], any = float64(at.UnixMicro())/1e6, true
	}
	return out, any
}

// dates reports whether a column is one of dates.
func dates(cells []string) bool {
	for _, layout := range layouts {
		if _, ok := byLayout(cells, layout); ok {
			return true
		}
	}
	return false
}

// times reads the order of rows.
func (f *frame) times(t Table, w When) error {
	order, err := moments(t, w)
	if err != nil {
		return err
	}
	column, _ := t.index(w.Column)
	first, last := 0, 0
	for i, x := range order {
		if math.IsNaN(x) {
			return unusable("give every row a time, or leave time out of the mapping", "the column %q is empty in row %d", w.Column, i+1)
		}
		if x < order[first] {
			first = i
		}
		if x > order[last] {
			last = i
		}
	}
	if len(order) > 0 {
		f.period = [2]string{t.Rows[first][column], t.Rows[last][column]}
	}
	f.order = order
	for _, row := range t.Rows {
		f.when = append(f.when, row[column])
	}
	return nil
}
