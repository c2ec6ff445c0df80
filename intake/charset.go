package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
)

// The encodings a file is most often in, by the names of the WHATWG.
const (
	utf8Name  = "utf-8"
	utf16LE   = "utf-16le"
	utf16BE   = "utf-16be"
	chunkSize = 64 << 10
	maxSample = 256 << 10 // of chunks that are not plain ASCII
)

var marks = []struct {
	mark []byte
	name string
}{{[]byte("\xef\xbb\xbf"), utf8Name}, {[]byte("\xff\xfe"), utf16LE}, {[]byte("\xfe\xff"), utf16BE}}

// charset finds an encoding by any name the web or IANA has for it, and its canonical name.
func charset(label string) (encoding.Encoding, string, error) {
	label = strings.ToLower(strings.TrimSpace(label))
	if label == "utf-16" {
		label = utf16LE
	}
	if e, err := htmlindex.Get(label); err == nil && e != encoding.Replacement {
		name, err := htmlindex.Name(e)
		return e, name, err
	}
	e, err := ianaindex.IANA.Encoding(label)
	if err != nil || e == nil {
		return nil, "", errors.New("is no encoding that is known here; utf-8, utf-16le, windows-1252, iso-8859-15 and ibm850 are some")
	}
	return e, label, nil
}

// sniffCharset finds out how a file is encoded: by its byte order mark, by zeros where UTF-16 has them, by being UTF-8
// from its beginning to its end, and else by which single-byte encoding makes the most sensible words of it. The file
// is read once and rewound.
func sniffCharset(file io.ReadSeeker) (string, error) {
	var s scan
	buf := make([]byte, chunkSize)
	for first := true; ; first = false {
		n, err := io.ReadFull(file, buf[len(s.rest):])
		chunk := buf[:len(s.rest)+n]
		if first {
			if name := wide(chunk); name != "" {
				return name, rewind(file)
			}
		}
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return "", fmt.Errorf("read the file: %w", err)
		}
		s.take(chunk, last)
		copy(buf, s.rest)
		if last {
			return s.verdict(), rewind(file)
		}
	}
}

func rewind(file io.Seeker) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the file again: %w", err)
	}
	return nil
}

// wide recognises what the first bytes give away: a byte order mark, or letters that come with a zero each.
func wide(head []byte) string {
	for _, m := range marks {
		if bytes.HasPrefix(head, m.mark) {
			return m.name
		}
	}
	head = head[:min(len(head), 4096)/2*2]
	var zeros [2]int
	for i, c := range head {
		if c == 0 {
			zeros[i%2]++
		}
	}
	switch enough := len(head) / 5; { // of 2-byte units: two in five
	case len(head) > 0 && zeros[1] >= max(1, enough) && zeros[0] <= zeros[1]/8:
		return utf16LE
	case len(head) > 0 && zeros[0] >= max(1, enough) && zeros[1] <= zeros[0]/8:
		return utf16BE
	}
	return ""
}

// scan counts what of a file is UTF-8, chunk by chunk, and keeps a sample of what is not plain ASCII.
type scan struct {
	rest      []byte // of a rune that the next chunk ends
	good, bad int    // runes of several bytes; bytes that belong to none
	sample    []byte
}

func (s *scan) take(chunk []byte, last bool) {
	s.rest = nil
	ascii := true
	for i := 0; i < len(chunk); {
		if chunk[i] < utf8.RuneSelf {
			i++
			continue
		}
		ascii = false
		if !last && !utf8.FullRune(chunk[i:]) {
			s.rest = chunk[i:]
			break
		}
		r, size := utf8.DecodeRune(chunk[i:])
		if i += size; r == utf8.RuneError && size == 1 {
			s.bad++
		} else {
			s.good++
		}
	}
	if !ascii && len(s.sample) < maxSample {
		s.sample = append(s.sample, chunk...)
	}
}

// verdict takes a file for UTF-8 also when a few of its cells are broken: those rows fail, and say so.
func (s *scan) verdict() string {
	if s.good >= 4*s.bad {
		return utf8Name
	}
	return guessCharset(s.sample)
}

// decoded reads a file as UTF-8, after its byte order mark. What its encoding does not know becomes U+FFFD; UTF-8 itself
// is passed on as it is, for its reader to judge row by row.
func decoded(file io.Reader, name string) (io.Reader, error) {
	e, name, err := charset(name)
	if err != nil {
		return nil, err
	}
	for _, m := range marks {
		if m.name == name {
			file = &unmarked{from: file, mark: m.mark}
		}
	}
	switch name {
	case utf8Name:
		return file, nil
	case utf16LE:
		e = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case utf16BE:
		e = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	return e.NewDecoder().Reader(file), nil
}

// unmarked reads past a byte order mark.
type unmarked struct {
	from io.Reader
	mark []byte
	read bool
}

func (u *unmarked) Read(p []byte) (int, error) {
	if !u.read {
		u.read = true
		head := make([]byte, len(u.mark))
		n, err := io.ReadFull(u.from, head)
		if !bytes.Equal(head[:n], u.mark) {
			u.from = io.MultiReader(bytes.NewReader(head[:n]), u.from)
		}
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, err
		}
	}
	return u.from.Read(p)
}
