package api

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// Exports writes everything that is kept of a person.
type Exports interface {
	// ExportLead answers record.ErrNotFound or record.ErrErased before it writes.
	ExportLead(ctx context.Context, leadID string, w io.Writer) error
}

func (a *API) export() {
	const path = "/v1/leads/{id}/export"
	add(a, route{method: http.MethodGet, path: path, group: "Leads", summary: "Everything that is kept of a person, and nothing of others", roles: operators, long: true}, a.exportLead)
	operation(a.huma.OpenAPI().Paths[path], http.MethodGet).Responses["200"].Content = content("application/json", nil)
}

func (a *API) exportLead(ctx context.Context, in *ByID) (*huma.StreamResponse, error) {
	if _, err := a.Reads.Lead(ctx, in.ID); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", "application/json")
		c.SetHeader("Content-Disposition", `attachment; filename="lead-`+in.ID+`.json"`)
		if err := a.Exports.ExportLead(ctx, in.ID, c.BodyWriter()); err != nil && !errors.Is(err, context.Canceled) {
			a.Log.ErrorContext(ctx, "an export was cut short", "lead", in.ID, "error", err)
		}
	}}, nil
}
