package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/leadflow-dev/leadflow/desk"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Bulks keeps decisions over many leads. CancelBulk answers record.ErrConflict, with the bulk, when it is done.
type Bulks interface {
	PreviewBulk(ctx context.Context, f record.LeadFilter, sample int) (record.BulkPreview, error)
	StartBulk(ctx context.Context, b record.Bulk, f record.LeadFilter) (record.Bulk, error)
	Bulk(ctx context.Context, id string) (record.Bulk, error)
	Bulks(ctx context.Context, cursor string, limit int) (record.Page[record.Bulk], error)
	CancelBulk(ctx context.Context, id string) (record.Bulk, error)
	BulkErrors(ctx context.Context, id, after string, limit int) ([]record.BulkLead, error)
}

const (
	bulkPace   = 20 // leads a second where nobody says otherwise
	maxPace    = 1000
	bulkSample = 20 // ids in a dry run
)

// bulkBody is a decision, and over whom.
type bulkBody struct {
	Action string    `json:"action" enum:"pause,resume,reassign,recycle,disqualify"`
	Filter bulkLeads `json:"filter" doc:"as of GET /v1/leads"`

	RepID   *string    `json:"rep_id,omitempty" doc:"reassign: to whom"`
	TeamID  *string    `json:"team_id,omitempty" doc:"reassign: or to which team"`
	Reason  *string    `json:"reason,omitempty" doc:"disqualify, recycle: as of one lead"`
	Until   *time.Time `json:"until,omitempty" doc:"pause"`
	CatchUp *string    `json:"catch_up,omitempty" doc:"resume"`

	Rate   *float64 `json:"rate,omitempty" doc:"leads a second at most, 0.01 to 1000; absent: 20"`
	DryRun bool     `json:"dry_run,omitempty" doc:"only count, and name some: 200"`
}

type bulkLeads struct {
	Stage  []string `json:"stage,omitempty"`
	Owner  string   `json:"owner,omitempty"`
	Band   string   `json:"band,omitempty"`
	Source string   `json:"source,omitempty"`
	Q      string   `json:"q,omitempty"`
	All    bool     `json:"all,omitempty" doc:"really every lead: needed where the filter says nothing else"`
}

// bulkAnswer is 202 with the bulk that began, or 200 with what a dry run found.
type bulkAnswer struct {
	Status   int
	Location string `header:"Location"`
	Body     any
}

func (a *API) bulk() {
	const path, group, errorsCSV = "/v1/bulk", "Bulk", "/v1/bulk/{id}/errors.csv"
	add(a, route{method: http.MethodPost, path: path, group: group, summary: "Take one decision over many leads: 202; of a dry run 200 with the count", roles: planners, status: http.StatusAccepted, body: bulkBody{}, answer: record.Bulk{}, also: []int{http.StatusOK}}, a.startBulk)
	preview := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[record.BulkPreview](), true, "BulkPreview")
	operation(a.huma.OpenAPI().Paths[path], http.MethodPost).Responses["200"].Content = content("application/json", preview)
	add(a, route{method: http.MethodGet, path: path, group: group, summary: "List bulk actions, newest first", roles: planners}, func(ctx context.Context, in *Paged) (*out[record.Page[record.Bulk]], error) {
		page, err := a.Bulks.Bulks(ctx, in.Cursor, in.Limit)
		return &out[record.Page[record.Bulk]]{page}, err
	})
	add(a, route{method: http.MethodGet, path: path + "/{id}", group: group, summary: "How far a bulk action is", roles: planners}, func(ctx context.Context, in *ByID) (*out[record.Bulk], error) {
		b, err := a.Bulks.Bulk(ctx, in.ID)
		return &out[record.Bulk]{b}, err
	})
	add(a, route{method: http.MethodPost, path: path + "/{id}/cancel", group: group, summary: "Stop a bulk action; what was decided stays", roles: planners}, func(ctx context.Context, in *ByID) (*out[record.Bulk], error) {
		b, err := a.Bulks.CancelBulk(ctx, in.ID)
		if errors.Is(err, record.ErrConflict) {
			err = problem(http.StatusConflict, "bulk_over", "the bulk action is "+b.State+": there is nothing to stop")
		}
		return &out[record.Bulk]{b}, err
	})
	add(a, route{method: http.MethodGet, path: errorsCSV, group: group, summary: "The leads on which it took no effect, with state and code", roles: planners, long: true}, a.bulkErrors)
	operation(a.huma.OpenAPI().Paths[errorsCSV], http.MethodGet).Responses["200"].Content = content("text/csv", nil)
}

func (a *API) startBulk(ctx context.Context, _ *struct{}) (*bulkAnswer, error) {
	var in bulkBody
	if err := decode(ctx, &in); err != nil {
		return nil, err
	}
	body, err := a.checkBulk(ctx, in)
	if err != nil {
		return nil, err
	}
	f := record.LeadFilter{Stage: in.Filter.Stage, Owner: in.Filter.Owner, Band: in.Filter.Band, Source: strings.ToLower(in.Filter.Source), Query: in.Filter.Q}
	if in.DryRun {
		p, err := a.Bulks.PreviewBulk(ctx, f, bulkSample)
		return &bulkAnswer{Status: http.StatusOK, Body: p}, err
	}
	key := keyOf(ctx).ID
	b := record.Bulk{Action: in.Action, Body: body, KeyID: &key, Pace: bulkPace, Filter: record.BulkFilter{
		Stage: f.Stage, Owner: f.Owner, Band: f.Band, Source: f.Source, Searched: f.Query != "", All: in.Filter.All,
	}}
	if in.Rate != nil {
		b.Pace = *in.Rate
	}
	if b, err = a.Bulks.StartBulk(ctx, b, f); err != nil {
		return nil, err
	}
	return &bulkAnswer{Status: http.StatusAccepted, Location: "/v1/bulk/" + b.ID, Body: b}, nil
}

// checkBulk names everything that is wrong at once, and answers the decision.
func (a *API) checkBulk(ctx context.Context, in bulkBody) (json.RawMessage, error) {
	var c checks
	f := in.Filter
	for _, s := range f.Stage {
		if !lifecycle.Stage(s).Known() || s == string(lifecycle.StageErased) {
			c.add("filter.stage", "invalid", "must be stages: captured nurturing qualified handoff working opportunity won lost dormant disqualified")
		}
	}
	if f.Band != "" && !slices.Contains([]string{"hot", "warm", "cold"}, f.Band) {
		c.add("filter.band", "invalid", "must be hot, warm or cold")
	}
	if len(f.Q) > 200 || len(f.Source) > 64 {
		c.add("filter", "too_long", "q has 200 characters at most, source 64")
	}
	if f.Owner != "" {
		a.checkRep(ctx, &c, f.Owner, "filter.owner")
	}
	if none := len(f.Stage) == 0 && f.Owner == "" && f.Band == "" && f.Source == "" && f.Q == ""; none != f.All {
		c.add("filter", "required", "say which leads: stage, owner, band, source or q; or all: true, alone, for every lead")
	}
	if in.Rate != nil && !(*in.Rate >= 0.01 && *in.Rate <= maxPace) {
		c.add("rate", "invalid", "must be a number of leads a second, from 0.01 to 1000")
	}
	if !slices.Contains(desk.BulkActions, in.Action) {
		c.add("action", "invalid", "must be one of: "+strings.Join(desk.BulkActions, " "))
		return nil, c.err()
	}
	decision := map[string]any{}
	for name, value := range map[string]any{"rep_id": in.RepID, "team_id": in.TeamID, "reason": in.Reason, "until": in.Until, "catch_up": in.CatchUp} {
		if raw, err := json.Marshal(value); err == nil && string(raw) != "null" {
			decision[name] = value
		}
	}
	raw, err := json.Marshal(decision)
	if err != nil {
		return nil, err
	}
	body, err := a.Desk.CheckBulk(ctx, in.Action, raw)
	var ps desk.Problems
	if errors.As(err, &ps) {
		c, err = append(c, fields(ps, func(p desk.Problem) FieldError { return FieldError(p) })...), nil
	}
	return body, errors.Join(err, c.err())
}

func (a *API) bulkErrors(ctx context.Context, in *ByID) (*huma.StreamResponse, error) {
	if _, err := a.Bulks.Bulk(ctx, in.ID); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", "text/csv; charset=utf-8")
		c.SetHeader("Content-Disposition", `attachment; filename="errors.csv"`)
		if err := a.writeBulkErrors(ctx, in.ID, csv.NewWriter(c.BodyWriter())); err != nil && !errors.Is(err, context.Canceled) {
			a.Log.ErrorContext(ctx, "the errors of a bulk action were cut short", "bulk", in.ID, "error", err)
		}
	}}, nil
}

func (a *API) writeBulkErrors(ctx context.Context, id string, w *csv.Writer) error {
	const page = 1000
	_ = w.Write([]string{"lead_id", "state", "code", "decision_id"}) // told by Flush
	for after := ""; ; {
		leads, err := a.Bulks.BulkErrors(ctx, id, after, page)
		if err != nil {
			return err
		}
		for _, l := range leads {
			decision := ""
			if l.DecisionID != nil {
				decision = *l.DecisionID
			}
			_ = w.Write([]string{l.LeadID, l.State, l.Code, decision})
			after = l.LeadID
		}
		w.Flush()
		if err := w.Error(); err != nil || len(leads) < page {
			return err
		}
	}
}
