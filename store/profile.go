package store

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// customField is what own fields of a house begin with in captures and models; in a row they are a map of their own,
// as in the contract's profile.
const customField = "custom."

// flatProfile gives the profile of a row with its custom fields under custom.<key>, as models and sequences name them.
func flatProfile(profile map[string]any) map[string]any {
	out := make(map[string]any, len(profile))
	for k, v := range profile {
		custom, ok := v.(map[string]any)
		if k != strings.TrimSuffix(customField, ".") || !ok {
			out[k] = v
			continue
		}
		for key, v := range custom {
			out[customField+key] = v
		}
	}
	return out
}

// nestedProfile is flatProfile undone.
func nestedProfile(flat map[string]any) map[string]any {
	out, custom := make(map[string]any, len(flat)), map[string]any{}
	for k, v := range flat {
		if key, ok := strings.CutPrefix(k, customField); ok {
			custom[key] = v
		} else {
			out[k] = v
		}
	}
	if len(custom) > 0 {
		out[strings.TrimSuffix(customField, ".")] = custom
	}
	return out
}

// learned is one value that changed; nil: cleared.
type learned struct {
	Field string
	Value any
}

// merge puts what a capture gives over what is known, both flat: given wins, nil clears, absent stays. With fillBlanks
// what is known stays; the fields named otherwise go by the other rule. It returns the profile that follows and what
// changed, by field; values are compared as JSON, so 50 and 50.0 are no change.
func merge(known, given map[string]any, fillBlanks bool, otherwise ...string) (map[string]any, []learned) {
	out := maps.Clone(known)
	var changes []learned
	for _, field := range slices.Sorted(maps.Keys(given)) {
		value, had := asJSON(given[field]), out[field]
		fill := fillBlanks != slices.Contains(otherwise, field)
		switch {
		case fill && (value == nil || !blank(had)), reflect.DeepEqual(asJSON(had), value):
			continue
		case value == nil:
			delete(out, field)
		default:
			out[field] = value
		}
		changes = append(changes, learned{field, value})
	}
	return out, changes
}

func blank(v any) bool { return v == nil || v == "" }

// asJSON is what v is after it was a row.
func asJSON(v any) any {
	switch v.(type) {
	case nil, string, bool, float64:
		return v
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var out any
	if json.Unmarshal(raw, &out) != nil {
		return v
	}
	return out
}
