package bounce

import (
	"bytes"
	"io"
	"mime"
	"slices"
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

// has reports whether one of these is there, also without a value.
func (f fields) has(names ...string) bool {
	return slices.ContainsFunc(f, func(one field) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(one.name, name) })
	})
}

// mostFields bounds the fields of one group, and longest the value of each, in bytes.
const (
	mostFields = 2000
	longest    = 16 << 10
)

// readFields reads "Name: value" lines; what begins with space goes on from the line before, anything else is left out.
func readFields(head []byte) (f fields) {
	for line := range bytes.Lines(head) {
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" {
			continue
		}
		if (text[0] == ' ' || text[0] == '\t') && len(f) > 0 {
			if last := &f[len(f)-1]; len(last.value) < longest {
				last.value += " " + strings.TrimSpace(text[:min(len(text), longest)])
			}
			continue
		}
		name, value, ok := strings.Cut(text, ":")
		if ok && name != "" && !strings.ContainsAny(name, " \t") {
			value = value[:min(len(value), longest)]
			if f = append(f, field{name, strings.TrimSpace(value)}); len(f) == mostFields {
				break
			}
		}
	}
	return f
}

// groups are the blocks of fields of a report: empty lines part them, and where somebody left those out a field of the
// recipient that comes again.
func groups(body []byte) (out []fields) {
	for _, block := range bytes.Split(body, []byte("\n\n")) {
		f := readFields(block)
		from := 0
		for i := 1; i < len(f); i++ {
			if strings.EqualFold(f[i].name, "Final-Recipient") && f[from:i].get("Final-Recipient") != "" {
				out = append(out, f[from:i])
				from = i
			}
		}
		if f = f[from:]; len(f) > 0 {
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
