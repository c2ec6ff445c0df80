package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/leadflow-dev/leadflow/domain/record"
)

type modelPreviewBody struct {
	Weeks int `json:"weeks,omitempty" minimum:"1" maximum:"52" doc:"weeks to play, back from now; absent: 8"`
}

const (
	previewWeeks = 8
	maxWeeks     = 52
)

// previewAnswer is 202 with the preview that began, or is under way.
type previewAnswer struct {
	Location string `header:"Location"`
	Body     record.ModelPreview
}

func (a *API) modelPreviews() {
	const at, group = "/v1/models/{version}/preview", "Models"
	add(a, route{
		method: http.MethodPost, path: at, group: group, summary: "Count in the background what a version would make of everybody; no score is changed",
		roles: marketers, status: http.StatusAccepted, body: modelPreviewBody{},
	}, a.beginModelPreview)
	add(a, route{method: http.MethodGet, path: at, group: group, summary: "The newest preview of a version, as far as it is counted", roles: everybody}, func(ctx context.Context, in *ModelVersion) (*out[record.ModelPreview], error) {
		p, err := a.Documents.ModelPreview(ctx, in.Version)
		return &out[record.ModelPreview]{p}, err
	})
	add(a, route{method: http.MethodPost, path: at + "/cancel", group: group, summary: "Stop a preview; what was counted stays to be read", roles: marketers}, func(ctx context.Context, in *ModelVersion) (*out[record.ModelPreview], error) {
		p, err := a.Documents.CancelModelPreview(ctx, in.Version)
		if errors.Is(err, record.ErrConflict) {
			err = problem(http.StatusConflict, "preview_over", "the preview is "+p.State+": there is nothing to stop")
		}
		return &out[record.ModelPreview]{p}, err
	})
}

func (a *API) beginModelPreview(ctx context.Context, in *ModelVersion) (*previewAnswer, error) {
	var b modelPreviewBody
	if len(bodyOf(ctx).data) > 0 {
		if err := decode(ctx, &b); err != nil {
			return nil, err
		}
	}
	if b.Weeks < 0 || b.Weeks > maxWeeks {
		return nil, invalid(FieldError{Field: "weeks", Code: "invalid", Detail: "must be from 1 to " + strconv.Itoa(maxWeeks)})
	}
	if b.Weeks == 0 {
		b.Weeks = previewWeeks
	}
	p, err := a.Documents.BeginModelPreview(ctx, in.Version, b.Weeks)
	if errors.Is(err, record.ErrNoModel) {
		err = problem(http.StatusConflict, "no_model", "no model is published that this version could be compared with: publish one")
	}
	return &previewAnswer{Location: "/v1/models/" + strconv.Itoa(in.Version) + "/preview", Body: p}, err
}
