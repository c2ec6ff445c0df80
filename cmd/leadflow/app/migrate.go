package app

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/store"
)

// Migrate brings the schema to what this binary needs and lays down what nothing works without: a calendar, a model, a
// sequence and a policy, each only where there is none at all. Any number of processes may do so at once.
func Migrate(ctx context.Context, cfg Config) error {
	if _, err := store.Migrate(ctx, cfg.DatabaseURL); err != nil {
		return err
	}
	s, err := OpenStore(ctx, cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.KeepEvents(ctx); err != nil {
		return err
	}
	for _, seed := range []func(context.Context, *store.Store) error{seedCalendar, seedModel, seedSequence, seedPolicy} {
		// Another process may seed at the same time: who comes second finds it done.
		if err := seed(ctx, s); err != nil && !errors.Is(err, record.ErrConflict) {
			return err
		}
	}
	return nil
}

// businessCalendar is named by the default policy. UTC is nobody's choice: change it to where sales sits.
var businessCalendar = calendar.Spec{Name: "business", TimeZone: "UTC", Weekly: map[string][]calendar.Hours{
	"mon": {{From: "09:00", To: "17:00"}}, "tue": {{From: "09:00", To: "17:00"}}, "wed": {{From: "09:00", To: "17:00"}},
	"thu": {{From: "09:00", To: "17:00"}}, "fri": {{From: "09:00", To: "17:00"}},
}}

func seedCalendar(ctx context.Context, s *store.Store) error {
	if have, err := s.Calendars(ctx, "", 1); err != nil || len(have.Items) > 0 {
		return err
	}
	_, err := s.CreateCalendar(ctx, record.Calendar{Name: businessCalendar.Name, Spec: businessCalendar})
	return err
}

func seedModel(ctx context.Context, s *store.Store) error {
	if have, err := s.Models(ctx, "", 1); err != nil || len(have.Items) > 0 {
		return err
	}
	parsed, err := document.ParseModel(document.DefaultModel)
	if err != nil {
		return err
	}
	doc, err := json.Marshal(parsed)
	if err != nil {
		return err
	}
	m, err := s.CreateModel(ctx, record.Model{Source: string(document.DefaultModel), Document: doc, Note: "the model Leadflow starts with", Author: "leadflow"})
	if err != nil {
		return err
	}
	_, err = s.PublishModel(ctx, m.Version)
	return err
}

func seedSequence(ctx context.Context, s *store.Store) error {
	if have, err := s.Sequences(ctx, "", 1); err != nil || len(have.Items) > 0 {
		return err
	}
	parsed, err := document.ParseSequence(document.DefaultSequence)
	if err != nil {
		return err
	}
	doc, err := json.Marshal(parsed)
	if err != nil {
		return err
	}
	q, err := s.CreateSequence(ctx, record.Sequence{Name: parsed.Name, Default: true, Source: string(document.DefaultSequence), Document: doc})
	if err != nil {
		return err
	}
	_, err = s.PublishSequence(ctx, record.Publication{Name: q.Name, Version: q.Version})
	return err
}

func seedPolicy(ctx context.Context, s *store.Store) error {
	if have, err := s.Policies(ctx, "", 1); err != nil || len(have.Items) > 0 {
		return err
	}
	parsed, err := document.ParsePolicy(document.DefaultPolicy)
	if err != nil {
		return err
	}
	doc, err := json.Marshal(parsed)
	if err != nil {
		return err
	}
	_, err = s.CreatePolicy(ctx, record.Policy{Name: parsed.Name, Active: true, Source: string(document.DefaultPolicy), Document: doc})
	return err
}
