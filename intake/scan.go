package intake

import "encoding/json"

// scanner walks over JSON once, and finds where values begin and end. Of thousands of events a second each would otherwise be
// read three times: to see whether it is JSON, for its fields, and for its properties.
type scanner struct {
	b       []byte
	at      int
	deepest int  // level of the deepest value seen, 0 for the outermost
	odd     bool // something was met that is worth a closer look: an escaped code point, an exponent, a very long number
}

// deepestJSON is encoding/json's.
const deepestJSON = 10_000

// longNumber is how many characters a number may have that surely fits into a float64.
const longNumber = 300

// Items splits JSON into the items of its array, or into itself, and stops at so many: of what comes after them nothing is
// known. It answers false for what is no JSON.
func Items(body []byte, most int) ([]json.RawMessage, bool) {
	s := scanner{b: body}
	var items []json.RawMessage
	s.space()
	if !s.is('[') {
		from := s.at
		ok := s.value(0)
		items = append(items, body[from:s.at])
		return items, ok && s.ended()
	}
	more := false
	ok := s.list(func() bool {
		if more = len(items) == most; more {
			return false
		}
		from := s.at
		ok := s.value(1)
		items = append(items, body[from:s.at])
		return ok
	})
	return items, more || ok && s.ended()
}

func (s *scanner) is(c byte) bool { return s.at < len(s.b) && s.b[s.at] == c }

// took passes over one character.
func (s *scanner) took(c byte) bool {
	if s.is(c) {
		s.at++
		return true
	}
	return false
}

func (s *scanner) space() {
	for s.at < len(s.b) && (s.b[s.at] == ' ' || s.b[s.at] == '\n' || s.b[s.at] == '\t' || s.b[s.at] == '\r') {
		s.at++
	}
}

func (s *scanner) ended() bool {
	s.space()
	return s.at == len(s.b)
}

// value passes over one value.
func (s *scanner) value(level int) bool {
	if s.deepest = max(s.deepest, level); s.at == len(s.b) {
		return false
	}
	switch c := s.b[s.at]; {
	case level >= deepestJSON && (c == '{' || c == '['):
		return false
	case c == '{':
		return s.object(func([]byte) bool { return s.value(level + 1) })
	case c == '[':
		return s.list(func() bool { return s.value(level + 1) })
	case c == '"':
		return s.text()
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	}
	return s.number()
}

// object passes over an object; each passes over the value of a key, which it gets as it stands there, without quotes.
func (s *scanner) object(each func(key []byte) bool) bool {
	return s.sequence('{', '}', func() bool {
		from := s.at
		if !s.is('"') || !s.text() {
			return false
		}
		key := s.b[from+1 : s.at-1]
		s.space()
		if !s.took(':') {
			return false
		}
		s.space()
		return each(key)
	})
}

func (s *scanner) list(each func() bool) bool { return s.sequence('[', ']', each) }

func (s *scanner) sequence(first, last byte, each func() bool) bool {
	if !s.took(first) {
		return false
	}
	if s.space(); s.took(last) {
		return true
	}
	for {
		s.space()
		if !each() {
			return false
		}
		if s.space(); !s.took(',') {
			return s.took(last)
		}
	}
}

func (s *scanner) word(w string) bool {
	if len(s.b)-s.at < len(w) || string(s.b[s.at:s.at+len(w)]) != w {
		return false
	}
	s.at += len(w)
	return true
}

func (s *scanner) text() bool {
	for s.at++; s.at < len(s.b); s.at++ {
		switch c := s.b[s.at]; {
		case c == '"':
			s.at++
			return true
		case c < ' ':
			return false
		case c == '\\':
			if s.at++; !s.escape() {
				return false
			}
		}
	}
	return false
}

func (s *scanner) escape() bool {
	if s.at == len(s.b) {
		return false
	}
	switch s.b[s.at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		s.odd = true
		for range 4 {
			if s.at++; s.at == len(s.b) || !isHex(s.b[s.at]) {
				return false
			}
		}
		return true
	}
	return false
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

func (s *scanner) number() bool {
	from := s.at
	s.took('-')
	if !s.took('0') && !s.digits() {
		return false
	}
	if s.took('.') && !s.digits() {
		return false
	}
	if s.took('e') || s.took('E') {
		s.odd = true
		if !s.took('+') {
			s.took('-')
		}
		if !s.digits() {
			return false
		}
	}
	s.odd = s.odd || s.at-from > longNumber
	return true
}

func (s *scanner) digits() bool {
	from := s.at
	for s.at < len(s.b) && '0' <= s.b[s.at] && s.b[s.at] <= '9' {
		s.at++
	}
	return s.at > from
}
