package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// ModelLife is what becomes of versions of the model: they are looked at, tried, published, put away. What is not there answers
// record.ErrNotFound.
type ModelLife interface {
	// ModelBefore is the newest version that is older than one.
	ModelBefore(ctx context.Context, version int) (record.Model, error)
	// FieldsHeld counts, of the newest leads, how many have each of the profile fields.
	FieldsHeld(ctx context.Context, fields []string, newest int) (leads int, held map[string]int, err error)
	// CountProperties counts, of events of the newest leads, which properties they have of those that a model looks at.
	CountProperties(ctx context.Context, p *scoring.PropertyCounts, newest int) error
	// PlanPublication says what it would do to publish a version, and does nothing.
	PlanPublication(ctx context.Context, version int) (record.ModelPublication, error)
	// RetireModel answers record.ErrConflict of the version that everybody is scored by.
	RetireModel(ctx context.Context, version int) (record.Model, error)
	// BeginModelPreview begins one, or answers the one under way; CancelModelPreview answers record.ErrConflict, with the newest,
	// where none is.
	BeginModelPreview(ctx context.Context, version, weeks int) (record.ModelPreview, error)
	ModelPreview(ctx context.Context, version int) (record.ModelPreview, error)
	CancelModelPreview(ctx context.Context, version int) (record.ModelPreview, error)
	// BeginShadow answers record.ErrConflict of the published version, and record.ErrTooMany.
	BeginShadow(ctx context.Context, version int) (record.Shadow, error)
	EndShadow(ctx context.Context, version int) (record.Shadow, error)
	CompareShadow(ctx context.Context, version int) (record.ShadowComparison, error)
	ShadowCalls(ctx context.Context, version int, leadID, cursor string, limit int) (record.Page[record.ShadowCall], error)
}

// modelKept is a draft, with what is doubtful about it.
type modelKept struct {
	record.Model
	Warnings []record.Warning `json:"warnings" nullable:"false"`
}

// modelPublished is a version, with what its publication does.
type modelPublished struct {
	record.Model
	Publication record.ModelPublication `json:"publication"`
}

type modelChecked struct {
	Version  int              `json:"version"`
	Warnings []record.Warning `json:"warnings" nullable:"false"`
}

// modelDiff is what one version changes of another.
type modelDiff struct {
	Version     int                  `json:"version"`
	Against     *int                 `json:"against"` // null: it is the first one
	Author      string               `json:"author"`
	Note        string               `json:"note"`
	Differences []scoring.Difference `json:"differences" nullable:"false"`
}

// ModelVersion is exported, as what is embedded must be for its parameters to be seen.
type ModelVersion struct {
	Version int `path:"version" minimum:"1" maximum:"2147483647"`
}

type publishQuery struct {
	ModelVersion
	DryRun bool `query:"dry_run" doc:"only say what it would do"`
}

type diffQuery struct {
	ModelVersion
	Against int `query:"against" minimum:"1" maximum:"2147483647" doc:"another version; absent: the one before"`
}

func (a *API) modelLife() {
	const at, group = "/v1/models/{version}", "Models"
	add(a, route{method: http.MethodPost, path: at + "/publish", group: group, summary: "Score everybody by this version; an older one rolls back", roles: marketers}, a.publishModel)
	add(a, route{method: http.MethodPost, path: at + "/retire", group: group, summary: "Put a version away that nobody is scored by", roles: marketers}, a.retireModel)
	add(a, route{method: http.MethodGet, path: at + "/diff", group: group, summary: "What a version changes of the one before or of any other, by rule and in words", roles: everybody}, a.diffModel)
	add(a, route{method: http.MethodGet, path: at + "/check", group: group, summary: "What a version says and will hardly mean, also by the newest leads", roles: everybody}, a.checkModel)
	a.modelPreviews()
	a.shadows()
}

func (a *API) publishModel(ctx context.Context, in *publishQuery) (*out[modelPublished], error) {
	plan, err := a.Documents.PlanPublication(ctx, in.Version)
	if err != nil {
		return nil, err
	}
	plan.DryRun = in.DryRun
	var m record.Model
	if in.DryRun {
		m, err = a.Documents.Model(ctx, in.Version)
	} else {
		m, err = a.Documents.PublishModel(ctx, in.Version)
	}
	return &out[modelPublished]{modelPublished{m, plan}}, err
}

func (a *API) retireModel(ctx context.Context, in *ModelVersion) (*out[record.Model], error) {
	m, err := a.Documents.RetireModel(ctx, in.Version)
	if errors.Is(err, record.ErrConflict) {
		err = problem(http.StatusConflict, "model_published", "everybody is scored by this version: publish another, which retires it")
	}
	return &out[record.Model]{m}, err
}

func (a *API) diffModel(ctx context.Context, in *diffQuery) (*out[modelDiff], error) {
	m, err := a.Documents.Model(ctx, in.Version)
	if err != nil {
		return nil, err
	}
	before := a.Documents.ModelBefore
	if in.Against != 0 {
		before = func(ctx context.Context, _ int) (record.Model, error) { return a.Documents.Model(ctx, in.Against) }
	}
	d := modelDiff{Version: m.Version, Author: m.Author, Note: m.Note, Differences: []scoring.Difference{}}
	was, err := before(ctx, in.Version)
	switch {
	case errors.Is(err, record.ErrNotFound) && in.Against == 0:
		return &out[modelDiff]{d}, nil
	case errors.Is(err, record.ErrNotFound):
		return nil, invalid(FieldError{Field: "against", Code: "unknown", Detail: "there is no version " + strconv.Itoa(in.Against)})
	case err != nil:
		return nil, err
	}
	d.Against = &was.Version
	var from, to scoring.Model
	if err := errors.Join(json.Unmarshal(was.Document, &from), json.Unmarshal(m.Document, &to)); err != nil {
		return nil, err
	}
	d.Differences = append(d.Differences, from.Diff(to)...)
	return &out[modelDiff]{d}, nil
}

func (a *API) checkModel(ctx context.Context, in *ModelVersion) (*out[modelChecked], error) {
	m, err := a.Documents.Model(ctx, in.Version)
	if err != nil {
		return nil, err
	}
	var doc scoring.Model
	if err := json.Unmarshal(m.Document, &doc); err != nil {
		return nil, err
	}
	warnings, err := a.doubts(ctx, m.Source, doc)
	return &out[modelChecked]{modelChecked{m.Version, warnings}}, err
}

// newestLeads are so many that a field which none of them has will hardly be filled by others.
const newestLeads = 2000

// doubts are what a model says and will hardly mean: by itself, and by the leads there are.
func (a *API) doubts(ctx context.Context, source string, m scoring.Model) ([]record.Warning, error) {
	contradicting, doubtful := m.Sense()
	found := append(contradicting, doubtful...)
	if fields := m.FieldNames(); len(fields) > 0 {
		leads, held, err := a.Documents.FieldsHeld(ctx, fields, newestLeads)
		if err != nil {
			return nil, err
		}
		found = append(found, m.Unheld(leads, held)...)
	}
	properties := m.Properties()
	if len(properties.Types()) > 0 {
		if err := a.Documents.CountProperties(ctx, properties, newestLeads); err != nil {
			return nil, err
		}
		found = append(found, properties.Unheld(newestLeads)...)
	}
	return document.Warnings([]byte(source), found), nil
}
