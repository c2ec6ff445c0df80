package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// The formats of -o.
const (
	formatTable = "table"
	formatJSON  = "json"
	formatCSV   = "csv"
)

// show writes one thing the API answered: in a table its columns stand below each other.
func show[T any](t *tool, raw []byte, columns []column[T]) error {
	if t.format == formatJSON {
		return t.writeJSON(raw)
	}
	v, err := decode[T](raw)
	if err != nil {
		return err
	}
	if t.format == formatCSV {
		return t.writeCSV([][]string{names(columns), cells(columns, v, time.Time{})})
	}
	w := t.table()
	for i, cell := range cells(columns, v, t.now()) {
		if cell != "" {
			w.AppendRow(table.Row{spaced(columns[i].name), cell})
		}
	}
	w.Render()
	return nil
}

// showAll writes several things that belong to one answer; body is that answer.
func showAll[T any](t *tool, body []byte, items []T, columns []column[T]) error {
	switch t.format {
	case formatJSON:
		return t.writeJSON(body)
	case formatCSV:
		rows := [][]string{names(columns)}
		for _, v := range items {
			rows = append(rows, cells(columns, v, time.Time{}))
		}
		return t.writeCSV(rows)
	}
	t.render(names(columns), len(items), func(i int) []string { return cells(columns, items[i], t.now()) })
	return nil
}

// render draws a table with a header.
func (t *tool) render(header []string, n int, row func(int) []string) {
	if n == 0 {
		t.tell("Nothing there.")
		return
	}
	w := t.table()
	titles := make(table.Row, len(header))
	for i, name := range header {
		titles[i] = spaced(name)
	}
	w.AppendHeader(titles)
	for i := range n {
		w.AppendRow(rowOf(row(i)))
	}
	w.SuppressEmptyColumns()
	w.Render()
}

// spaced is a name as people read it.
func spaced(name string) string { return strings.ReplaceAll(name, "_", " ") }

func rowOf(cells []string) table.Row {
	row := make(table.Row, len(cells))
	for i, c := range cells {
		row[i] = c
	}
	return row
}

// table has no lines: columns stand apart by two spaces, and no row is wider than the terminal.
func (t *tool) table() table.Writer {
	w := table.NewWriter()
	w.SetOutputMirror(t.Out)
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatUpper
	style.Size.WidthMax = width(t.Out)
	w.SetStyle(style)
	w.SuppressTrailingSpaces()
	return w
}

func (t *tool) writeJSON(raw []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return unreadable(err)
	}
	b.WriteByte('\n')
	return t.write(b.Bytes())
}

func (t *tool) writeCSV(rows [][]string) error {
	if err := csv.NewWriter(t.Out).WriteAll(rows); err != nil {
		return unwritable(err)
	}
	return nil
}

func (t *tool) write(b []byte) error {
	if _, err := t.Out.Write(b); err != nil {
		return unwritable(err)
	}
	return nil
}

func unwritable(err error) error {
	return failed("the answer cannot be written", err, "check where standard output goes")
}

func unreadable(err error) error {
	return failed("the answer of the API cannot be read", err, "check that LEADFLOW_URL is Leadflow's API, and that it has this version: leadflow version")
}

func decode[T any](raw []byte) (v T, err error) {
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, unreadable(err)
	}
	return v, nil
}

// jsonList writes the items of several pages as one list, page by page.
type jsonList struct {
	w io.Writer
	n int
}

func (l *jsonList) page(items []json.RawMessage) error {
	if l.n == 0 {
		if _, err := fmt.Fprint(l.w, `{"items": [`); err != nil {
			return unwritable(err)
		}
	}
	for _, item := range items {
		var b bytes.Buffer
		if l.n > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n  ")
		if err := json.Indent(&b, item, "  ", "  "); err != nil {
			return unreadable(err)
		}
		if _, err := l.w.Write(b.Bytes()); err != nil {
			return unwritable(err)
		}
		l.n++
	}
	return nil
}

func (l *jsonList) end() error {
	if _, err := fmt.Fprint(l.w, "\n]}\n"); err != nil {
		return unwritable(err)
	}
	return nil
}
