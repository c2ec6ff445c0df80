package scoring

import (
	"bytes"
	"encoding/json"
)

// ScanBytes reads accumulators as they are stored, in JSON; a driver that knows the method hands over the bytes. They are
// read with every event, and for every lead under a new model: so the form that Marshal writes is read by hand, several
// times faster. Any other form, and what an earlier release wrote, is left to encoding/json.
func (acc *Accumulators) ScanBytes(raw []byte) error {
	r := reader{rest: raw}
	fast := Accumulators{}
	r.object(func(key []byte) {
		switch string(key) {
		case "newest":
			fast.Newest = r.number()
		case "cuts":
			fast.Cuts = r.numbers()
		case "tallies":
			r.list(func() { fast.Tallies = append(fast.Tallies, r.tally()) })
		default:
			r.failed = true
		}
	})
	if !r.failed && len(bytes.TrimSpace(r.rest)) == 0 {
		*acc = fast
		return nil
	}
	*acc = Accumulators{}
	return json.Unmarshal(raw, acc)
}

func (r *reader) tally() (t Tally) {
	r.object(func(key []byte) {
		switch string(key) {
		case "cycle":
			t.Cycle = int(r.number())
		case "rule":
			t.Rule = string(r.text())
		case "n":
			t.Count = r.number()
		case "t":
			t.Times = r.numbers()
		case "k":
			t.Lives = r.numbers()
		case "w":
			t.Weights = r.numbers()
		default:
			r.failed = true
		}
	})
	return t
}

// reader reads JSON of whole numbers, plain texts, lists and objects. What it does not know it gives up.
type reader struct {
	rest   []byte
	failed bool
}

// next takes one byte after white space, if it is this one.
func (r *reader) next(want byte) bool {
	for len(r.rest) > 0 && r.rest[0] == ' ' {
		r.rest = r.rest[1:]
	}
	if len(r.rest) == 0 || r.rest[0] != want {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *reader) want(b byte) { r.failed = r.failed || !r.next(b) }

func (r *reader) object(field func(key []byte)) {
	r.want('{')
	for more := !r.next('}'); more && !r.failed; more = !r.next('}') && r.comma() {
		key := r.text()
		r.want(':')
		if !r.failed {
			field(key)
		}
	}
}

func (r *reader) list(element func()) {
	r.want('[')
	for more := !r.next(']'); more && !r.failed; more = !r.next(']') && r.comma() {
		element()
	}
}

func (r *reader) comma() bool {
	r.want(',')
	return !r.failed
}

func (r *reader) numbers() []int64 {
	end := max(0, bytes.IndexByte(r.rest, ']'))
	out := make([]int64, 0, bytes.Count(r.rest[:end], []byte{','})+1)
	r.list(func() { out = append(out, r.number()) })
	return out
}

// number reads at most 18 digits: more may be more than 64 bits hold. A zero stands alone.
func (r *reader) number() (n int64) {
	negative := r.next('-')
	i := 0
	for i < len(r.rest) && '0' <= r.rest[i] && r.rest[i] <= '9' {
		n = n*10 + int64(r.rest[i]-'0')
		i++
	}
	r.failed = r.failed || i == 0 || i > 18 || i > 1 && r.rest[0] == '0'
	r.rest = r.rest[i:]
	if negative {
		return -n
	}
	return n
}

// text reads a text without anything that is escaped.
func (r *reader) text() []byte {
	r.want('"')
	for i, b := range r.rest {
		switch {
		case b == '"':
			s := r.rest[:i]
			r.rest = r.rest[i+1:]
			return s
		case b == '\\' || b < ' ' || b >= 0x80:
			r.failed = true
			return nil
		}
	}
	r.failed = true
	return nil
}
