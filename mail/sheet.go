package mail

import (
	"fmt"
	"html"
	"html/template"
	"strings"
)

// sheet is a mail without what is of one person only: its HTML and its text, with slots where values go. Values never reach
// the Markdown, so a sheet serves every mail whose conditions go the same way, unless a link holds a value: that makes a slot
// of its own, and where it may lead is decided by the value.
type sheet struct {
	html, text form
	values     int // of the body, before those of the frame
}

// The values of the frame, in this order after those of the body. A mail without one of them has a sheet without its place.
const (
	slotSubject = iota
	slotPreheader
	slotUnsubscribe
	slotTrap
	slotPixel
)

// sheet gives what is kept for a mail, or makes it.
func (c *Composer) sheet(m Message, markdown string, s *slots, preheader bool) (*sheet, error) {
	key := strings.Join([]string{
		m.Brand.Name, m.Brand.Logo, m.Brand.Colour, m.Language, m.Postal,
		given(preheader) + given(m.Unsubscribe != "") + given(m.Trap != "") + given(m.Pixel != ""), s.prefix, markdown,
	}, "\x00")
	values := len(s.values)
	return c.sheets.of(key, func() (made *sheet, keep bool, err error) {
		made, err = c.newSheet(m, markdown, s, preheader)
		return made, len(s.values) == values, err
	})
}

func given(is bool) string {
	if is {
		return "1"
	}
	return "0"
}

func (c *Composer) newSheet(m Message, markdown string, s *slots, preheader bool) (*sheet, error) {
	th := m.Brand.theme()
	body, plain, err := render(c.markdown, markdown, s, th)
	if err != nil {
		return nil, err
	}
	of := &slots{prefix: s.prefix, values: append([]string(nil), s.values...)}                                          // the words of the frame, under the numbers that follow
	p := page{Language: m.Language, Body: template.HTML(body), Postal: splitLines(m.Postal), Brand: m.Brand, Theme: th} //nolint:gosec // rendered and escaped by goldmark
	for _, place := range []struct {
		at    *string
		given bool
		word  func(string) string
	}{
		slotSubject:     {&p.Subject, true, func(v string) string { return of.word("v", v) }},
		slotPreheader:   {&p.Preheader, preheader, func(v string) string { return of.word("v", v) }},
		slotUnsubscribe: {&p.Unsubscribe, m.Unsubscribe != "", of.link},
		slotTrap:        {&p.Trap, m.Trap != "", of.link},
		slotPixel:       {&p.Pixel, m.Pixel != "", of.link},
	} {
		if word := place.word(""); place.given {
			*place.at = word
		}
	}
	whole, err := c.framed(p)
	if err != nil {
		return nil, err
	}
	m.Unsubscribe = p.Unsubscribe
	return &sheet{newForm(whole, of), newForm(plain+m.footer(), of), len(s.values)}, nil
}

// fill puts values in their places.
func (sh *sheet) fill(values []string) (html, text part) {
	return sh.html.fill(func(i int) string { return sh.escaped(i, values[i]) }), sh.text.fill(func(i int) string { return values[i] })
}

// escaped is a value as it stands in the HTML.
func (sh *sheet) escaped(i int, value string) string {
	switch i - sh.values {
	case slotSubject, slotPreheader:
		return frameText.Replace(value)
	case slotUnsubscribe, slotTrap, slotPixel:
		return frameText.Replace(frameAddress(value))
	}
	return html.EscapeString(value)
}

// frameText escapes what stands in the frame, as html/template does it in a text, a title and an attribute.
var frameText = strings.NewReplacer("\x00", "\uFFFD", `"`, "&#34;", "&", "&amp;", "'", "&#39;", "+", "&#43;", "<", "&lt;", ">", "&gt;")

// frameAddress is one of our own addresses (checkLink) as html/template would have it in an attribute.
func frameAddress(address string) string {
	if !strings.ContainsAny(address, "'()%") {
		return address
	}
	var b strings.Builder
	for i, c := range []byte(address) {
		switch {
		case c == '%' && len(address) > i+2 && isHex(address[i+1]) && isHex(address[i+2]):
			b.WriteByte(c)
		case strings.IndexByte("'()%", c) >= 0:
			fmt.Fprintf(&b, "%%%02x", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }

// form is a text with slots, cut into stretches that are encoded beforehand and lines that are not.
type form []stretch

type stretch struct {
	plain  string // of lines without a slot, whole
	quoted []byte
	line   []piece // of a line with slots
}

// piece is a text, or a slot where it is empty.
type piece struct {
	text string
	slot int
}

func newForm(text string, s *slots) (f form) {
	var fixed strings.Builder
	flush := func() {
		if fixed.Len() > 0 {
			f = append(f, stretch{plain: fixed.String(), quoted: appendQuoted(nil, fixed.String())})
			fixed.Reset()
		}
	}
	for line := range strings.Lines(text) {
		var pieces []piece
		last := 0
		for at, end, i, _ := s.next(line, 0); end > 0; at, end, i, _ = s.next(line, end) {
			if at > last {
				pieces = append(pieces, piece{text: line[last:at]})
			}
			pieces, last = append(pieces, piece{slot: i}), end
		}
		if pieces == nil {
			fixed.WriteString(line)
			continue
		}
		flush()
		if last < len(line) {
			pieces = append(pieces, piece{text: line[last:]})
		}
		f = append(f, stretch{line: pieces})
	}
	flush()
	return f
}

// fill puts values in their places. They hold no line breaks.
func (f form) fill(value func(i int) string) part {
	size := 0
	for _, s := range f {
		size += len(s.plain)
		for _, p := range s.line {
			size += len(p.text) + 100
		}
	}
	var plain strings.Builder
	plain.Grow(size)
	quoted := make([]byte, 0, size+size/8)
	for _, s := range f {
		if s.line == nil {
			plain.WriteString(s.plain)
			quoted = append(quoted, s.quoted...)
			continue
		}
		from := plain.Len()
		for _, p := range s.line {
			if p.text != "" {
				plain.WriteString(p.text)
			} else {
				plain.WriteString(value(p.slot))
			}
		}
		quoted = appendQuoted(quoted, plain.String()[from:])
	}
	return part{plain.String(), quoted}
}
