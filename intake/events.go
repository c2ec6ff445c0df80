package intake

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// details say the codes of the store in words.
var details = map[string]string{
	"unknown_lead":          "no lead has this id or address; a capture makes leads",
	"erased":                "the lead was erased",
	"occurred_at_in_future": "occurred_at is more than 5 minutes ahead",
	"too_old":               "occurred_at is before the horizon",
	CodeInvalid:             "the event cannot be stored",
	codeUnavailable:         "the event was not stored, the database did not answer in time; send it again",
}

// codeUnavailable is of an event that may be sent again: its neighbours were committed, it was not.
const codeUnavailable = "unavailable"

// Events takes a batch item by item: bad ones are answered by their index and never cost a neighbour. It returns after
// the commit of the last of them. What could not be committed is rejected as unavailable; when nothing at all could be, the
// answer is the error, and the whole may be sent again: items with an id are not doubled. ErrBusy when too much waits.
func (s *Service) Events(ctx context.Context, items []json.RawMessage) (EventsAnswer, error) {
	return s.take(ctx, items, person.EventTypes)
}

// PageEvents is Events for what web pages tell of: other types are rejected.
func (s *Service) PageEvents(ctx context.Context, items []json.RawMessage) (EventsAnswer, error) {
	return s.take(ctx, items, person.PageTypes)
}

func (s *Service) take(ctx context.Context, items []json.RawMessage, types []string) (EventsAnswer, error) {
	answer := EventsAnswer{Rejected: []Rejected{}}
	events := make([]record.Event, 0, len(items))
	index := make([]int, 0, len(items)) // of events in items
	size := 0
	for i, raw := range items {
		size += len(raw)
		e, no := s.readEvent(raw, types)
		if no != nil {
			answer.Rejected = append(answer.Rejected, Rejected{Index: i, Error: *no})
			continue
		}
		events, index = append(events, e), append(index, i)
	}
	d, err := s.commit.submit(ctx, events, size)
	if err == nil {
		err = d.nothing()
	}
	if err != nil {
		return EventsAnswer{}, err
	}
	for i, r := range d.results {
		if d.errs[i] != nil {
			r.Code = codeUnavailable
		}
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

// Unavailable reports that some events were not stored and may be sent again.
func (a EventsAnswer) Unavailable() bool {
	return slices.ContainsFunc(a.Rejected, func(r Rejected) bool { return r.Error.Code == codeUnavailable })
}

// Busy reports that a request would find no room, whatever it brings: its body need not be read.
func (s *Service) Busy() bool { return s.commit.full() }

// nothing is why no event at all was decided; nil when one was, or there was none.
func (d *delivery) nothing() error {
	for _, err := range d.errs {
		if err == nil {
			return nil
		}
	}
	if len(d.errs) == 0 {
		return nil
	}
	return d.errs[0]
}
