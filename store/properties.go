package store

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// scored is the event as scoring looks at it. Properties are read back from what is stored, so that folding now and
// recomputing later see the same.
func (h happened) scored() scoring.Event {
	e := h.bare()
	if len(h.Properties) > 2 {
		_ = json.Unmarshal(h.Properties, &e.Properties) // it was marshalled here, or read from jsonb
	}
	return e
}

// seen is scored with those properties only that somebody looks into: a rule of the model, or who judges a bounce.
func (h happened) seen(w world) scoring.Event {
	if _, mutes := mutes[h.Type]; mutes {
		return h.scored()
	}
	e := h.bare()
	names := w.scorer.Reads(h.Type)
	if len(names) == 0 || len(h.Properties) <= 2 {
		return e
	}
	var ok bool
	if e.Properties, ok = pick(h.Properties, names); !ok {
		return h.scored()
	}
	return e
}

func (h happened) bare() scoring.Event {
	return scoring.Event{ID: h.ID, Type: h.Type, OccurredAt: h.OccurredAt, ReceivedAt: h.ReceivedAt}
}

// pick reads some fields of a JSON object and passes over the others. The object must be known to be JSON in UTF-8. It gives
// up where a key is written with an escape. Of a key that stands there twice the last value counts, as it does for encoding/json
// and for jsonb.
func pick(object []byte, names []string) (map[string]any, bool) {
	found := make(map[string]any, len(names))
	rest := after(object, '{')
	for len(rest) > 0 && rest[0] != '}' {
		n := textEnd(rest)
		key := rest[1 : n-1]
		if bytes.IndexByte(key, '\\') >= 0 {
			return nil, false
		}
		rest = after(rest[n:], ':')
		n = valueEnd(rest)
		if i := slices.IndexFunc(names, func(name string) bool { return name == string(key) }); i >= 0 {
			v, err := valueOf(rest[:n])
			if err != nil {
				return nil, false
			}
			found[names[i]] = v
		}
		rest = trimmed(rest[n:])
		if len(rest) > 0 && rest[0] == ',' {
			rest = after(rest, ',')
		}
	}
	return found, true
}

func valueOf(raw []byte) (v any, err error) {
	if raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), nil
	}
	err = json.Unmarshal(raw, &v)
	return v, err
}

func trimmed(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }

// after is what follows a mark, both without the space before them.
func after(b []byte, mark byte) []byte {
	if b = trimmed(b); len(b) == 0 || b[0] != mark {
		return nil
	}
	return trimmed(b[1:])
}

// textEnd is how long the text is that b begins with, quotes included.
func textEnd(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(b)
}

// valueEnd is how long the value is that b begins with.
func valueEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			if i += textEnd(b[i:]) - 1; depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
			if depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return len(b)
}
