package intake

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	uploadBatch = 1000     // rows stored at once
	maxRowBytes = 64 << 10 // of one row's cells
	maxColumns  = 500
)

// plan is what an import keeps of how it was asked for.
type plan struct {
	Mapping Mapping         `json:"mapping"`
	Actor   lifecycle.Actor `json:"actor"`
}

// StartImport stores every row of a CSV file in UTF-8 (a byte order mark is tolerated) and hands the import to a Runner.
// It answers Problems when the mapping or the file cannot be used as a whole, naming the row; nothing is imported then.
// Rows that are bad by themselves are no problem here: they fail on their own.
func (s *Service) StartImport(ctx context.Context, file io.Reader, mapping []byte, opts ImportOptions, by By) (record.Import, error) {
	m, err := ParseMapping(mapping)
	if err != nil {
		return record.Import{}, err
	}
	rows := newRowReader(file, m.delimiter())
	header, err := rows.header()
	if err != nil {
		return record.Import{}, err
	}
	var ps Problems
	if m.fit(&ps, header); ps != nil {
		return record.Import{}, ps
	}
	kept, err := json.Marshal(plan{Mapping: m, Actor: by.Actor})
	if err != nil {
		return record.Import{}, fmt.Errorf("keep the mapping: %w", err)
	}
	id, err := s.deps.Imports.CreateImport(ctx, record.Import{
		Mapping: kept, Columns: header, Alert: opts.Alert, Nurture: opts.Nurture, DryRun: opts.DryRun,
	})
	if err != nil {
		return record.Import{}, err
	}
	n, err := s.upload(ctx, id, rows, newReader(m, header))
	if err != nil {
		why := "the upload was interrupted"
		if errors.As(err, &ps) {
			why = ps.Error()
		}
		// The request may be over: what it left behind is closed all the same.
		return record.Import{}, errors.Join(err, s.deps.Imports.FinishImport(context.WithoutCancel(ctx), id, why))
	}
	if err := s.deps.Imports.StartImport(ctx, id, n); err != nil {
		return record.Import{}, err
	}
	return s.deps.Imports.Import(ctx, id)
}

// upload stores the rows as they are read.
func (s *Service) upload(ctx context.Context, id string, rows *rowReader, r reader) (n int, err error) {
	batch := make([]record.ImportRow, 0, uploadBatch)
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := s.deps.Imports.AddImportRows(ctx, id, batch)
		batch = batch[:0]
		return err
	}
	for {
		row, err := rows.next()
		if err == io.EOF {
			return n, flush()
		}
		if err != nil {
			return n, err
		}
		row.Keys = s.who(r, row.Cells)
		if n++; n > s.cfg.MaxImportRow {
			return n, Problems{{"file", CodeTooLarge, fmt.Sprintf("has more than %d rows; split it", s.cfg.MaxImportRow)}}
		}
		if batch = append(batch, row); len(batch) == uploadBatch {
			if err := flush(); err != nil {
				return n, err
			}
		}
	}
}

// who is everybody a row may be about: whoever has an address anywhere in it, and whom its external id means. What is
// not normalised here as a capture normalises it could not be found again.
func (s *Service) who(r reader, cells []string) []string {
	out := []string{}
	for _, cell := range cells {
		if !strings.ContainsRune(cell, '@') {
			continue
		}
		if address, ok := s.address.normalize(cell); ok {
			out = append(out, record.Keys(address, "")...)
		}
	}
	if len(cells) == len(r.at) {
		if id := r.externalID(Input{}, cells); id != nil {
			out = append(out, record.Keys("", normalizeExternalID(&Problems{}, *id))...)
		}
	}
	return out
}

// rowReader reads a CSV file and counts rows as a spreadsheet does: the header is row 1, a line without anything in it
// counts, a cell of several lines does not make several rows.
type rowReader struct {
	csv *csv.Reader
	row int // of the last record
	end int // line the last record ended on
}

func newRowReader(file io.Reader, delimiter rune) *rowReader {
	buffered := bufio.NewReader(file)
	if bom, err := buffered.Peek(3); err == nil && string(bom) == "\xef\xbb\xbf" {
		_, _ = buffered.Discard(3)
	}
	r := csv.NewReader(buffered)
	r.Comma, r.FieldsPerRecord = delimiter, -1
	return &rowReader{csv: r}
}

// header reads the first row; names are trimmed.
func (r *rowReader) header() ([]string, error) {
	row, err := r.next()
	if err == io.EOF {
		return nil, Problems{{"file", CodeInvalid, "is empty: the first row must name the columns"}}
	}
	if err == nil && len(row.Cells) > maxColumns {
		return nil, Problems{{"file", CodeTooLarge, fmt.Sprintf("has more than %d columns", maxColumns)}}
	}
	for i, name := range row.Cells {
		row.Cells[i] = strings.TrimSpace(name)
	}
	return row.Cells, err
}

// next reads a row; io.EOF after the last, Problems for what is no CSV in UTF-8.
func (r *rowReader) next() (record.ImportRow, error) {
	cells, err := r.csv.Read()
	if err == io.EOF {
		return record.ImportRow{}, err
	}
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		return record.ImportRow{}, Problems{{"file", CodeInvalid, fmt.Sprintf(
			"line %d, column %d is no CSV: %v; quote cells that hold quotes, line breaks or the delimiter", syntax.Line, syntax.Column, syntax.Err)}}
	}
	if err != nil {
		return record.ImportRow{}, fmt.Errorf("read the file: %w", err)
	}
	r.count(cells)
	size := 0
	for _, c := range cells {
		size += len(c)
		if !utf8.ValidString(c) || strings.ContainsRune(c, 0) {
			return record.ImportRow{}, Problems{{"file", CodeInvalid, fmt.Sprintf("row %d is not in UTF-8; save the file as CSV in UTF-8", r.row)}}
		}
	}
	if size > maxRowBytes {
		return record.ImportRow{}, Problems{{"file", CodeTooLarge, fmt.Sprintf("row %d has more than 64 kB", r.row)}}
	}
	return record.ImportRow{Row: r.row, Cells: cells}, nil
}

// count moves the row number on, over the empty lines that the CSV reader skipped.
func (r *rowReader) count(cells []string) {
	first, _ := r.csv.FieldPos(0)
	last, _ := r.csv.FieldPos(len(cells) - 1)
	r.row += first - r.end
	r.end = last + strings.Count(cells[len(cells)-1], "\n")
}
