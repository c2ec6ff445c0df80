package intake

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// dialect is how a file is written.
type dialect struct {
	encoding  string // by its name on the web, or IANA's
	delimiter rune
}

// delimiters are those that are looked for, the likeliest first.
var delimiters = []rune{',', ';', '\t', '|'}

// magics are how files begin that people take for CSV.
var magics = []struct{ begins, told string }{
	{"\x1f\x8b", "is packed with gzip; unpack it and import what is in it"},
	{"PK\x03\x04", "is an Excel workbook (.xlsx) or another zip archive; open it and save it as CSV UTF-8"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an Excel workbook (.xls); open it and save it as CSV UTF-8"},
}

// mustBeText refuses files that are none in any encoding. The file is rewound.
func mustBeText(file io.ReadSeeker) error {
	head := make([]byte, 8)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read the file: %w", err)
	}
	for _, m := range magics {
		if strings.HasPrefix(string(head[:n]), m.begins) {
			return Problems{{"file", CodeInvalid, m.told}}
		}
	}
	return rewind(file)
}

// sniff finds out what the mapping does not say. The file is rewound.
func sniff(file io.ReadSeeker, m Mapping) (dialect, error) {
	d := dialect{encoding: m.Encoding}
	err := mustBeText(file)
	if err != nil {
		return d, err
	}
	if d.encoding == "" {
		d.encoding, err = sniffCharset(file)
	} else {
		_, d.encoding, err = charset(d.encoding)
	}
	if err != nil {
		return d, err
	}
	if d.delimiter, _ = utf8.DecodeRuneInString(m.Delimiter); m.Delimiter != "" {
		return d, nil
	}
	in, declared, err := d.open(file)
	if err != nil {
		return d, err
	}
	head, err := io.ReadAll(io.LimitReader(in, chunkSize))
	if err != nil {
		return d, err
	}
	if d.delimiter = declared; declared == 0 {
		d.delimiter = likeliest(head, d.encoding, m)
	}
	return d, rewind(file)
}

// open begins to read the file as text, after a line in which a spreadsheet noted the delimiter; 0: it did not.
func (d dialect) open(file io.Reader) (in *bufio.Reader, declared rune, err error) {
	text, err := decoded(file, d.encoding)
	if err != nil {
		return nil, 0, err
	}
	in = bufio.NewReaderSize(text, chunkSize)
	head, _ := in.Peek(16)
	line, _, whole := bytes.Cut(head, []byte("\n"))
	if cr := bytes.IndexByte(line, '\r'); cr >= 0 {
		line, whole = line[:cr], true
	}
	note := strings.Trim(string(line), `"`)
	if !whole || len(note) < 5 || !strings.EqualFold(note[:4], "sep=") {
		return in, 0, nil
	}
	declared, size := utf8.DecodeRuneInString(note[4:])
	if size != len(note)-4 || !delimits(note[4:]) {
		return in, 0, nil
	}
	_, _ = in.Discard(len(line))
	r := rowReader{in: in}
	r.skip('\r')
	r.skip('\n')
	return in, declared, nil
}

// rows reads the file from its beginning.
func (d dialect) rows(file io.Reader) (*rowReader, error) {
	in, _, err := d.open(file)
	if err != nil {
		return nil, err
	}
	return newRowReader(in, d.delimiter, d.encoding), nil
}

// likeliest picks the delimiter under which the header has most of the columns that the mapping reads; among equals the
// one under which most rows are as long as the header, and then the one that cuts most cells.
func likeliest(head []byte, encoding string, m Mapping) rune {
	columns := m.columns()
	best, most := delimiters[0], [3]int{}
	for _, delimiter := range delimiters {
		r := newRowReader(bufio.NewReader(bytes.NewReader(head)), delimiter, encoding)
		header, _, err := r.next()
		if err != nil || len(header.Cells) < 2 {
			continue
		}
		score := [3]int{0, 0, len(header.Cells)}
		for i, name := range header.Cells {
			header.Cells[i] = strings.TrimSpace(name)
		}
		for _, column := range columns {
			if slices.Contains(header.Cells, column) {
				score[0]++
			}
		}
		for {
			row, fault, err := r.next()
			if err != nil { // the sample ends somewhere
				break
			}
			if fault == nil && len(row.Cells) == len(header.Cells) {
				score[1]++
			}
		}
		if slices.Compare(score[:], most[:]) > 0 {
			best, most = delimiter, score
		}
	}
	return best
}

// told says how a file was read, for whoever finds it read wrongly.
func (d dialect) told() string {
	name := map[rune]string{',': "commas", ';': "semicolons", '\t': "tabs", '|': "pipes"}[d.delimiter]
	if name == "" {
		name = string(d.delimiter)
	}
	return "the file was read as " + d.encoding + " with " + name + " between its cells; the mapping can say encoding and delimiter"
}

// delimits reports whether a text can stand between cells: one character that no cell needs for itself.
func delimits(text string) bool {
	r, size := utf8.DecodeRuneInString(text)
	return size == len(text) && r != utf8.RuneError && !strings.ContainsRune("\"\r\n\x00", r)
}
