package intake

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// readFile reads a file as an import would, under a mapping that says what it says.
func readFile(t *testing.T, file string, m Mapping) (d dialect, rows [][]string, faults map[int]string, err error) {
	t.Helper()
	in := strings.NewReader(file)
	d, err = sniff(in, m)
	require.NoError(t, err)
	r, err := d.rows(in)
	require.NoError(t, err)
	faults = map[int]string{}
	for {
		row, fault, err := r.next()
		if errors.Is(err, io.EOF) {
			return d, rows, faults, nil
		}
		if err != nil {
			return d, rows, faults, err
		}
		if fault != nil {
			faults[row.Row] = fault.told
			continue
		}
		rows = append(rows, row.Cells)
	}
}

func TestRowsAreCountedAsASpreadsheetDoes(t *testing.T) {
	for _, eol := range []string{"\n", "\r\n", "\r"} {
		file := strings.ReplaceAll("Mail;Note\na;\"two\nlines\"\n\nb;x\n\"q\"\"q\";\"a;b\"\n\"\"\n;", "\n", eol)
		r := newRowReader(bufio.NewReader(strings.NewReader(file)), ';', utf8Name)
		var numbers []int
		var rows [][]string
		for {
			row, fault, err := r.next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			require.Nil(t, fault)
			numbers, rows = append(numbers, row.Row), append(rows, row.Cells)
		}
		require.Equal(t, []int{1, 2, 4, 5, 6, 7}, numbers)
		lines := "two\nlines"
		if eol == "\r" {
			lines = "two\rlines"
		}
		require.Equal(t, [][]string{{"Mail", "Note"}, {"a", lines}, {"b", "x"}, {`q"q`, "a;b"}, {""}, {"", ""}}, rows)
	}
}

func TestABadRowIsRefusedAloneWithWhatIsWrong(t *testing.T) {
	good := "a@example.com,Ada\n"
	for says, row := range map[string]string{
		"holds bytes that are no text in utf-8":  "\xff\xfeb@example.com,Bob\n",
		"holds a NUL character":                  "b@exam\x00ple.com,Bob\n",
		"has more than 64 kB":                    "b@example.com," + strings.Repeat("x", 65<<10) + "\n",
		"has a quote in the middle of a cell":    "b@example.com,B\"o\"b\n",
		"(it goes over 3 lines of the file)":     "b@example.com,\"Bob\n\nBob\" and\n",
		"has a quote in the middle of a cell; p": "b@example.com,\"Bob\"by\n",
	} {
		_, rows, faults, err := readFile(t, "Mail,Name\n"+good+row+good, Mapping{Encoding: "utf-8", Delimiter: ","})
		require.NoError(t, err, says)
		require.Equal(t, [][]string{{"Mail", "Name"}, {"a@example.com", "Ada"}, {"a@example.com", "Ada"}}, rows, says)
		require.Len(t, faults, 1)
		require.Contains(t, faults[3], says)
	}
}

// What follows an open quote would all be one cell: there is no row to blame.
func TestAnOpenQuoteIsToldWithItsRow(t *testing.T) {
	_, _, _, err := readFile(t, "Mail,Name\na,b\na,\"b\n"+strings.Repeat("c,d\n", 100_000), Mapping{})
	var ps Problems
	require.ErrorAs(t, err, &ps)
	require.Contains(t, ps.Error(), "row 3 opens a quote that is never closed")
}

func TestRowsKeepWhatWasUnderstoodOfThem(t *testing.T) {
	r := newRowReader(bufio.NewReader(strings.NewReader("a,b\x00c,\xffd,\"x\"y,z\n")), ',', utf8Name)
	row, fault, err := r.next()
	require.NoError(t, err)
	require.Equal(t, 3, fault.cell)
	require.Equal(t, []string{"a", "b\uFFFDc", "\uFFFDd", "xy", "z"}, row.Cells)
}

var encodings = []string{"utf-8", "utf-16le", "utf-16be", "windows-1252", "iso-8859-15", "windows-1251", "macintosh", "ibm850", "shift_jis", "gb18030"}

// encoded is a text in an encoding; false where the encoding cannot say it.
func encoded(t *testing.T, text, name string) (string, bool) {
	t.Helper()
	e, _, err := charset(name)
	require.NoError(t, err)
	out, err := e.NewEncoder().String(text)
	if err != nil {
		return "", false
	}
	back, err := e.NewDecoder().String(out)
	return out, err == nil && back == text
}

// What encoding/csv writes, in any encoding and with any delimiter, is read back cell by cell.
func FuzzWhatIsWrittenIsReadBack(f *testing.F) {
	f.Add("Name\x1fStadt\x1eÅsa\x1fKöln\x1eBo\x1f", uint8(0), uint8(1), true)
	f.Add("a\x1f\"q\"\x1e\r\n\x1f\r\x1e\x1fx", uint8(1), uint8(2), false)
	f.Add("Привет\x1fмир", uint8(5), uint8(3), false)
	f.Add("日本\x1f表|\\", uint8(8), uint8(3), true)
	f.Fuzz(func(t *testing.T, text string, encoding, delimiter uint8, crlf bool) {
		name, comma := encodings[int(encoding)%len(encodings)], delimiters[int(delimiter)%len(delimiters)]
		var want [][]string
		for line := range strings.SplitSeq(text, "\x1e") {
			if cells := strings.Split(line, "\x1f"); len(cells) > 1 || cells[0] != "" {
				want = append(want, cells)
			}
		}
		var plain bytes.Buffer
		w := csv.NewWriter(&plain)
		w.Comma, w.UseCRLF = comma, crlf
		require.NoError(t, w.WriteAll(want))
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\uFFFD") || plain.Len() > maxRowBytes || strings.HasPrefix(strings.ToLower(strings.TrimLeft(plain.String(), `"`)), "sep=") ||
			strings.HasPrefix(text, "\uFEFF") || strings.HasPrefix(text, "\xef\xbb\xbf") {
			t.Skip()
		}
		file, ok := encoded(t, plain.String(), name)
		if !ok {
			t.Skip()
		}
		_, got, faults, err := readFile(t, file, Mapping{Encoding: name, Delimiter: string(comma)})
		require.NoError(t, err)
		require.Empty(t, faults)
		for _, row := range want { // encoding/csv writes the end of a line as it likes, too
			for i, c := range row {
				if c = strings.ReplaceAll(c, "\r\n", "\n"); crlf {
					c = strings.ReplaceAll(c, "\r", "")
				}
				row[i] = c
			}
		}
		require.Equal(t, want, got)
	})
}

// Whatever the file is, reading it ends, and what is said of it can be stored.
func FuzzAnyFileIsReadToItsEnd(f *testing.F) {
	f.Add("Mail,Name\na,\"b\n\x00,\xff\r")
	f.Add("\xff\xfeM\x00a\x00,\x00\n\x00\x00")
	f.Add("sep=|\r\na|b")
	f.Fuzz(func(t *testing.T, file string) {
		in := strings.NewReader(file)
		d, err := sniff(in, Mapping{})
		require.NoError(t, err)
		r, err := d.rows(in)
		require.NoError(t, err)
		for {
			row, fault, err := r.next()
			if err != nil {
				var ps Problems
				require.True(t, errors.Is(err, io.EOF) || errors.As(err, &ps), "%v", err)
				return
			}
			require.NotEmpty(t, row.Cells)
			for _, c := range row.Cells {
				require.True(t, utf8.ValidString(c) && !strings.ContainsRune(c, 0))
				require.True(t, fault != nil || d.encoding == utf8Name || !strings.ContainsRune(c, utf8.RuneError))
			}
		}
	})
}
