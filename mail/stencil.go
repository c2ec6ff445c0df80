package mail

import (
	"bytes"
	"fmt"
	"html"
	"mime/quotedprintable"
	"strings"
)

// stencil is a text with slots whose own words are encoded already: thousands of mails share them, and each fills in its values.
type stencil []stretch

// stretch is what stands between two slots, and the slot behind it.
type stretch struct {
	text    string
	encoded string // quoted-printable (RFC 2045, 6.7)
	first   int    // the length of its first line, encoded
	last    int    // of its last one
	slot    int    // -1 at the end of all
	kind    byte
}

func newStencil(text string, s *slots) stencil {
	var out stencil
	last := 0
	for at, end, i, kind := s.next(text, 0); end > 0; at, end, i, kind = s.next(text, end) {
		out = append(out, newStretch(text[last:at], i, kind))
		last = end
	}
	return append(out, newStretch(text[last:], -1, 0))
}

func newStretch(text string, slot int, kind byte) stretch {
	var b bytes.Buffer
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // a buffer takes everything
	_ = w.Close()
	encoded := b.String()
	first, _, _ := strings.Cut(encoded, "\r\n")
	return stretch{text, encoded, len(first), len(encoded) - strings.LastIndexByte(encoded, '\n') - 1, slot, kind}
}

// size is about how long it is with its values.
func (st stencil) size() (n int) {
	for _, part := range st {
		n += len(part.encoded) + 64
	}
	return n
}

// fill writes the text with its values, each through escape.
func (st stencil) fill(s *slots, escape func(string) string) string {
	var b strings.Builder
	for _, part := range st {
		b.WriteString(part.text)
		if part.slot >= 0 {
			b.WriteString(escape(s.value(part.slot, part.kind)))
		}
	}
	return b.String()
}

// appendEncoded appends the text with its values in quoted-printable. No line has more than 76 characters.
func (st stencil) appendEncoded(out []byte, s *slots, escape func(string) string) []byte {
	e := encoding{out: out}
	for _, part := range st {
		e.stretch(part)
		if part.slot >= 0 {
			e.value(escape(s.value(part.slot, part.kind)))
		}
	}
	return e.out
}

// encoding writes quoted-printable and knows in which column it is.
type encoding struct {
	out    []byte
	column int
}

// lineRoom is how many characters a line may have before the = of a soft break.
const lineRoom = 75

func (e *encoding) soft() {
	e.out = append(e.out, "=\r\n"...)
	e.column = 0
}

func (e *encoding) stretch(part stretch) {
	if part.encoded == "" {
		return
	}
	if e.column > 0 && e.column+part.first > lineRoom {
		e.soft()
	}
	e.out = append(e.out, part.encoded...)
	if e.column += part.last; part.last != len(part.encoded) {
		e.column = part.last
	}
}

// value writes one line of text. A word in it is broken only where it is longer than a line.
func (e *encoding) value(text string) {
	if e.column+len(text) > lineRoom && e.column > 0 {
		e.soft()
	}
	const digits = "0123456789ABCDEF"
	for i := 0; i < len(text); {
		if e.column+3 > lineRoom {
			e.soft()
		}
		n := 0 // how many stand for themselves, and have room in this line
		for most := min(len(text)-i, lineRoom-2-e.column); n < most && itself(text, i+n); n++ {
		}
		e.out = append(e.out, text[i:i+n]...)
		e.column += n
		if i += n; n == 0 {
			c := text[i]
			e.out = append(e.out, '=', digits[c>>4], digits[c&15])
			e.column += 3
			i++
		}
	}
}

// itself reports whether a byte of a text may stand in quoted-printable as it is.
func itself(text string, i int) bool {
	c := text[i]
	return c > ' ' && c <= '~' && c != '=' || c == ' ' && i < len(text)-1
}

// faces are the two faces of a mail.
type faces struct {
	plain, html stencil
	slots       *slots
}

// appendTo appends the body of a mail (RFC 2046, 5.1.4).
func (f faces) appendTo(out []byte, boundary string) []byte {
	const head = "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/%s; charset=UTF-8\r\n\r\n"
	out = fmt.Appendf(out, "--%s\r\n"+head, boundary, "plain")
	out = f.plain.appendEncoded(out, f.slots, asIs)
	out = fmt.Appendf(out, "\r\n--%s\r\n"+head, boundary, "html")
	out = f.html.appendEncoded(out, f.slots, html.EscapeString)
	return fmt.Appendf(out, "\r\n--%s--\r\n", boundary)
}

func (f faces) size() int { return f.plain.size() + f.html.size() }

func asIs(text string) string { return text }
