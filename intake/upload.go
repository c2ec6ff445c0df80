package intake

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	uploadBatch = 1000 // rows stored at once
	sampleRows  = 5    // shown as they were read
	sampleCell  = 80   // characters of a cell that are shown
)

// plan is what an import keeps of how it was asked for.
type plan struct {
	Mapping Mapping         `json:"mapping"`
	Actor   lifecycle.Actor `json:"actor"`
}

// upload is a file on its way into the store.
type upload struct {
	s      *Service
	imp    record.Import
	reader reader
	rows   *rowReader
	again  bool // it is a file of errors, corrected
	batch  []record.ImportRow

	stored, failed int
}

// StartImport stores every row of a CSV file and hands the import to a Runner. How the file is encoded and delimited is
// found out where the mapping does not say; the answer tells it, and shows the first rows as they were read. It answers
// Problems when the mapping or the file cannot be used as a whole; nothing is imported then. Rows that are bad by
// themselves are no problem here: they fail on their own.
//
// The same file that is asked for in the same way while the first import of it is not over is that import. An upload
// that broke off imports nothing and is swept.
func (s *Service) StartImport(ctx context.Context, file io.ReadSeeker, mapping []byte, opts ImportOptions, by By) (record.Import, error) {
	m, err := ParseMapping(mapping)
	if err != nil {
		return record.Import{}, err
	}
	hash, err := hashOf(file, mapping, opts)
	if err != nil {
		return record.Import{}, err
	}
	d, err := sniff(file, m)
	if err != nil {
		return record.Import{}, err
	}
	u := &upload{s: s}
	if u.rows, err = d.rows(file); err != nil {
		return record.Import{}, err
	}
	header, err := u.header(m, d)
	if err != nil {
		return record.Import{}, err
	}
	kept, err := json.Marshal(plan{Mapping: m, Actor: by.Actor})
	if err != nil {
		return record.Import{}, fmt.Errorf("keep the mapping: %w", err)
	}
	u.reader = newReader(m, header)
	u.imp = record.Import{
		Mapping: kept, Columns: header, Alert: opts.Alert, Nurture: opts.Nurture, DryRun: opts.DryRun, StartRate: opts.StartRate,
		Encoding: d.encoding, Delimiter: string(d.delimiter), Hash: hash, Sample: [][]string{shown(header)},
	}
	return u.store(ctx)
}

// hashOf is the same for the same file asked for in the same way. The file is rewound.
func hashOf(file io.ReadSeeker, mapping []byte, opts ImportOptions) ([]byte, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%+v %d %s", opts, len(mapping), mapping)
	if _, err := io.Copy(h, file); err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return h.Sum(nil), rewind(file)
}

// header reads the first row; names are trimmed.
func (u *upload) header(m Mapping, d dialect) ([]string, error) {
	row, fault, err := u.rows.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, Problems{{"file", CodeInvalid, "is empty: the first row must name the columns"}}
	case err != nil:
		return nil, err
	case len(row.Cells) > maxColumns:
		return nil, Problems{{"file", CodeTooLarge, fmt.Sprintf("has more than %d columns", maxColumns)}}
	case fault != nil:
		return nil, Problems{{"file", CodeInvalid, "the header " + fault.told}, {"file", CodeInvalid, d.told()}}
	}
	for i, name := range row.Cells {
		row.Cells[i] = strings.TrimSpace(name)
	}
	if u.again = again(m, row.Cells); u.again {
		row.Cells = u.uncommented(row.Cells, len(row.Cells))
	}
	var ps Problems
	m.fit(&ps, row.Cells, d)
	return row.Cells, ps.err()
}

// uncommented is a row of a file of errors as it was in the file.
func (u *upload) uncommented(cells []string, wide int) []string {
	if len(cells) != wide {
		return cells
	}
	cells = cells[:wide-len(errorColumns)]
	for i, c := range cells {
		cells[i] = unguard(c)
	}
	return cells
}

// store keeps the rows as they are read, and starts the import.
func (u *upload) store(ctx context.Context) (record.Import, error) {
	imports := u.s.deps.Imports
	var err error
	u.imp.ID, err = imports.CreateImport(ctx, u.imp)
	if errors.Is(err, record.ErrConflict) {
		return imports.Import(ctx, u.imp.ID)
	}
	if err != nil {
		return record.Import{}, err
	}
	if err := u.all(ctx); err != nil {
		why := "the upload was interrupted; import the file again: nothing of it was taken"
		var ps Problems
		if errors.As(err, &ps) {
			why = ps.Error()
		}
		// The request may be over: what it left behind is closed all the same.
		return record.Import{}, errors.Join(err, imports.FinishImport(context.WithoutCancel(ctx), u.imp, why))
	}
	if err := imports.StartImport(ctx, u.imp.ID, u.stored, u.failed); err != nil {
		return record.Import{}, err
	}
	out, err := imports.Import(ctx, u.imp.ID)
	out.Sample = u.imp.Sample
	return out, err
}

func (u *upload) all(ctx context.Context) error {
	for {
		row, fault, err := u.rows.next()
		if errors.Is(err, io.EOF) {
			return u.flush(ctx)
		}
		if err != nil {
			return err
		}
		if u.stored++; u.stored > u.s.cfg.MaxImportRow {
			return Problems{{"file", CodeTooLarge, fmt.Sprintf("has more than %d rows; split it", u.s.cfg.MaxImportRow)}}
		}
		if u.again {
			row.Cells = u.uncommented(row.Cells, len(u.imp.Columns)+len(errorColumns))
		}
		if len(u.imp.Sample) <= sampleRows {
			u.imp.Sample = append(u.imp.Sample, shown(row.Cells))
		}
		row.Keys = u.s.who(u.reader, row.Cells)
		if fault != nil {
			u.failed++
			row.State, row.Error = "failed", "row: "+fault.told
			if fault.cell >= 0 && fault.cell < len(u.imp.Columns) {
				row.Column = u.imp.Columns[fault.cell]
			}
		}
		if u.batch = append(u.batch, row); len(u.batch) == uploadBatch {
			if err := u.flush(ctx); err != nil {
				return err
			}
		}
	}
}

func (u *upload) flush(ctx context.Context) error {
	if len(u.batch) == 0 {
		return nil
	}
	err := u.s.deps.Imports.AddImportRows(ctx, u.imp.ID, u.batch)
	u.batch = u.batch[:0]
	return err
}

// shown is a row as people look at it.
func shown(cells []string) []string {
	out := make([]string, min(len(cells), maxColumns))
	for i := range out {
		if out[i] = cells[i]; len(out[i]) > sampleCell {
			out[i] = strings.ToValidUTF8(out[i][:sampleCell], "") + "…"
		}
	}
	return out
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
	if len(cells) == r.wide {
		if address, ok := s.address.normalize(r.email(cells)); ok {
			out = append(out, record.Keys(address, "")...)
		}
		if id := r.externalID(Input{}, cells); id != nil {
			out = append(out, record.Keys("", normalizeExternalID(&Problems{}, *id))...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
