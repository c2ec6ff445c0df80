package document

import (
	"encoding/json"
	"strings"
)

// jsonReader turns JSON text, known to be valid, into nodes with places.
type jsonReader struct {
	text   string
	tokens *json.Decoder
	seen   int   // how much of the text places were counted in
	at     place // of what comes there
}

func readJSON(text string) (*node, error) {
	r := &jsonReader{text: text, tokens: json.NewDecoder(strings.NewReader(text)), at: place{1, 1}}
	r.tokens.UseNumber()
	return r.value(0)
}

// next reads a token and tells where it begins. Places are counted on from the last one: a document may be one line.
func (r *jsonReader) next() (json.Token, place, error) {
	from := int(r.tokens.InputOffset())
	from += len(r.text[from:]) - len(strings.TrimLeft(r.text[from:], " \t\r\n,:"))
	for _, c := range r.text[r.seen:from] {
		r.at.column++
		if c == '\n' {
			r.at = place{r.at.line + 1, 1}
		}
	}
	r.seen = from
	t, err := r.tokens.Token()
	return t, r.at, err
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
