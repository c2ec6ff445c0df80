package intake

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// details say the codes of the store in words.
var details = map[string]string{
	"unknown_lead":          "no lead has this id or address; a capture makes leads",
	"erased":                "the lead was erased",
	"occurred_at_in_future": "occurred_at is more than 5 minutes ahead",
	"too_old":               "occurred_at is before the horizon",
	CodeInvalid:             "the event cannot be stored",
}

// Events takes a batch item by item: bad ones are answered by their index and never cost a neighbour. It returns after
// the commit; an error means that the store could not be reached, and that items with an id may be sent again.
func (s *Service) Events(ctx context.Context, items []json.RawMessage) (EventsAnswer, error) {
	answer := EventsAnswer{Rejected: []Rejected{}}
	events := make([]record.Event, 0, len(items))
	index := make([]int, 0, len(items)) // of events in items
	for i, raw := range items {
		e, no := s.readEvent(raw)
		if no != nil {
			answer.Rejected = append(answer.Rejected, Rejected{Index: i, Error: *no})
			continue
		}
		events, index = append(events, e), append(index, i)
	}
	results, err := s.commit.submit(ctx, events)
	if err != nil {
		return EventsAnswer{}, err
	}
	for i, r := range results {
		switch {
		case r.Code != "":
			answer.Rejected = append(answer.Rejected, Rejected{Index: index[i], Error: EventError{Code: r.Code, Detail: details[r.Code]}})
		case r.Duplicate:
			answer.Duplicates++
		default:
			answer.Accepted++
		}
	}
	slices.SortStableFunc(answer.Rejected, func(a, b Rejected) int { return a.Index - b.Index })
	return answer, nil
}
