package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/leadflow-dev/leadflow/domain/record"
)

type callsQuery struct {
	ModelVersion
	Paged
	LeadID string `query:"lead_id" doc:"only of this lead"`
}

func (a *API) shadows() {
	const at, group = "/v1/models/{version}/shadow", "Models"
	add(a, route{method: http.MethodPost, path: at, group: group, summary: "Let a version score along from now on, without any effect", roles: marketers}, func(ctx context.Context, in *ModelVersion) (*out[record.Shadow], error) {
		sh, err := a.Documents.BeginShadow(ctx, in.Version)
		switch {
		case errors.Is(err, record.ErrConflict):
			err = problem(http.StatusConflict, "model_published", "everybody is scored by this version already")
		case errors.Is(err, record.ErrTooMany):
			err = problem(http.StatusConflict, "too_many_shadows", "three versions score along already, and each makes every event dearer: end one (POST /v1/models/{version}/shadow/end)")
		}
		return &out[record.Shadow]{sh}, err
	})
	add(a, route{method: http.MethodPost, path: at + "/end", group: group, summary: "End to score along; what was said stays", roles: marketers}, func(ctx context.Context, in *ModelVersion) (*out[record.Shadow], error) {
		sh, err := a.Documents.EndShadow(ctx, in.Version)
		return &out[record.Shadow]{sh}, err
	})
	add(a, route{method: http.MethodGet, path: at, group: group, summary: "Compare what a version said while it scored along with what the published one said", roles: everybody}, func(ctx context.Context, in *ModelVersion) (*out[record.ShadowComparison], error) {
		c, err := a.Documents.CompareShadow(ctx, in.Version)
		return &out[record.ShadowComparison]{c}, err
	})
	add(a, route{method: http.MethodGet, path: at + "/calls", group: group, summary: "What both said at each moment at which one of them made a lead an MQL", roles: everybody}, func(ctx context.Context, in *callsQuery) (*out[record.Page[record.ShadowCall]], error) {
		page, err := a.Documents.ShadowCalls(ctx, in.Version, in.LeadID, in.Cursor, in.Limit)
		return &out[record.Page[record.ShadowCall]]{page}, err
	})
}
