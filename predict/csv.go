package predict

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// maxCells bounds what is held in memory.
const maxCells = 100_000_000

// ReadCSV reads a table: RFC 4180 in UTF-8, the header first. The delimiter (one character) may be empty: then it is the
// one of comma, semicolon, tab and pipe that the header has most of.
func ReadCSV(in io.Reader, delimiter string) (Table, error) {
	raw, err := io.ReadAll(in)
	if err != nil {
		return Table{}, err
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if !utf8.Valid(raw) {
		return Table{}, unusable("save it as CSV in UTF-8", "the file is not UTF-8")
	}
	r := csv.NewReader(bytes.NewReader(raw))
	if r.Comma, err = delimits(raw, delimiter); err != nil {
		return Table{}, err
	}
	rows, err := r.ReadAll()
	var broken *csv.ParseError
	switch {
	case errors.As(err, &broken):
		return Table{}, unusable("mend the line, or say which delimiter it has", "line %d cannot be read: %v", broken.Line, broken.Err)
	case err != nil:
		return Table{}, err
	case len(rows) < 2:
		return Table{}, unusable("give it a header and one row for each lead", "the file has no rows")
	case len(rows)*len(rows[0]) > maxCells:
		return Table{}, unusable("leave columns or old rows out", "the file has more than %d cells", maxCells)
	}
	return tableOf(rows)
}

func tableOf(rows [][]string) (Table, error) {
	t := Table{Rows: rows[1:]}
	seen := map[string]bool{}
	for _, name := range rows[0] {
		name = strings.TrimSpace(name)
		if name == "" || seen[name] {
			return t, unusable("give every column a name of its own", "the header has a column without a name, or %q twice", name)
		}
		seen[name] = true
		t.Columns = append(t.Columns, name)
	}
	for _, row := range t.Rows {
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
	}
	return t, nil
}

func delimits(raw []byte, given string) (rune, error) {
	if given != "" {
		r, size := utf8.DecodeRuneInString(given)
		if size != len(given) || strings.ContainsRune("\"\r\n", r) {
			return 0, unusable(`write it as ";" or "\t"`, "the delimiter must be one character")
		}
		return r, nil
	}
	header, _, _ := bytes.Cut(raw, []byte("\n"))
	best := ','
	for _, r := range ",;\t|" {
		if bytes.Count(header, []byte(string(r))) > bytes.Count(header, []byte(string(best))) {
			best = r
		}
	}
	return best, nil
}
