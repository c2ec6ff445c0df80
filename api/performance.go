package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Backtests say how a model would have told leads apart by what was known when they were offered. record.ErrNotFound for a version
// that is not there.
type Backtests interface {
	Backtest(ctx context.Context, f record.BacktestFilter, tell func(done, total int)) (record.Performance, error)
}

type performanceQuery struct {
	Version    int       `path:"version" minimum:"1" maximum:"2147483647"`
	From       time.Time `query:"from" doc:"decisions from then on; absent: all"`
	To         time.Time `query:"to" doc:"and before then; absent: all"`
	Decision   string    `query:"decision" enum:"offer,mql" default:"offer" doc:"the moment that is judged: the first offer of a cycle, or of one that nobody was offered when it became an MQL; mql: always that"`
	MatureDays int       `query:"mature_days" minimum:"0" maximum:"3650" default:"90" doc:"what is without an outcome for longer counts as not converted, what is younger is left out"`
	OnlyMature bool      `query:"only_mature" doc:"leave out all that is younger: those that end soon are not as the others are"`
	Progress   bool      `query:"progress" doc:"answer lines of JSON: {done, total} every second, then {performance} or {problem}"`
}

const ndjson = "application/x-ndjson"

func (a *API) performance() {
	const path = "/v1/models/{version}/performance"
	add(a, route{
		method: http.MethodGet, path: path, group: "Models", roles: everybody, long: true, answer: record.Performance{},
		summary: "Backtest: how a version would have told who was won from who was not, by what was known at the decision; beside the published one",
	}, a.backtest)
	operation(a.huma.OpenAPI().Paths[path], http.MethodGet).Responses["200"].Content[ndjson] = &huma.MediaType{}
}

func (a *API) backtest(ctx context.Context, in *performanceQuery) (*huma.StreamResponse, error) {
	f := record.BacktestFilter{Model: in.Version, From: in.From, To: in.To, Decision: in.Decision, MatureDays: in.MatureDays, OnlyMature: in.OnlyMature}
	if !f.To.IsZero() && !f.From.Before(f.To) {
		return nil, invalid(FieldError{Field: "from", Code: "invalid", Detail: "must be before to"})
	}
	if in.Progress {
		if _, err := a.Documents.Model(ctx, in.Version); err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(c huma.Context) { a.streamBacktest(ctx, f, c) }}, nil
	}
	p, err := a.Reports.Backtest(ctx, f, func(int, int) {})
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", "application/json")
		_ = json.NewEncoder(c.BodyWriter()).Encode(p)
	}}, nil
}

// streamBacktest tells how far it is, about once a second, and then what came of it. Whoever hangs up ends it.
func (a *API) streamBacktest(ctx context.Context, f record.BacktestFilter, c huma.Context) {
	c.SetHeader("Content-Type", ndjson)
	out := json.NewEncoder(c.BodyWriter())
	var told time.Time
	p, err := a.Reports.Backtest(ctx, f, func(done, total int) {
		if time.Since(told) < time.Second {
			return
		}
		told = time.Now()
		_ = out.Encode(map[string]int{"done": done, "total": total})
		if w, ok := c.BodyWriter().(http.ResponseWriter); ok {
			_ = http.NewResponseController(w).Flush()
		}
	})
	if err != nil {
		_ = out.Encode(map[string]any{"problem": a.problem(ctx, err)})
		return
	}
	_ = out.Encode(map[string]any{"performance": p})
}
