package intake

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
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

var leadID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

var eventFields = []string{"id", "type", "lead_id", "email", "visitor_id", "occurred_at", "properties"}

func invalid(detail string) *EventError { return &EventError{Code: CodeInvalid, Detail: detail} }

// readEvent reads one item. Whatever Postgres would refuse is refused here, so that it cannot fail its neighbours.
func (s *Service) readEvent(raw json.RawMessage) (record.Event, *EventError) {
	var e record.Event
	var item map[string]json.RawMessage
	if !utf8.Valid(raw) {
		return e, invalid("must be valid UTF-8")
	}
	if err := json.Unmarshal(raw, &item); err != nil || item == nil {
		return e, invalid("must be a JSON object")
	}
	for _, name := range slices.Sorted(maps.Keys(item)) {
		if !slices.Contains(eventFields, name) {
			return e, invalid(fieldName(name) + ": is no field of an event; what happened goes into properties")
		}
	}
	text := map[string]string{}
	for _, name := range eventFields[:6] {
		t, ok := textOf(item[name])
		if !ok {
			return e, invalid(name + ": must be one line of text")
		}
		text[name] = t
	}
	e.ClientID, e.Type, e.VisitorID = text["id"], text["type"], text["visitor_id"]
	if utf8.RuneCountInString(e.ClientID) > maxEventID {
		return e, invalid("id: must be at most 200 characters")
	}
	if !slices.Contains(person.EventTypes, e.Type) {
		return e, &EventError{Code: "unknown_type", Detail: "type: must be one of " + strings.Join(person.EventTypes, " ")}
	}
	if no := s.readOwner(&e, text); no != nil {
		return e, no
	}
	if text["occurred_at"] != "" {
		at, err := time.Parse(time.RFC3339, text["occurred_at"])
		if err != nil || at.Year() < 1 || at.Year() > 9999 {
			return e, invalid("occurred_at: must be a time such as 2026-03-01T09:30:00Z")
		}
		e.OccurredAt = at.UTC()
	}
	var no *EventError
	e.Properties, no = readProperties(item["properties"])
	return e, no
}

// textOf reads a text or null; it is trimmed.
func textOf(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 {
		return "", true
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
func (s *Service) readOwner(e *record.Event, text map[string]string) *EventError {
	given := 0
	for _, name := range []string{"lead_id", "email", "visitor_id"} {
		if text[name] != "" {
			given++
		}
	}
	if given != 1 {
		return invalid("give exactly one of lead_id, email and visitor_id")
	}
	switch {
	case text["lead_id"] != "":
		if !leadID.MatchString(text["lead_id"]) {
			return &EventError{Code: "unknown_lead", Detail: details["unknown_lead"]}
		}
		e.LeadID = strings.ToLower(text["lead_id"])
	case text["email"] != "":
		var ok bool
		if e.Email, ok = s.address.normalize(text["email"]); !ok {
			return invalid("email: must be a bare address such as ada@example.com")
		}
	case !visitorIsSecret(e.VisitorID):
		return invalid("visitor_id: must be a random secret of at least 128 bits")
	}
	return nil
}

func readProperties(raw json.RawMessage) (map[string]any, *EventError) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil, nil
	}
	if len(raw) > maxProperties {
		return nil, invalid("properties: must be at most 32 kB")
	}
	var p map[string]any
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, invalid("properties: must be a JSON object with numbers a computer can hold")
	}
	if !storable(p, maxDepth) {
		return nil, invalid("properties: at most 10 levels, no NUL characters")
	}
	return p, nil
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
