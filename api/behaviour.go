package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/fitting"
	"github.com/leadflow-dev/leadflow/domain/simulate"
)

// Behaviours say what leads and sales have been doing, as a simulation takes it.
type Behaviours interface {
	FitBehaviour(ctx context.Context, from, to time.Time, assumed simulate.Behaviour) (fitting.Fitted, error)
}

// usualBehaviour is the period a behaviour is fitted to.
const usualBehaviour = 180 * 24 * time.Hour

type behaviourQuery struct {
	From time.Time `query:"from" doc:"leads that were captured from then on; absent: 180 days before to"`
	To   time.Time `query:"to" doc:"and before then; absent: now"`
}

// fittedBody is fitting.Fitted, with the behaviour as the document that it is.
type fittedBody struct {
	fitting.FittedTo
	Behaviour json.RawMessage `json:"behaviour" doc:"leadflow simulate schema says what it holds"`
}

func (a *API) behaviours() {
	add(a, route{
		method: http.MethodGet, path: "/v1/analytics/behaviour", group: "Analytics", roles: everybody, long: true,
		summary: "What leads and sales have been doing, as a behaviour for simulations: fitted to the newest 20,000 leads of the period, what there was too little of assumed, each with its number of cases. It names nobody",
	}, func(ctx context.Context, in *behaviourQuery) (*out[fittedBody], error) {
		from, to := in.From.UTC(), in.To.UTC()
		if in.To.IsZero() {
			to = time.Now().UTC()
		}
		if in.From.IsZero() {
			from = to.Add(-usualBehaviour)
		}
		if span := to.Sub(from); span <= 0 || span > longestJourneys {
			return nil, invalid(FieldError{Field: "from", Code: "invalid", Detail: "must be before to, and at most five years"})
		}
		assumed, err := document.ParseBehaviour(document.DefaultBehaviour)
		if err != nil {
			return nil, err
		}
		fitted, err := a.Reports.FitBehaviour(ctx, from, to, assumed)
		if err != nil {
			return nil, err
		}
		raw, err := json.Marshal(fitted.Behaviour)
		return &out[fittedBody]{fittedBody{fitted.FittedTo, raw}}, err
	})
}
