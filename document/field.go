package document

import (
	"reflect"
	"strings"
	"sync"

	"github.com/leadflow-dev/leadflow/domain/spell"
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
	var all []string
	for _, f := range fs {
		all = append(all, f.key)
	}
	if best := spell.Meant(strings.ToLower(key), all); best != "" {
		return ": " + best + " is meant?"
	}
	return ": there are " + strings.Join(all, ", ")
}
