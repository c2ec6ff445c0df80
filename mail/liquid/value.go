package liquid

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Link is an address made by the house (a variable of this type is trusted in a URL position by the Encoder). A filter
// other than default makes it an ordinary text.
type Link string

// Vars are the variables of a template: texts, numbers, booleans, times, Links, lists of texts and maps of these.
type Vars map[string]any

// normal reduces a Go value to nil, bool, float64, string, Link, time.Time, []string or Vars.
func normal(v any) (any, bool) {
	switch v := v.(type) {
	case nil, bool, float64, string, Link, time.Time, []string, Vars:
		return v, true
	case map[string]any:
		return Vars(v), true
	}
	rv := reflect.ValueOf(v)
	switch rv.Kind() {
	case reflect.Pointer:
		if rv.IsNil() {
			return nil, true
		}
		return normal(rv.Elem().Interface())
	case reflect.String:
		return rv.String(), true
	case reflect.Bool:
		return rv.Bool(), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return float64(rv.Int()), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return float64(rv.Uint()), true
	case reflect.Float32:
		return rv.Float(), true
	case reflect.Map:
		return normalMap(rv)
	case reflect.Slice:
		return normalList(rv)
	}
	return nil, false
}

func normalMap(rv reflect.Value) (any, bool) {
	if rv.Type().Key().Kind() != reflect.String {
		return nil, false
	}
	vars := make(Vars, rv.Len())
	for _, key := range rv.MapKeys() {
		vars[key.String()] = rv.MapIndex(key).Interface()
	}
	return vars, true
}

func normalList(rv reflect.Value) (any, bool) {
	list := make([]string, 0, rv.Len())
	for i := range rv.Len() {
		v, ok := normal(rv.Index(i).Interface())
		if !ok {
			return nil, false
		}
		list = append(list, text(v))
	}
	return list, true
}

// text is how a normal value is written: whole numbers without a point, a time as its date, a list with commas.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case Link:
		return string(v)
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.Format(time.DateOnly)
	case []string:
		return strings.Join(v, ", ")
	}
	return ""
}

// number reads a number, also one that is written as a text.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		n, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
	}
	return 0, false
}

// moment reads a time, also RFC 3339 and a plain date written as a text.
func moment(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v, true
	case string:
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.DateOnly} {
			if t, err := time.Parse(layout, strings.TrimSpace(v)); err == nil {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// blank reports whether a value counts as absent: nil, false, an empty text or list.
func blank(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return strings.TrimSpace(v) == ""
	case Link:
		return v == ""
	case []string:
		return len(v) == 0
	case Vars:
		return len(v) == 0
	}
	return false
}

// compare answers left op right for normal values.
func compare(left any, op string, right any) bool {
	switch op {
	case "":
		return !blank(left)
	case "==":
		return equal(left, right)
	case "!=", "<>":
		return !equal(left, right)
	case "contains":
		return contains(left, right)
	}
	order, ok := order(left, right)
	if !ok {
		return false
	}
	switch op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

func equal(left, right any) bool {
	if left == nil || right == nil { // nil, empty and blank: an absent value equals them
		l, lb := left.(bool)
		r, rb := right.(bool)
		if lb && !l || rb && !r {
			return false // false is a value
		}
		return blank(left) && blank(right)
	}
	if lb, ok := left.(bool); ok {
		rb, ok := right.(bool)
		return ok && lb == rb
	}
	_, lt := left.(string)
	_, rt := right.(string)
	if !lt || !rt { // two texts are compared as texts: "1.0" is not "1"
		if order, ok := order(left, right); ok {
			return order == 0
		}
	}
	return text(left) == text(right)
}

func contains(left, right any) bool {
	if list, ok := left.([]string); ok {
		for _, item := range list {
			if item == text(right) {
				return true
			}
		}
		return false
	}
	needle := text(right)
	return needle != "" && strings.Contains(text(left), needle)
}

// order is -1, 0 or 1 where the two can be ordered: as numbers, as times, else as texts.
func order(left, right any) (int, bool) {
	if l, ok := number(left); ok {
		if r, ok := number(right); ok {
			return sign(l - r), true
		}
	}
	_, lt := left.(time.Time)
	_, rt := right.(time.Time)
	if lt || rt {
		l, lok := moment(left)
		r, rok := moment(right)
		return l.Compare(r), lok && rok
	}
	l, lok := left.(string)
	r, rok := right.(string)
	return strings.Compare(l, r), lok && rok
}

func sign(d float64) int {
	switch {
	case d < 0:
		return -1
	case d > 0:
		return 1
	}
	return 0
}

// unprintable is the error of a variable that is a map, or of a Go type no template knows.
func unprintable(path []string) string {
	return fmt.Sprintf("%s is not a single value", clip(strings.Join(path, ".")))
}
