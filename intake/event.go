package intake

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Limits of one event.
const (
	maxProperties = 32 << 10 // bytes
	maxDepth      = 10       // objects and lists within each other
	maxEventID    = 200      // characters
)

// The fields of an event, in the order of rawEvent.
var eventFields = [...]string{"id", "type", "lead_id", "email", "visitor_id", "occurred_at", "properties"}

const properties = 6 // of eventFields

// rawEvent is what stands in an event, unread; what is absent is empty.
type rawEvent [len(eventFields)]json.RawMessage

func invalid(detail string) *EventError { return &EventError{Code: CodeInvalid, Detail: detail} }

// readEvent reads one item. Whatever Postgres would refuse is refused here, so that it cannot fail its neighbours.
func (s *Service) readEvent(raw json.RawMessage, types []string) (record.Event, *EventError) {
	var e record.Event
	if !utf8.Valid(raw) {
		return e, invalid("must be valid UTF-8")
	}
	item, plain, no := readFields(raw)
	if no != nil {
		return e, no
	}
	var text [properties]string
	for i := range text {
		var ok bool
		if text[i], ok = textOf(item[i]); !ok {
			return e, invalid(eventFields[i] + ": must be one line of text")
		}
	}
	e.ClientID, e.Type, e.LeadID, e.Email, e.VisitorID = text[0], text[1], text[2], text[3], text[4]
	if len(e.ClientID) > maxEventID && utf8.RuneCountInString(e.ClientID) > maxEventID {
		return e, invalid("id: must be at most 200 characters")
	}
	if !slices.Contains(types, e.Type) {
		return e, unknownType(e.Type, types)
	}
	if no := s.readOwner(&e); no != nil {
		return e, no
	}
	if text[5] != "" {
		at, err := time.Parse(time.RFC3339, text[5])
		if err != nil || at.Year() < 1 || at.Year() > 9999 {
			return e, invalid("occurred_at: must be a time such as 2026-03-01T09:30:00Z")
		}
		e.OccurredAt = at.UTC()
	}
	e.JSON, no = readProperties(item[properties], plain)
	return e, no
}

func unknownType(given string, types []string) *EventError {
	detail := "type: must be one of " + strings.Join(types, " ")
	if slices.Contains(person.EventTypes, given) {
		detail += " (other types are sent by servers, with a key that is no site key)"
	}
	return &EventError{Code: "unknown_type", Detail: detail}
}

// readFields finds the fields of an item. Plain says that of its values nothing needs a closer look than was taken.
func readFields(raw json.RawMessage) (item rawEvent, plain bool, no *EventError) {
	scan := scanner{b: raw}
	var unknown []string
	scan.space()
	ok := scan.object(func(key []byte) bool {
		from := scan.at
		if !scan.value(1) {
			return false
		}
		name := nameOf(key)
		if n := slices.Index(eventFields[:], name); n >= 0 {
			item[n] = raw[from:scan.at]
		} else {
			unknown = append(unknown, name)
		}
		return true
	})
	if !ok || !scan.ended() {
		return item, false, invalid("must be a JSON object")
	}
	if len(unknown) > 0 {
		return item, false, invalid(fieldName(slices.Min(unknown)) + ": is no field of an event; what happened goes into properties")
	}
	return item, !scan.odd && scan.deepest <= maxDepth+1, nil
}

// nameOf is a key without its escapes.
func nameOf(key []byte) string {
	if bytes.IndexByte(key, '\\') < 0 {
		return string(key)
	}
	var name string
	_ = json.Unmarshal(slices.Concat([]byte{'"'}, key, []byte{'"'}), &name) // it was passed over as JSON
	return name
}

// textOf reads a text or null; it is trimmed.
func textOf(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 {
		return "", true
	}
	if n := len(raw) - 1; raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 {
		trimmed := strings.TrimSpace(string(raw[1:n]))
		return trimmed, cleanText(trimmed)
	}
	var t *string
	if err := json.Unmarshal(raw, &t); err != nil {
		return "", false
	}
	if t == nil {
		return "", true
	}
	trimmed := strings.TrimSpace(*t)
	return trimmed, cleanText(trimmed)
}

// readOwner reads whose event it is: exactly one of lead, address and visitor.
func (s *Service) readOwner(e *record.Event) *EventError {
	given := 0
	for _, owner := range []string{e.LeadID, e.Email, e.VisitorID} {
		if owner != "" {
			given++
		}
	}
	if given != 1 {
		return invalid("give exactly one of lead_id, email and visitor_id")
	}
	switch {
	case e.LeadID != "":
		if !isID(e.LeadID) {
			return &EventError{Code: "unknown_lead", Detail: details["unknown_lead"]}
		}
		e.LeadID = strings.ToLower(e.LeadID)
	case e.Email != "":
		var ok bool
		if e.Email, ok = s.address.normalize(e.Email); !ok {
			return invalid("email: must be a bare address such as ada@example.com")
		}
	case !visitorIsSecret(e.VisitorID):
		return invalid("visitor_id: must be a random secret of at least 128 bits")
	}
	return nil
}

// isID reports whether a text is a UUID as we write them.
func isID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		switch dash := i == 8 || i == 13 || i == 18 || i == 23; {
		case dash != (text[i] == '-'), !dash && !isHex(text[i]):
			return false
		}
	}
	return true
}

// readProperties gives properties as Postgres takes them. Plain ones are taken as they stand there; others are read, and
// written anew as a computer can hold them.
func readProperties(raw json.RawMessage, plain bool) (json.RawMessage, *EventError) {
	switch {
	case len(raw) == 0 || raw[0] == 'n':
		return nil, nil
	case len(raw) > maxProperties:
		return nil, invalid("properties: must be at most 32 kB")
	case plain && raw[0] == '{':
		return raw, nil
	}
	var p map[string]any
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, invalid("properties: must be a JSON object with numbers a computer can hold")
	}
	if !storable(p, maxDepth) {
		return nil, invalid("properties: at most 10 levels, no NUL characters")
	}
	out, err := json.Marshal(p)
	if err != nil {
		return nil, invalid("properties: must be a JSON object with numbers a computer can hold")
	}
	return out, nil
}

// storable reports whether Postgres takes the value as jsonb.
func storable(v any, depth int) bool {
	if depth < 0 {
		return false
	}
	switch v := v.(type) {
	case string:
		return !strings.ContainsRune(v, 0)
	case []any:
		for _, one := range v {
			if !storable(one, depth-1) {
				return false
			}
		}
	case map[string]any:
		for key, one := range v {
			if strings.ContainsRune(key, 0) || !storable(one, depth-1) {
				return false
			}
		}
	}
	return true
}
