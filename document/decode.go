package document

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strings"
)

// decoder fills Go values from nodes and collects everything that does not fit.
type decoder struct{ problems []Problem }

func (d *decoder) add(at place, path, format string, args ...any) {
	d.problems = append(d.problems, Problem{at.line, at.column, path, clip(fmt.Sprintf(format, args...))})
}

func (d *decoder) wrong(n *node, path, want string) {
	if n.shape == isNull {
		d.add(n.at, path, "is empty: give it %s, or remove the key", want)
		return
	}
	d.add(n.at, path, "must be %s, not %s", want, n.shape)
}

var textual = reflect.TypeFor[encoding.TextUnmarshaler]()

// into sets a value from a node.
func (d *decoder) into(n *node, v reflect.Value, path string) {
	if v.Addr().Type().Implements(textual) {
		d.textual(n, v, path)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if n.shape != isNull {
			v.Set(reflect.New(v.Type().Elem()))
			d.into(n, v.Elem(), path)
		}
	case reflect.Struct:
		d.structure(n, v, path)
	case reflect.Map:
		d.mapping(n, v, path)
	case reflect.Slice:
		d.list(n, v, path)
	case reflect.Interface:
		d.anything(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

// maxShortText is longer than any duration; what is longer is not given to a reader that would echo it.
const maxShortText = 64

func (d *decoder) textual(n *node, v reflect.Value, path string) {
	if n.shape != isText && n.shape != isNumber {
		d.wrong(n, path, "a text")
		return
	}
	if len(n.text) > maxShortText {
		d.add(n.at, path, "is too long for what is written here")
		return
	}
	into, _ := v.Addr().Interface().(encoding.TextUnmarshaler)
	if err := into.UnmarshalText([]byte(n.text)); err != nil {
		d.add(n.at, path, "%s", err)
	}
}

func (d *decoder) scalar(n *node, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.String:
		if n.shape != isText {
			if n.shape == isNumber || n.shape == isBool {
				d.add(n.at, path, "must be a text, not %s: put it in quotes", n.shape)
				return
			}
			d.wrong(n, path, "a text")
			return
		}
		v.SetString(n.text)
	case reflect.Bool:
		if n.shape != isBool {
			d.wrong(n, path, "true or false")
			return
		}
		v.SetBool(n.yes)
	case reflect.Int, reflect.Int64, reflect.Int32:
		if n.shape != isNumber {
			d.wrong(n, path, "a whole number")
		} else if n.num != math.Trunc(n.num) || math.Abs(n.num) > 1e15 || v.OverflowInt(int64(n.num)) {
			d.add(n.at, path, "must be a whole number of a sensible size")
		} else {
			v.SetInt(int64(n.num))
		}
	case reflect.Float64:
		if n.shape != isNumber {
			d.wrong(n, path, "a number")
			return
		}
		v.SetFloat(n.num)
	default:
		panic("document: no rule for fields of type " + v.Type().String()) // held by the tests that read every type
	}
}

func (d *decoder) list(n *node, v reflect.Value, path string) {
	if n.shape == isNull {
		return
	}
	if n.shape != isList {
		d.wrong(n, path, "a list")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.list), len(n.list))
	for i, item := range n.list {
		d.into(item, out.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	v.Set(out)
}

func (d *decoder) mapping(n *node, v reflect.Value, path string) {
	if n.shape == isNull {
		return
	}
	if n.shape != isMap {
		d.wrong(n, path, "a group of keys")
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.pairs))
	for _, p := range d.once(n, path) {
		item := reflect.New(v.Type().Elem()).Elem()
		d.into(p.value, item, join(path, p.key))
		out.SetMapIndex(reflect.ValueOf(p.key).Convert(v.Type().Key()), item)
	}
	v.Set(out)
}

func (d *decoder) structure(n *node, v reflect.Value, path string) {
	if n.shape == isNull && path != "" {
		return
	}
	if n.shape != isMap {
		d.wrong(n, path, "a group of keys")
		return
	}
	fields := fieldsOf(v.Type())
	for _, p := range d.once(n, path) {
		f, ok := fields.find(p.key)
		if !ok {
			d.add(p.at, join(path, p.key), "is no key that is known here%s", fields.hint(p.key))
			continue
		}
		d.into(p.value, v.FieldByIndex(f.index), join(path, p.key))
	}
}

// once is the pairs of a group without those whose key was there before, which are problems.
func (d *decoder) once(n *node, path string) []pair {
	first := make(map[string]place, len(n.pairs))
	out := make([]pair, 0, len(n.pairs))
	for _, p := range n.pairs {
		if at, ok := first[p.key]; ok {
			d.add(p.at, join(path, p.key), "is there twice: first on line %d", at.line)
			continue
		}
		first[p.key] = p.at
		out = append(out, p)
	}
	return out
}

// anything takes single values only: text, number, true or false. Numbers are float64, as in JSON.
func (d *decoder) anything(n *node, v reflect.Value, path string) {
	switch n.shape {
	case isText:
		v.Set(reflect.ValueOf(n.text))
	case isNumber:
		v.Set(reflect.ValueOf(n.num))
	case isBool:
		v.Set(reflect.ValueOf(n.yes))
	default:
		d.wrong(n, path, "a single value")
	}
}

// join adds a key to a path. A key is the writer's own text: it is cut and kept on one line.
func join(path, key string) string {
	key = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, key)
	if len(key) > maxShortText {
		key = strings.ToValidUTF8(key[:maxShortText], "") + "..."
	}
	if path == "" {
		return key
	}
	return strings.Join([]string{path, key}, ".")
}
