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

// PageTypes are the kinds that a web page can know of. The others are told by servers: a page's key is public, and who says
// that somebody complained, or met sales, is believed.
var PageTypes = []string{
	"page_view", "form_submit", "content_download", "webinar_registration", "cta_click", "ad_click", "demo_request", "chat", "custom",
}

// AverseTypes are the events by which nobody comes nearer.
var AverseTypes = []string{"email_bounce", "unsubscribe", "complaint"}

// Engages reports whether an event of this type is something the person did to come nearer.
func Engages(eventType string) bool {
	return !slices.Contains(AverseTypes, eventType)
}

// WorkTypes are the events that show sales at work: first touch, and no idleness.
var WorkTypes = []string{"meeting", "chat", "call", "email_reply"}

// Works reports whether an event of this type is sales at work.
func Works(eventType string) bool {
	return slices.Contains(WorkTypes, eventType)
}

const customPrefix = "custom."

// Known reports whether a rule may name this profile field.
func Known(field string) bool {
	return slices.Contains(Fields, field) || strings.HasPrefix(field, customPrefix) && len(field) > len(customPrefix)
}

// Profile is a profile as it is stored (own fields by name, custom ones under custom) or flat (custom.<key>). Values are
// those of JSON: text, number, bool, lists of them. A nil profile knows nothing.
type Profile map[string]any

// Get reads a field or custom.<key>; false when it is absent, null or a text without anything in it.
func (p Profile) Get(field string) (any, bool) {
	v, ok := p[field]
	if key, custom := strings.CutPrefix(field, customPrefix); custom && !ok {
		if m, is := p["custom"].(map[string]any); is {
			v, ok = m[key]
		}
	}
	if text, is := v.(string); is && strings.TrimSpace(text) == "" {
		return nil, false
	}
	return v, ok && v != nil
}
