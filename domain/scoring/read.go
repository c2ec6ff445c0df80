package scoring

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Read gives what the rules look at of an event's properties, from a JSON object as Postgres prints it, or as it was sent
// and found to be JSON in UTF-8, without space before it: to read all of it took most of the time of folding a lead anew. Of
// a name that stands there twice the last value counts, as for jsonb. Properties no rule asks for are not there.
func (s *Scorer) Read(eventType string, object []byte) map[string]any {
	names := s.asks[eventType]
	if len(names) == 0 || len(object) <= len(`{}`) {
		return nil
	}
	var out map[string]any
	rest := object[1:]
	for len(rest) > 0 {
		var key, value []byte
		if key, rest = scan(rest); len(rest) == 0 {
			break
		}
		value, rest = scan(rest[1:]) // after the colon
		if i := asked(names, key); i >= 0 {
			if out == nil {
				out = make(map[string]any, len(names))
			}
			out[names[i]] = plainValue(value)
		}
		if len(rest) > 0 {
			rest = rest[1:] // a comma, or the end
		}
	}
	return out
}

// Asking are the types of events whose properties rules look at.
func (s *Scorer) Asking() []string { return slices.Sorted(maps.Keys(s.asks)) }

// asked finds the name that a key in quotes is.
func asked(names []string, key []byte) int {
	if bytes.IndexByte(key, '\\') >= 0 {
		var name string
		if json.Unmarshal(key, &name) != nil {
			return -1
		}
		key = []byte(`"` + name + `"`)
	}
	for i, name := range names {
		if len(key) == len(name)+2 && string(key[1:len(key)-1]) == name {
			return i
		}
	}
	return -1
}

// plainValue is a value as encoding/json reads it.
func plainValue(raw []byte) (v any) {
	if raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	_ = json.Unmarshal(raw, &v) // Postgres has printed it
	return v
}

// scan cuts one value off, without the space before it.
func scan(b []byte) (value, rest []byte) {
	b = bytes.TrimLeft(b, " \t\r\n")
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
			if depth < 0 {
				return bytes.TrimRight(b[:i], " \t\r\n"), b[i:]
			}
		case ',', ':':
			if depth == 0 {
				return bytes.TrimRight(b[:i], " \t\r\n"), b[i:]
			}
			continue
		default:
			continue
		}
	}
	return b, nil
}

// heads are the properties that a condition on a field may look at: a name, or the group that a path begins with.
func heads(field string) []string {
	if head, _, deep := strings.Cut(field, "."); deep {
		return []string{field, head}
	}
	return []string{field}
}
