package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// decode lays the request's body over a value: what is absent stays, null clears what can be empty. Every field that is
// unknown or of another type is named at once.
func decode[T any](ctx context.Context, into *T) error {
	raw, err := bodyOf(ctx).bytes()
	if err != nil {
		return err
	}
	given, err := object(raw)
	if err != nil {
		return err
	}
	if errs := overlay(given, reflect.ValueOf(into).Elem()); len(errs) > 0 {
		return invalid(errs...)
	}
	return nil
}

// object reads a JSON object; an empty body is an empty one.
func object(raw []byte) (map[string]json.RawMessage, error) {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 {
		return nil, nil
	}
	var given map[string]json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(raw))
	if !utf8.Valid(raw) || !json.Valid(raw) {
		return nil, problem(http.StatusBadRequest, "invalid_json", "the body is no JSON in UTF-8")
	}
	if dec.Decode(&given) != nil || given == nil || dec.Decode(new(any)) != io.EOF {
		return nil, invalid(FieldError{Field: "body", Code: "invalid", Detail: "must be a JSON object"})
	}
	return given, nil
}

func overlay(given map[string]json.RawMessage, into reflect.Value) []FieldError {
	byName := map[string]reflect.Value{}
	for i := range into.NumField() {
		name, _, _ := strings.Cut(into.Type().Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" && into.Type().Field(i).Tag.Get("readOnly") != "true" {
			byName[name] = into.Field(i)
		}
	}
	var errs []FieldError
	for _, name := range slices.Sorted(maps.Keys(given)) {
		field, ok := byName[name]
		if !ok {
			errs = append(errs, FieldError{Field: readable(name), Code: "unknown_field", Detail: "is no field of this request: " + strings.Join(slices.Sorted(maps.Keys(byName)), " ")})
			continue
		}
		raw := given[name]
		null := string(raw) == "null"
		if null && !slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Map, reflect.Slice}, field.Kind()) {
			errs = append(errs, FieldError{Field: name, Code: "invalid", Detail: "cannot be cleared"})
			continue
		}
		fresh := reflect.New(field.Type())
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if err := dec.Decode(fresh.Interface()); err != nil {
			errs = append(errs, within(name, raw, field.Type())...)
			continue
		}
		field.Set(fresh.Elem())
	}
	return errs
}

// within names each mistake inside an object, or the whole where it is none.
func within(name string, raw json.RawMessage, t reflect.Type) (errs []FieldError) {
	inner := t
	if inner.Kind() == reflect.Pointer {
		inner = inner.Elem()
	}
	var given map[string]json.RawMessage
	if inner.Kind() == reflect.Struct && json.Unmarshal(raw, &given) == nil {
		for _, e := range overlay(given, reflect.New(inner).Elem()) {
			e.Field = name + "." + e.Field
			errs = append(errs, e)
		}
	}
	if len(errs) == 0 {
		errs = []FieldError{{Field: name, Code: "invalid", Detail: "must be " + kindOf(t)}}
	}
	return errs
}

var fieldName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// readable is the name of a field nobody knows, where it looks like one: it is no value, but somebody sent it.
func readable(name string) string {
	if fieldName.MatchString(name) {
		return name
	}
	return "(unreadable)"
}

func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return kindOf(t.Elem()) + " or null"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	}
	return "an object with the fields of the documentation"
}

// checks collects what is wrong with a request by hand.
type checks []FieldError

func (c *checks) add(field, code, detail string) {
	*c = append(*c, FieldError{Field: field, Code: code, Detail: detail})
}

// text checks a required text.
func (c *checks) text(field, value string, most int) {
	switch {
	case strings.TrimSpace(value) == "":
		c.add(field, "required", "is missing")
	case utf8.RuneCountInString(value) > most:
		c.add(field, "too_long", "is too long")
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }):
		c.add(field, "invalid", "must not contain control characters")
	}
}

func (c checks) err() error {
	if len(c) == 0 {
		return nil
	}
	return invalid(c...)
}
