package app

import (
	"context"
	"errors"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/predict"
	"github.com/leadflow-dev/leadflow/store"
)

// Insight says what a model is worth by what became of leads: the store reads, predict computes.
type Insight struct{ Store *store.Store }

// RuleEffects says of each rule whether it earns its points.
func (i Insight) RuleEffects(ctx context.Context, f record.CaseFilter) (record.RulesReport, error) {
	c, err := i.Store.RuleCases(ctx, f)
	if err != nil {
		return record.RulesReport{}, err
	}
	out, err := predict.Effects(c)
	out.CaseFilter = about(c, f)
	return out, unfit(err)
}

// Patterns finds who looks interested and is not.
func (i Insight) Patterns(ctx context.Context, f record.CaseFilter) (record.PatternsReport, error) {
	c, err := i.Store.RuleCases(ctx, f)
	if err != nil {
		return record.PatternsReport{}, err
	}
	out, err := predict.Patterns(c)
	out.CaseFilter = about(c, f)
	return out, unfit(err)
}

// WithPattern is the model with a rule against a pattern of the report.
func (i Insight) WithPattern(ctx context.Context, f record.CaseFilter, pattern string, points float64) (scoring.Model, record.Pattern, error) {
	c, err := i.Store.RuleCases(ctx, f)
	if err != nil {
		return scoring.Model{}, record.Pattern{}, err
	}
	m, found, err := predict.WithPattern(c, pattern, points)
	return m, found, unfit(err)
}

// Suggest fits points and a threshold to outcomes.
func (i Insight) Suggest(ctx context.Context, f record.CaseFilter, seed uint64) (record.Suggestion, scoring.Model, error) {
	c, err := i.Store.RuleCases(ctx, f)
	if err != nil {
		return record.Suggestion{}, scoring.Model{}, err
	}
	out, m, err := predict.Suggest(c, seed)
	out.CaseFilter = about(c, f)
	return out, m, unfit(err)
}

// Personas counts the named groups of a model.
func (i Insight) Personas(ctx context.Context, f record.CaseFilter) (record.PersonasReport, error) {
	c, people, err := i.known(ctx, f, false)
	if err != nil {
		return record.PersonasReport{}, err
	}
	out := predict.Personas(c, people)
	out.CaseFilter = about(c, f)
	return out, nil
}

// Gaps says what is not known of open leads, and what that costs.
func (i Insight) Gaps(ctx context.Context, f record.CaseFilter) (record.GapsReport, error) {
	c, people, err := i.known(ctx, f, true)
	if err != nil {
		return record.GapsReport{}, err
	}
	out := predict.Gaps(c, people)
	out.CaseFilter = about(c, f)
	return out, nil
}

func (i Insight) known(ctx context.Context, f record.CaseFilter, open bool) (record.Cases, record.People, error) {
	c, err := i.Store.RuleCases(ctx, f)
	if err != nil {
		return c, record.People{}, err
	}
	people, err := i.Store.PeopleNow(ctx, open)
	return c, people, err
}

// about is the filter with the version that was meant.
func about(c record.Cases, f record.CaseFilter) record.CaseFilter {
	f.Model = c.Version
	return f
}

// unfit says that nothing could be learned in the words of who asks.
func unfit(err error) error {
	if no := (*predict.Unusable)(nil); errors.As(err, &no) {
		return &record.Unfit{Why: no.Why, Next: no.Next}
	}
	return err
}
