package bounce

import (
	"bytes"
	"io"
	"mime"
	"strings"

	"golang.org/x/net/html/charset"
)

// fields are those of a header or of a group in a report, unfolded, in order.
type fields []field

type field struct{ name, value string }

func (f fields) get(name string) string {
	for _, one := range f {
		if strings.EqualFold(one.name, name) {
			return one.value
		}
	}
	return ""
}

// readFields reads "Name: value" lines; what begins with space goes on from the line before, anything else is left out.
func readFields(head []byte) (f fields) {
	for line := range bytes.Lines(head) {
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" {
			continue
		}
		if (text[0] == ' ' || text[0] == '\t') && len(f) > 0 {
			f[len(f)-1].value += " " + strings.TrimSpace(text)
			continue
		}
		name, value, ok := strings.Cut(text, ":")
		if ok && name != "" && !strings.ContainsAny(name, " \t") {
			f = append(f, field{name, strings.TrimSpace(value)})
		}
	}
	return f
}

// groups are the blocks of fields of a report, which empty lines part.
func groups(body []byte) (out []fields) {
	for _, block := range bytes.Split(body, []byte("\n\n")) {
		if f := readFields(block); len(f) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// words decodes a header's encoded words, as far as they can be.
func words(text string) string {
	d := mime.WordDecoder{CharsetReader: charsetReader}
	if out, err := d.DecodeHeader(text); err == nil {
		return out
	}
	return text
}

func charsetReader(set string, in io.Reader) (io.Reader, error) {
	return charset.NewReaderLabel(set, in)
}
