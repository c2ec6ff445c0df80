package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// bookedFor is how old the booking of a meeting may be that sales is still told of: what comes later was brought in from elsewhere.
const bookedFor = 24 * time.Hour

// meetings tells sales of meetings that leads of theirs have just booked: whose the lead is, and where it waits for anybody, who
// manages its team. A lead that sales has nothing to do with yet is offered where its model says that a meeting qualifies. It is
// told once an hour at most, whatever a calendar or a page sends, and waits to be claimed: bookings are too rare to be handed over.
func (s *Store) meetings(ctx context.Context, q querier, b *pgx.Batch, w world, subjects []*subject) error {
	for _, su := range subjects {
		booked := su.booked(w)
		if booked == nil {
			continue
		}
		rows, _ := q.Query(ctx, sqlWhomToTell, pgx.NamedArgs{"lead": su.lead.ID})
		whom, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[whomToTell])
		if err != nil {
			return err
		}
		a := whom.alert(record.AlertMeeting, su.lead.ID+"/meeting/"+w.now.UTC().Format("2006-01-02T15"), su.lead)
		a.DueAt, a.StartsAt = whom.DueAt, startsAt(booked.Properties)
		if err := tellSales(b, nil, a); err != nil {
			return err
		}
	}
	return nil
}

// booked is the newest meeting of a lead that sales works with, or is to; nil: there is none to tell of.
func (su *subject) booked(w world) *happened {
	with := []lifecycle.Stage{lifecycle.StageQualified, lifecycle.StageHandoff, lifecycle.StageWorking, lifecycle.StageOpportunity}
	for i := len(su.events) - 1; i >= 0; i-- {
		if h := &su.events[i]; h.Type == "meeting" && h.OccurredAt.After(w.now.Add(-bookedFor)) && inCycle(su.lead, h.OccurredAt) && slices.Contains(with, su.lead.Stage) {
			return h
		}
	}
	return nil
}

// startsAt is when a meeting is to be, as far as the event says.
func startsAt(properties json.RawMessage) *time.Time {
	var told struct {
		StartsAt string `json:"starts_at"`
	}
	if json.Unmarshal(properties, &told) != nil {
		return nil
	}
	at, err := time.Parse(time.RFC3339, told.StartsAt)
	if err != nil {
		return nil
	}
	at = at.UTC()
	return &at
}
