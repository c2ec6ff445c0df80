package document

import (
	"encoding/json"
	"sort"
	"strings"
	"unicode/utf8"
)

// jsonReader turns JSON text, known to be valid, into nodes with places.
type jsonReader struct {
	text   string
	starts []int // offset at which each line begins
	tokens *json.Decoder
}

func readJSON(text string) (*node, error) {
	r := &jsonReader{text: text, starts: []int{0}, tokens: json.NewDecoder(strings.NewReader(text))}
	r.tokens.UseNumber()
	for i, c := range text {
		if c == '\n' {
			r.starts = append(r.starts, i+1)
		}
	}
	return r.value(0)
}

// next reads a token and tells where it begins.
func (r *jsonReader) next() (json.Token, place, error) {
	from := int(r.tokens.InputOffset())
	from += len(r.text[from:]) - len(strings.TrimLeft(r.text[from:], " \t\r\n,:"))
	line := sort.SearchInts(r.starts, from+1)
	at := place{line, utf8.RuneCountInString(r.text[r.starts[line-1]:from]) + 1}
	t, err := r.tokens.Token()
	return t, at, err
}

func (r *jsonReader) value(depth int) (*node, error) {
	t, at, err := r.next()
	if err != nil {
		return nil, &syntax{at, "is no JSON: " + err.Error()}
	}
	n := &node{at: at}
	switch v := t.(type) {
	case bool:
		n.shape, n.yes = isBool, v
	case string:
		n.shape, n.text = isText, v
	case json.Number:
		n.shape, n.text = isNumber, v.String()
		if n.num, err = v.Float64(); err != nil {
			return nil, &syntax{at, "is too large for a number"}
		}
	case json.Delim:
		if depth >= maxDepth {
			return nil, tooDeep(at)
		}
		if v == '[' {
			return n, r.list(n, depth)
		}
		return n, r.group(n, depth)
	}
	return n, nil
}

func (r *jsonReader) list(n *node, depth int) error {
	n.shape = isList
	for r.tokens.More() {
		item, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.list = append(n.list, item)
	}
	_, _, err := r.next()
	return err
}

func (r *jsonReader) group(n *node, depth int) error {
	n.shape = isMap
	for r.tokens.More() {
		key, at, err := r.next()
		if err != nil {
			return err
		}
		value, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		name, _ := key.(string)
		n.pairs = append(n.pairs, pair{name, at, value})
	}
	_, _, err := r.next()
	return err
}
