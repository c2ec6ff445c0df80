package mail

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/leadflow-dev/leadflow/mail/liquid"
)

// slots keep what people typed away from the Markdown parser: while a body is rendered, each value is a plain word that
// stands for it, and the values take their places in the finished HTML and in the finished text, escaped for each. So no
// value can become a link, a tag, a heading or a second line, whatever Markdown may learn one day.
type slots struct {
	prefix string
	values []string
}

// newSlots has words that stand in none of the sources.
func newSlots(sources ...string) *slots {
	s := &slots{prefix: "lf0q"}
	in := func(source string) bool { return strings.Contains(source, s.prefix) }
	for i := 1; slices.ContainsFunc(sources, in); i++ {
		s.prefix = fmt.Sprintf("lf%dq", i)
	}
	return s
}

// encode is the liquid.Encoder that puts a word in the place of a value. An absent value stays absent.
func (s *slots) encode(text string, link bool) string {
	text = liquid.Line(text)
	if text == "" {
		return ""
	}
	if link {
		return s.link(text)
	}
	return s.word("v", text)
}

// link is the word of an address, which looks like one.
func (s *slots) link(address string) string { return "https://" + s.word("u", address) + ".invalid" }

func (s *slots) word(kind, value string) string {
	s.values = append(s.values, value)
	return s.prefix + kind + strconv.Itoa(len(s.values)-1) + "z"
}

// fill puts the values in their places, each through escape.
func (s *slots) fill(text string, escape func(string) string) string {
	return s.replace(text, func(_ int, value string, _ bool) string { return escape(value) })
}

// replace calls f with each slot's place, value and whether it is a link.
func (s *slots) replace(text string, f func(at int, value string, link bool) string) string {
	var b strings.Builder
	last := 0
	for at, end, i, link := s.next(text, 0); end > 0; at, end, i, link = s.next(text, end) {
		b.WriteString(text[last:at])
		b.WriteString(f(at, s.values[i], link))
		last = end
	}
	return b.String() + text[last:]
}

// next finds the first slot from a place on: https://<prefix>u<index>z.invalid for a link, <prefix>v<index>z for a value.
// end is 0 where there is none.
func (s *slots) next(text string, from int) (at, end, index int, link bool) {
	const before, after = "https://", ".invalid"
	for start := from; ; {
		found := strings.Index(text[start:], s.prefix)
		if found < 0 {
			return 0, 0, 0, false
		}
		at = start + found
		start = at + len(s.prefix)
		digits := start + 1
		end = digits
		for end < len(text) && text[end] >= '0' && text[end] <= '9' {
			end++
		}
		if end == digits || end >= len(text) || text[end] != 'z' {
			continue
		}
		i, err := strconv.Atoi(text[digits:end])
		if err != nil || i >= len(s.values) {
			continue
		}
		end++
		switch {
		case text[digits-1] == 'v':
			return at, end, i, false
		case text[digits-1] == 'u' && at-len(before) >= from && text[at-len(before):at] == before && strings.HasPrefix(text[end:], after):
			return at - len(before), end + len(after), i, true
		}
	}
}

// in reports whether a slot is in a text.
func (s *slots) in(text string) bool {
	_, end, _, _ := s.next(text, 0)
	return end > 0
}

var (
	wholeAddress = regexp.MustCompile(`^(?i:https?://[^/?#\s]|mailto:[^\s]|tel:[0-9+])`)
	fixedHost    = regexp.MustCompile(`^(?i:https?://[^/?#\s]+[/?#]|mailto:|tel:)`)
)

// address decides where a link of the template leads. Values are percent-encoded and may only stand where the template, or
// one of our links, has already named the host; ok is false for every other place.
func (s *slots) address(destination string) (result string, ok bool) {
	shown, fixed := "", "" // fixed is what stands before the first value
	ends := false
	last := 0
	s.replace(destination, func(at int, value string, link bool) string {
		_, end, _, _ := s.next(destination, at)
		token := destination[at:end]
		literal := destination[last:at]
		last = end
		shown += literal
		if !ends {
			fixed += literal
		}
		switch {
		case link && at == 0:
			shown += token
			fixed += value
		default:
			shown += s.word("v", percent(value)) // a slot again: a value that looks like a slot must not be filled
			ends = true
		}
		return ""
	})
	shown += destination[last:]
	if !ends {
		return shown, wholeAddress.MatchString(fixed + destination[last:])
	}
	return shown, fixedHost.MatchString(fixed)
}

// percent encodes a value so that it is one opaque part of an address.
func percent(value string) string { return strings.ReplaceAll(url.QueryEscape(value), "+", "%20") }
