package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Insight says what a model is worth by what became of leads. It answers record.ErrNotFound where there is no such version, and a
// *record.Unfit where outcomes do not say enough.
type Insight interface {
	RuleEffects(ctx context.Context, f record.CaseFilter) (record.RulesReport, error)
	Patterns(ctx context.Context, f record.CaseFilter) (record.PatternsReport, error)
	// WithPattern is the model with a rule that takes points from the leads of a pattern; 0: as many as the report says.
	WithPattern(ctx context.Context, f record.CaseFilter, pattern string, points float64) (scoring.Model, record.Pattern, error)
	Suggest(ctx context.Context, f record.CaseFilter, seed uint64) (record.Suggestion, scoring.Model, error)
	Personas(ctx context.Context, f record.CaseFilter) (record.PersonasReport, error)
	Gaps(ctx context.Context, f record.CaseFilter) (record.GapsReport, error)
}

type casesQuery struct {
	Model int       `query:"model" minimum:"0" maximum:"2147483647" doc:"version; absent: the published one"`
	From  time.Time `query:"from" doc:"leads that were offered from then on, or ended where nobody was asked; absent: all"`
	To    time.Time `query:"to" doc:"and before then"`
}

func (q casesQuery) filter() (record.CaseFilter, error) {
	if !q.To.IsZero() && !q.From.Before(q.To) {
		return record.CaseFilter{}, invalid(FieldError{Field: "from", Code: "invalid", Detail: "must be before to"})
	}
	return record.CaseFilter{Model: q.Model, From: q.From.UTC(), To: q.To.UTC()}, nil
}

// aboutCases adds a report about leads that came to an end.
func aboutCases[R any](a *API, path, summary string, report func(Insight, context.Context, record.CaseFilter) (R, error)) {
	add(a, route{method: http.MethodGet, path: path, group: "Analytics", roles: everybody, summary: summary, also: []int{http.StatusNotFound}}, func(ctx context.Context, in *casesQuery) (*out[R], error) {
		f, err := in.filter()
		if err != nil {
			return nil, err
		}
		r, err := report(a.Insight, ctx, f)
		return &out[R]{r}, unfit(err)
	})
}

type suggestBody struct {
	Seed uint64    `json:"seed,omitempty" doc:"of folds and bootstrap; absent: 1"`
	From time.Time `json:"from,omitzero" doc:"leads that were offered from then on; absent: all"`
	To   time.Time `json:"to,omitzero" doc:"and before then"`
	Keep bool      `json:"keep,omitempty" doc:"keep the suggestion as a draft. Nothing is published"`
	Note string    `json:"note,omitempty" doc:"of the draft"`
}

type patternBody struct {
	Pattern string    `json:"pattern" doc:"as GET /v1/analytics/patterns names it"`
	Points  float64   `json:"points,omitempty" doc:"how many the rule takes; absent: as many as the report says"`
	From    time.Time `json:"from,omitzero" doc:"as the report was asked: leads that were offered from then on; absent: all"`
	To      time.Time `json:"to,omitzero" doc:"and before then"`
	Note    string    `json:"note,omitempty" doc:"of the draft; absent: what the report says"`
}

func (a *API) insight() {
	aboutCases(a, "/v1/analytics/rules", "What each rule of a model is worth by what became of leads: conversion with and without, lift, verdict", Insight.RuleEffects)
	aboutCases(a, "/v1/analytics/patterns", "Who looks interested and is not: did one thing often, never another, and converts less", Insight.Patterns)
	aboutCases(a, "/v1/analytics/personas", "How many leads the personas of a model match, and what became of them", Insight.Personas)
	aboutCases(a, "/v1/analytics/gaps", "What is not known of open leads, and how many points that costs", Insight.Gaps)
	const group = "Models"
	add(a, route{
		method: http.MethodPost, path: "/v1/models/{version}/suggest", group: group, roles: marketers, body: suggestBody{}, also: []int{http.StatusNotFound},
		summary: "Fit points and a threshold to what became of leads; kept as a draft where that is wanted, never published",
	}, a.suggest)
	add(a, route{
		method: http.MethodPost, path: "/v1/models/{version}/patterns", group: group, roles: marketers, body: patternBody{}, status: http.StatusCreated, also: []int{http.StatusNotFound},
		summary: "Keep a draft: this version with a rule that takes points from a pattern",
	}, a.withPattern)
}

type ofVersion struct {
	Version int `path:"version" minimum:"1" maximum:"2147483647"`
}

func (a *API) suggest(ctx context.Context, in *ofVersion) (*out[record.Suggestion], error) {
	b := suggestBody{Seed: 1}
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	f, err := casesQuery{Model: in.Version, From: b.From, To: b.To}.filter()
	if err != nil {
		return nil, err
	}
	got, m, err := a.Insight.Suggest(ctx, f, b.Seed)
	if err != nil {
		return nil, unfit(err)
	}
	if got.Source, err = document.WriteModel(m); err != nil {
		return nil, err
	}
	if b.Keep {
		kept, err := a.keepModel(ctx, written{Source: got.Source, Note: cmp.Or(b.Note, "suggested by outcomes: "+got.Says)})
		if err != nil {
			return nil, err
		}
		got.Draft = &kept.Version
	}
	return &out[record.Suggestion]{got}, nil
}

func (a *API) withPattern(ctx context.Context, in *ofVersion) (*out[record.Model], error) {
	var b patternBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	if b.Pattern == "" {
		return nil, invalid(FieldError{Field: "pattern", Code: "required", Detail: "name a pattern of GET /v1/analytics/patterns"})
	}
	f, err := casesQuery{Model: in.Version, From: b.From, To: b.To}.filter()
	if err != nil {
		return nil, err
	}
	m, found, err := a.Insight.WithPattern(ctx, f, b.Pattern, b.Points)
	if err != nil {
		return nil, unfit(err)
	}
	source, err := document.WriteModel(m)
	if err != nil {
		return nil, err
	}
	kept, err := a.keepModel(ctx, written{Source: source, Note: cmp.Or(b.Note, found.Says)})
	return &out[record.Model]{kept}, err
}

// unfit says that outcomes do not say enough.
func unfit(err error) error {
	if no := (*record.Unfit)(nil); errors.As(err, &no) {
		return problem(http.StatusUnprocessableEntity, "not_enough_known", no.Why+": "+no.Next)
	}
	return err
}
