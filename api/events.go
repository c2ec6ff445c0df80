package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/leadflow-dev/leadflow/intake"
)

// maxEvents is how many one request may bring, and with a site key: one browser has no more to tell.
const (
	maxEvents     = 5000
	maxSiteEvents = 100
)

// eventBody documents one item of a batch.
type eventBody struct {
	ID         string         `json:"id,omitempty" doc:"yours; the same again within 35 days is a duplicate"`
	Type       string         `json:"type" example:"page_view"`
	LeadID     string         `json:"lead_id,omitempty"`
	Email      string         `json:"email,omitempty"`
	VisitorID  string         `json:"visitor_id,omitempty"`
	OccurredAt string         `json:"occurred_at,omitempty" format:"date-time" doc:"absent: arrival"`
	Properties map[string]any `json:"properties,omitempty"`
}

func (a *API) events() {
	add(a, route{
		method: http.MethodPost, path: "/v1/events", group: "Events", status: http.StatusAccepted, limit: eventsLimit, body: eventBody{}, otherMedia: []string{"application/x-ndjson"},
		summary: "Engagement: one object, an array or NDJSON, at most 5,000, gzip allowed; answered after the commit",
		also:    []int{http.StatusTooManyRequests}, direct: true, full: a.Intake.Busy, room: &room{most: eventsHeld},
		roles: []string{RoleMarketing, RoleOps, RoleSite},
	}, a.takeEvents)
}

func (a *API) takeEvents(ctx context.Context, _ *struct{}) (*out[intake.EventsAnswer], error) {
	b := bodyOf(ctx)
	raw, err := b.bytes()
	if err != nil {
		return nil, err
	}
	most, site := maxEvents, keyOf(ctx).Role == RoleSite
	if site {
		most = maxSiteEvents
	}
	items, err := eventItems(raw, b.media, most)
	if err != nil {
		return nil, err
	}
	if site {
		if err := visitorsOnly(items); err != nil {
			return nil, err
		}
	}
	if err := charge(ctx, len(items)-1); err != nil { // the request itself is one
		return nil, err
	}
	take := a.Intake.Events
	if site {
		take = a.Intake.PageEvents
	}
	answer, err := take(ctx, items)
	b.unfinished = answer.Unavailable()
	a.meters.took(answer)
	return &out[intake.EventsAnswer]{answer}, err
}

// byteOrderMark begins texts of some programs, and means nothing in UTF-8.
var byteOrderMark = []byte("\xef\xbb\xbf")

// eventItems splits a body into its items, unread, and stops at one more than there may be: 32 kB of gzip hold 16 million.
func eventItems(raw []byte, media string, most int) ([]json.RawMessage, error) {
	raw = bytes.TrimSpace(bytes.TrimPrefix(raw, byteOrderMark))
	var items []json.RawMessage
	switch {
	case mediaOf(media) == "application/x-ndjson":
		items = lines(raw, most+1)
	default:
		var ok bool
		if items, ok = intake.Items(raw, most+1); !ok {
			return nil, problem(http.StatusBadRequest, "invalid_json", "the body is no JSON; several objects in a row are NDJSON: Content-Type: application/x-ndjson")
		}
	}
	if len(items) > most {
		return nil, problem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("one request brings %d events at most", most))
	}
	return items, nil
}

// lines are the items of NDJSON, at most so many; a line that is no JSON is an item that will be rejected.
func lines(raw []byte, most int) (items []json.RawMessage) {
	for line := range bytes.Lines(raw) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			items = append(items, line)
		}
		if len(items) == most {
			break
		}
	}
	return items
}

// visitorsOnly keeps a public key from speaking about people.
func visitorsOnly(items []json.RawMessage) error {
	for _, raw := range items {
		var names map[string]json.RawMessage
		_ = json.Unmarshal(raw, &names)
		for _, field := range []string{"lead_id", "email"} {
			if v, given := names[field]; given && string(v) != "null" {
				return problem(http.StatusForbidden, "forbidden", "a site key sends events of visitors only: visitor_id, not "+field)
			}
		}
	}
	return nil
}
