// Package person is what Leadflow knows of people: the fields of a profile and the kinds of engagement. It only names
// and reads; what comes in is normalised by intake.
package person

import (
	"slices"
	"strings"
)

// Fields are the names of a profile's own fields. Everything else is custom.<key>.
var Fields = []string{
	"first_name", "last_name", "title", "department", "company", "company_domain", "industry", "company_size",
	"annual_revenue", "country", "region", "city", "phone", "time_zone", "language",
}

// Numbers are the fields that hold a number.
var Numbers = []string{"company_size", "annual_revenue"}

// EventTypes are the kinds of engagement.
var EventTypes = []string{
	"page_view", "form_submit", "content_download", "webinar_registration", "webinar_attendance", "email_open",
	"email_click", "email_reply", "cta_click", "ad_click", "demo_request", "meeting", "chat", "call", "email_bounce",
	"unsubscribe", "complaint", "custom",
}

// Engages reports whether an event of this type is something the person did to come nearer.
func Engages(eventType string) bool {
	return !slices.Contains([]string{"email_bounce", "unsubscribe", "complaint"}, eventType)
}

// Works reports whether an event of this type is sales at work.
func Works(eventType string) bool {
	return slices.Contains([]string{"meeting", "chat", "call", "email_reply"}, eventType)
}

// Known reports whether a rule may name this profile field.
func Known(field string) bool {
	return slices.Contains(Fields, field) || strings.HasPrefix(field, "custom.") && len(field) > len("custom.")
}

// Profile is a profile as it is stored: own fields by name, custom ones under custom.
type Profile map[string]any

// Get reads a field or custom.<key>; false when it is absent, null or an empty text.
func (p Profile) Get(field string) (any, bool) {
	v, ok := p[field]
	if key, custom := strings.CutPrefix(field, "custom."); custom && !ok {
		if m, is := p["custom"].(map[string]any); is {
			v, ok = m[key]
		}
	}
	return v, ok && v != nil && v != ""
}
