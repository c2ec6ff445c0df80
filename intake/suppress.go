package intake

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// MaxSuppressions is how many rows one list may have.
const MaxSuppressions = 200_000

// ErrNoList says that a body is no list at all.
var ErrNoList = errors.New("it is neither CSV in UTF-8 with a column email, nor a list of addresses, nor NDJSON")

// ErrLongList says that a list has more than MaxSuppressions rows.
var ErrLongList = fmt.Errorf("it has more than %d rows", MaxSuppressions)

// RefusedRow is a row of a list that was not taken, as a spreadsheet counts: the first line is row 1.
type RefusedRow struct {
	Row    int    `json:"row"`
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"` // what is expected, never what was sent
}

// suppressionRow is a row as it was written.
type suppressionRow struct{ email, reason, at string }

// Suppressions reads a list of addresses that are not to be written to: CSV with a header that names email, and maybe reason
// and at; a plain list, one a line; or NDJSON of objects with these names. What a row leaves out is the reason given, and
// now. A bad row costs no other. Of an address that is there twice the first row counts. ErrNoList, ErrLongList.
func (s *Service) Suppressions(raw []byte, ndjson bool, reason string) (rows []record.Suppression, refused []RefusedRow, err error) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(raw) {
		return nil, nil, ErrNoList
	}
	read := csvSuppressions
	if ndjson {
		read = jsonSuppressions
	}
	seen := map[string]bool{}
	err = read(raw, func(n int, r suppressionRow, bad string) error {
		if n > MaxSuppressions+1 {
			return ErrLongList
		}
		row, no := s.suppression(r, reason)
		if bad != "" {
			no = &RefusedRow{Field: "row", Code: CodeInvalid, Detail: bad}
		}
		switch {
		case no != nil:
			no.Row = n
			refused = append(refused, *no)
		case !seen[*row.Email]:
			seen[*row.Email] = true
			rows = append(rows, row)
		}
		return nil
	})
	return rows, refused, err
}

func (s *Service) suppression(r suppressionRow, reason string) (record.Suppression, *RefusedRow) {
	email, ok := s.address.normalize(unguard(strings.TrimSpace(r.email)))
	if !ok {
		return record.Suppression{}, &RefusedRow{Field: "email", Code: CodeInvalid, Detail: "must be a bare address such as ada@example.com"}
	}
	out := record.Suppression{Email: &email, Reason: cmp.Or(strings.TrimSpace(r.reason), reason)}
	if !slices.Contains(record.SuppressionReasons, out.Reason) {
		return out, &RefusedRow{Field: "reason", Code: CodeInvalid, Detail: "must be one of " + strings.Join(record.SuppressionReasons, " ")}
	}
	if at := strings.TrimSpace(r.at); at != "" {
		var err error
		if out.At, err = time.Parse(time.RFC3339, at); err != nil || out.At.Year() < 1970 || out.At.After(time.Now().Add(24*time.Hour)) {
			return out, &RefusedRow{Field: "at", Code: CodeInvalid, Detail: "must be a time that has passed, such as 2026-03-01T09:30:00Z"}
		}
	}
	return out, nil
}

type eachSuppression func(n int, r suppressionRow, bad string) error

// csvSuppressions reads CSV delimited by what the first line is delimited by, or a plain list.
func csvSuppressions(raw []byte, each eachSuppression) error {
	first, _, _ := bytes.Cut(raw, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(raw))
	r.FieldsPerRecord, r.ReuseRecord, r.LazyQuotes = -1, true, true
	for _, comma := range []rune{';', '\t'} {
		if bytes.ContainsRune(first, comma) && !bytes.ContainsRune(first, ',') {
			r.Comma = comma
		}
	}
	names := []string{"email"}
	for n := 1; ; n++ {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return ErrNoList
		}
		if n == 1 {
			header := make([]string, len(cells))
			for i, c := range cells {
				header[i] = strings.ToLower(strings.TrimSpace(c))
			}
			if slices.Contains(header, "email") {
				names = header
				continue
			}
			if len(cells) > 1 || !strings.Contains(cells[0], "@") {
				return ErrNoList
			}
		}
		line, _ := r.FieldPos(0)
		var row suppressionRow
		for i, c := range cells[:min(len(cells), len(names))] {
			switch names[i] {
			case "email":
				row.email = c
			case "reason":
				row.reason = c
			case "at":
				row.at = c
			}
		}
		if err := each(line, row, ""); err != nil {
			return err
		}
	}
}

func jsonSuppressions(raw []byte, each eachSuppression) error {
	n := 0
	for line := range bytes.Lines(raw) {
		n++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var o struct{ Email, Reason, At string }
		bad := ""
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.DisallowUnknownFields()
		if dec.Decode(&o) != nil || dec.More() {
			bad = `must be an object such as {"email": "ada@example.com", "reason": "manual"}`
		}
		if err := each(n, suppressionRow{o.Email, o.Reason, o.At}, bad); err != nil {
			return err
		}
	}
	return nil
}

// WriteSuppression is a suppressed address as a row of CSV that can be read back, and opened in a spreadsheet.
func WriteSuppression(w *csv.Writer, s record.Suppression) error {
	if s.Email == nil {
		return nil // of somebody who was erased: nobody knows the address any more
	}
	return w.Write([]string{guard(*s.Email), s.Reason, s.At.UTC().Format(time.RFC3339Nano)})
}
