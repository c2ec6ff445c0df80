package scoring

import (
	"encoding/binary"
	"encoding/json"
	"errors"
)

// Accumulators are stored in a form of their own: they are read with every event, and for every lead under a new model,
// and JSON took Postgres and us longer than all that is done with them. The first byte says which form it is, then follow
// numbers as encoding/binary has them (varint, zigzag): how many numbers all lists have together, newest, and two lists,
// each after its length: cuts, and tallies of cycle, rule (bytes after their number), count and three lists. What an
// earlier release wrote is JSON, which begins with another byte.
const storedForm = 1

// Stored is the form in which accumulators are stored. Equal ones are stored alike.
func (acc Accumulators) Stored() []byte {
	numbers := len(acc.Cuts)
	size := 16 + 10*len(acc.Cuts)
	for i := range acc.Tallies {
		t := &acc.Tallies[i]
		n := len(t.Times) + len(t.Lives) + len(t.Weights)
		numbers += n
		size += 12 + len(t.Rule) + 9*n
	}
	b := append(make([]byte, 0, size), storedForm)
	b = binary.AppendVarint(b, int64(numbers))
	b = binary.AppendVarint(b, acc.Newest)
	b = appendNumbers(b, acc.Cuts)
	b = binary.AppendVarint(b, int64(len(acc.Tallies)))
	for i := range acc.Tallies {
		t := &acc.Tallies[i]
		b = binary.AppendVarint(b, int64(t.Cycle))
		b = binary.AppendVarint(b, int64(len(t.Rule)))
		b = append(b, t.Rule...)
		b = binary.AppendVarint(b, t.Count)
		b = appendNumbers(b, t.Times)
		b = appendNumbers(b, t.Lives)
		b = appendNumbers(b, t.Weights)
	}
	return b
}

func appendNumbers(b []byte, all []int64) []byte {
	b = binary.AppendVarint(b, int64(len(all)))
	for _, n := range all {
		b = binary.AppendVarint(b, n)
	}
	return b
}

var errStored = errors.New("what is stored is no accumulators of this release")

// ScanBytes reads what Stored gave, or the JSON of an earlier release; a driver that knows the method hands over the
// bytes, which are not kept.
func (acc *Accumulators) ScanBytes(raw []byte) error {
	*acc = Accumulators{}
	if len(raw) > 0 && raw[0] != storedForm {
		return json.Unmarshal(raw, acc)
	}
	r := reader{text: string(raw)}
	r.byte()
	numbers := r.length(1)
	r.numbers = make([]int64, 0, numbers)
	acc.Newest = r.number()
	acc.Cuts = r.list()
	if n := r.length(6); n > 0 {
		acc.Tallies = make([]Tally, n)
	}
	for i := range acc.Tallies {
		t := &acc.Tallies[i]
		t.Cycle, t.Rule, t.Count = int(r.number()), r.bytes(), r.number()
		t.Times, t.Lives, t.Weights = r.list(), r.list(), r.list()
	}
	if r.failed || len(r.text) > 0 || len(r.numbers) != numbers {
		*acc = Accumulators{}
		return errStored
	}
	return nil
}

// reader reads the stored form. All texts are parts of one, all lists of another.
type reader struct {
	text    string
	numbers []int64
	failed  bool
}

func (r *reader) byte() byte {
	if len(r.text) == 0 {
		r.failed = true
		return 0
	}
	b := r.text[0]
	r.text = r.text[1:]
	return b
}

// number is binary.Varint of a string.
func (r *reader) number() int64 {
	var u uint64
	for shift := 0; ; shift += 7 {
		b := r.byte()
		if shift == 63 && b > 1 {
			r.failed = true
		}
		if r.failed {
			return 0
		}
		u |= uint64(b&0x7f) << shift
		if b < 0x80 {
			break
		}
	}
	return int64(u>>1) ^ -int64(u&1)
}

// length is how many follow, of so many bytes each at least: no more than there can be.
func (r *reader) length(least int) int {
	n := r.number()
	if n < 0 || n > int64(len(r.text)/least) {
		r.failed = true
		return 0
	}
	return int(n)
}

func (r *reader) bytes() string {
	n := r.length(1)
	s := r.text[:n]
	r.text = r.text[n:]
	return s
}

func (r *reader) list() []int64 {
	n, from := r.length(1), len(r.numbers)
	if n == 0 {
		return nil
	}
	if from+n > cap(r.numbers) {
		r.failed = true
		return nil
	}
	for range n {
		r.numbers = append(r.numbers, r.number())
	}
	return r.numbers[from:len(r.numbers):len(r.numbers)]
}
