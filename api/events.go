package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime"
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
	items, err := eventItems(raw, b.media)
	if err != nil {
		return nil, err
	}
	if keyOf(ctx).Role == RoleSite {
		if len(items) > maxSiteEvents {
			return nil, problem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("one request of a site key brings %d events at most", maxSiteEvents))
		}
		if err := visitorsOnly(items); err != nil {
			return nil, err
		}
	}
	if err := charge(ctx, len(items)-1); err != nil { // the request itself is one
		return nil, err
	}
	answer, err := a.Intake.Events(ctx, items)
	a.meters.took(answer)
	return &out[intake.EventsAnswer]{answer}, err
}

// eventItems splits a body into its items, unread.
func eventItems(raw []byte, media string) ([]json.RawMessage, error) {
	kind, _, _ := mime.ParseMediaType(media)
	raw = bytes.TrimSpace(raw)
	var items []json.RawMessage
	switch {
	case kind == "application/x-ndjson":
		items = lines(raw)
	default:
		var ok bool
		if items, ok = intake.Items(raw); !ok {
			return nil, problem(http.StatusBadRequest, "invalid_json", "the body is no JSON; several objects in a row are NDJSON: Content-Type: application/x-ndjson")
		}
	}
	if len(items) > maxEvents {
		return nil, problem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("one request brings %d events at most", maxEvents))
	}
	return items, nil
}

// lines are the items of NDJSON; a line that is no JSON is an item that will be rejected.
func lines(raw []byte) []json.RawMessage {
	var items []json.RawMessage
	s := bufio.NewScanner(bytes.NewReader(raw))
	s.Buffer(nil, eventsLimit)
	for s.Scan() {
		if line := bytes.TrimSpace(s.Bytes()); len(line) > 0 {
			items = append(items, bytes.Clone(line))
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
