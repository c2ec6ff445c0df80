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
	links  []bodyLink
	led    []string                   // where they lead in this mail, once it is known
	track  func(target string) string // nil: links lead where they say
}

// newSlots makes slots whose words stand in none of the texts.
func newSlots(texts ...string) *slots {
	s := &slots{prefix: "lf0q"}
	for i := 1; slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(t, s.prefix) }); i++ {
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
		return "https://" + s.word("u", text) + ".invalid"
	}
	return s.word("v", text)
}

func (s *slots) word(kind, value string) string {
	s.values = append(s.values, value)
	return s.prefix + kind + strconv.Itoa(len(s.values)-1) + "z"
}

// value is what stands in the place of a slot in this mail.
func (s *slots) value(i int, kind byte) string {
	if kind == slotTarget {
		return s.leads(i)
	}
	return s.values[i]
}

// fill puts the values in their places, each through escape.
func (s *slots) fill(text string, escape func(string) string) string {
	return s.replace(text, func(_ int, value string, _ byte) string { return escape(value) })
}

// The kinds of slots.
const (
	slotValue  = 'v'
	slotLink   = 'u' // a link of ours, as the template names it
	slotTarget = 't' // where a link of the body leads: see bodyLink
)

// replace calls f with each slot's place, value and kind.
func (s *slots) replace(text string, f func(at int, value string, kind byte) string) string {
	var b strings.Builder
	last := 0
	for at, end, i, kind := s.next(text, 0); end > 0; at, end, i, kind = s.next(text, end) {
		b.WriteString(text[last:at])
		b.WriteString(f(at, s.value(i, kind), kind))
		last = end
	}
	return b.String() + text[last:]
}

// next finds the first slot from a place on: https://<prefix>u<index>z.invalid for a link of ours, <prefix>v<index>z for a
// value, <prefix>t<index>z for the target of a link. end is 0 where there is none.
func (s *slots) next(text string, from int) (at, end, index int, kind byte) {
	const before, after = "https://", ".invalid"
	for start := from; ; {
		found := strings.Index(text[start:], s.prefix)
		if found < 0 {
			return 0, 0, 0, 0
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
		if err != nil {
			continue
		}
		end++
		switch kind := text[digits-1]; {
		case kind == slotTarget && i < len(s.links):
			return at, end, i, kind
		case i >= len(s.values):
		case kind == slotValue:
			return at, end, i, kind
		case kind == slotLink && at-len(before) >= from && text[at-len(before):at] == before && strings.HasPrefix(text[end:], after):
			return at - len(before), end + len(after), i, kind
		}
	}
}

// in reports whether a slot is in a text.
func (s *slots) in(text string) bool {
	_, end, _, _ := s.next(text, 0)
	return end > 0
}

func (s *slots) text(text string) string { return s.fill(text, asIs) }

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
	s.replace(destination, func(at int, value string, kind byte) string {
		_, end, _, _ := s.next(destination, at)
		token := destination[at:end]
		literal := destination[last:at]
		last = end
		shown += literal
		if !ends {
			fixed += literal
		}
		switch {
		case kind == slotLink && at == 0:
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
