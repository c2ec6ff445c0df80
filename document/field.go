package document

import (
	"reflect"
	"strings"
	"sync"
)

// field is a key of a document and the struct field behind it.
type field struct {
	key   string
	index []int
	kind  reflect.Type
}

type fields []field

var known sync.Map // reflect.Type -> fields

// fieldsOf lists the keys of a struct by its json tags; fields of embedded structs count as its own.
func fieldsOf(t reflect.Type) fields {
	if got, ok := known.Load(t); ok {
		return got.(fields)
	}
	var out fields
	for _, f := range reflect.VisibleFields(t) {
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "-" || !f.IsExported() || f.Anonymous && key == "" {
			continue
		}
		if key == "" {
			key = f.Name
		}
		out = append(out, field{key, f.Index, f.Type})
	}
	known.Store(t, out)
	return out
}

func (fs fields) find(key string) (field, bool) {
	for _, f := range fs {
		if f.key == key {
			return f, true
		}
	}
	return field{}, false
}

// hint names the key that was probably meant, or those there are.
func (fs fields) hint(key string) string {
	best, least := "", 3
	var all []string
	for _, f := range fs {
		all = append(all, f.key)
		if d := distance(strings.ToLower(key), f.key); d < least && d < len(f.key) {
			best, least = f.key, d
		}
	}
	if best != "" {
		return ": " + best + " is meant?"
	}
	return ": there are " + strings.Join(all, ", ")
}

// distance is the number of letters to be changed, added or removed (Levenshtein); long texts are far away.
func distance(a, b string) int {
	if len(a) > 40 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
