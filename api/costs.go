package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/leadflow-dev/leadflow/desk"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

type costBody struct {
	Source   string          `json:"source" doc:"its code, as leads have it"`
	Campaign string          `json:"campaign,omitempty" doc:"absent: of the source as a whole"`
	From     string          `json:"from" format:"date" doc:"first day, by UTC"`
	To       string          `json:"to" format:"date" doc:"last day, included"`
	Amount   json.RawMessage `json:"amount" doc:"decimal as text or number, not negative"`
	Currency string          `json:"currency" doc:"ISO 4217"`
	Note     string          `json:"note,omitempty" doc:"up to 200 characters"`
}

func (a *API) costs() {
	const path, group = "/v1/costs", "Analytics"
	add(a, route{method: http.MethodGet, path: path, group: group, roles: everybody, summary: "What sources and campaigns cost, said last first"}, func(ctx context.Context, in *Paged) (*out[record.Page[record.Cost]], error) {
		page, err := a.Reports.Costs(ctx, in.Cursor, in.Limit)
		return &out[record.Page[record.Cost]]{page}, err
	})
	add(a, route{
		method: http.MethodPost, path: path, group: group, roles: planners, body: costBody{},
		summary: "Say what a source or campaign cost over some days; the same days and currency again replace it",
	}, a.setCost)
	add(a, route{
		method: http.MethodPost, path: path + "/import", group: group, roles: planners, body: "", media: "text/csv", limit: costsLimit, secret: true,
		summary: "Say many costs: CSV with columns source, from, amount and currency, and maybe to, campaign and note. 10,000 rows at most; bad rows are named and cost no other",
	}, a.setCosts)
	add(a, route{
		method: http.MethodDelete, path: path + "/{id}", group: group, roles: planners, status: http.StatusNoContent, also: []int{http.StatusNotFound},
		summary: "Take back what was said of a cost",
	}, func(ctx context.Context, in *ByID) (*struct{}, error) { return nil, a.Reports.RemoveCost(ctx, in.ID) })
}

func (a *API) setCost(ctx context.Context, _ *struct{}) (*out[record.Cost], error) {
	var b costBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	cost, wrong := b.cost()
	if err := wrong.err(); err != nil {
		return nil, err
	}
	kept, err := a.Reports.SetCost(ctx, cost)
	return &out[record.Cost]{kept}, err
}

// cost checks what was said, and tells what is wrong with it.
func (b costBody) cost() (record.Cost, checks) {
	var c checks
	cost := record.Cost{Source: b.Source, Campaign: b.Campaign, From: b.From, To: b.To, Note: b.Note}
	if b.Source == "" || intake.SourceCode(b.Source) != b.Source {
		c.add("source", "invalid", "must be the code of a source: small letters, digits, dots, dashes and underscores, 64 at most")
	}
	if b.Campaign != "" {
		c.text("campaign", b.Campaign, 255)
	}
	if b.Note != "" {
		c.text("note", b.Note, 200)
	}
	from, errFrom := time.Parse(time.DateOnly, b.From)
	to, errTo := time.Parse(time.DateOnly, b.To)
	switch {
	case errFrom != nil:
		c.add("from", "invalid", "must be a day such as 2026-03-01")
	case errTo != nil:
		c.add("to", "invalid", "must be a day such as 2026-03-31")
	case to.Before(from):
		c.add("to", "invalid", "must not be before from")
	}
	var ok bool
	if cost.Amount, ok = desk.ReadAmount(b.Amount); !ok {
		c.add("amount", "invalid", "must be a number that is not negative, with two decimal places at most")
	}
	if cost.Currency, ok = desk.ReadCurrency(b.Currency); !ok {
		c.add("currency", "invalid", "must be an ISO 4217 code such as EUR")
	}
	return cost, c
}
