package document

import (
	"strconv"
	"strings"
)

// place is a position in the text, from 1; columns count characters.
type place struct{ line, column int }

// shape is what kind of value a node is.
type shape int

const (
	isNull shape = iota
	isBool
	isNumber
	isText
	isList
	isMap
)

// String is how people are told what they wrote.
func (s shape) String() string {
	return [...]string{"empty", "true or false", "a number", "a text", "a list", "a group of keys"}[s]
}

// node is a value of a document, YAML or JSON, with its place.
type node struct {
	at    place
	shape shape
	yes   bool
	num   float64
	text  string // of a text; of a number as it is written
	list  []*node
	pairs []pair
}

// pair is one key of a group.
type pair struct {
	key   string
	at    place
	value *node
}

func (n *node) get(key string) (pair, bool) {
	for _, p := range n.pairs {
		if p.key == key {
			return p, true
		}
	}
	return pair{}, false
}

// find is the place of a path such as steps[2].mail.subject, or of the nearest thing around it that is there.
func (n *node) find(path string) place {
	at := n.at
	for n != nil && path != "" {
		path = strings.TrimPrefix(path, ".")
		next, rest := (*node)(nil), ""
		if strings.HasPrefix(path, "[") {
			number, after, _ := strings.Cut(path[1:], "]")
			if i, err := strconv.Atoi(number); err == nil && n.shape == isList && i >= 0 && i < len(n.list) {
				next, rest = n.list[i], after
			}
		} else {
			next, rest = n.child(path)
		}
		if next != nil {
			at = next.at
		}
		n, path = next, rest
	}
	return at
}

// child finds the key a path begins with. Keys may hold dots, so the longest key that fits is meant.
func (n *node) child(path string) (*node, string) {
	var found *node
	longest := -1
	for _, p := range n.pairs {
		rest, ok := strings.CutPrefix(path, p.key)
		if ok && len(p.key) > longest && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			found, longest = p.value, len(p.key)
		}
	}
	if found == nil {
		return nil, ""
	}
	return found, path[longest:]
}

// storable refuses what Postgres cannot keep: a NUL, which may be written as an escape.
func (n *node) storable() error {
	const told = "has a NUL character: take it out"
	if strings.IndexByte(n.text, 0) >= 0 {
		return &syntax{n.at, told}
	}
	for _, item := range n.list {
		if err := item.storable(); err != nil {
			return err
		}
	}
	for _, p := range n.pairs {
		if strings.IndexByte(p.key, 0) >= 0 {
			return &syntax{p.at, told}
		}
		if err := p.value.storable(); err != nil {
			return err
		}
	}
	return nil
}

// maxDepth is how deep values may lie within each other: four times what any document here needs.
const maxDepth = 32

// syntax is a mistake that ends reading.
type syntax struct {
	at      place
	message string
}

func (s *syntax) Error() string { return s.message }

func tooDeep(at place) error {
	return &syntax{at, "lies too deep: more than " + strconv.Itoa(maxDepth) + " levels are not taken"}
}
