package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/record"
)

func (a *API) models() {
	a.performance()
	add(a, route{method: http.MethodGet, path: "/v1/models", group: "Models", summary: "List versions of the scoring model, newest first", roles: everybody}, func(ctx context.Context, in *Paged) (*out[record.Page[record.Model]], error) {
		page, err := a.Documents.Models(ctx, in.Cursor, in.Limit)
		return &out[record.Page[record.Model]]{page}, err
	})
	add(a, route{method: http.MethodPost, path: "/v1/models", group: "Models", summary: "Keep a model as a draft", roles: marketers, status: http.StatusCreated, body: written{}, otherMedia: yamlMedia}, a.createModel)
	type version struct {
		Version int `path:"version" minimum:"1" maximum:"2147483647"`
	}
	add(a, route{method: http.MethodGet, path: "/v1/models/{version}", group: "Models", summary: "Read a version, and how far it is on its way to everybody", roles: everybody}, func(ctx context.Context, in *version) (*out[record.Model], error) {
		m, err := a.Documents.Model(ctx, in.Version)
		return &out[record.Model]{m}, err
	})
	a.modelLife()
}

func (a *API) createModel(ctx context.Context, _ *struct{}) (*out[modelKept], error) {
	var w written
	if err := decodeDocument(ctx, &w); err != nil {
		return nil, err
	}
	parsed, err := a.parseModel(ctx, w.Source)
	if err != nil {
		return nil, err
	}
	warnings, err := a.doubts(ctx, w.Source, parsed)
	if err != nil {
		return nil, err
	}
	m, err := a.keepParsed(ctx, w, parsed)
	return &out[modelKept]{modelKept{m, warnings}}, err
}

func (a *API) sequences() {
	add(a, route{method: http.MethodGet, path: "/v1/sequences", group: "Sequences", summary: "List all versions of all sequences", roles: everybody}, func(ctx context.Context, in *Paged) (*out[record.Page[record.Sequence]], error) {
		page, err := a.Documents.Sequences(ctx, in.Cursor, in.Limit)
		return &out[record.Page[record.Sequence]]{page}, err
	})
	add(a, route{method: http.MethodPost, path: "/v1/sequences", group: "Sequences", summary: "Keep a sequence as a draft", roles: marketers, status: http.StatusCreated, body: written{}, otherMedia: yamlMedia}, a.createSequence)
	a.publications()
}

type sequenceQuery struct {
	Default bool `query:"default" doc:"where the body is the document itself"`
}

func (a *API) createSequence(ctx context.Context, in *sequenceQuery) (*out[record.Sequence], error) {
	w := written{Default: in.Default}
	if err := decodeDocument(ctx, &w); err != nil {
		return nil, err
	}
	parsed, err := document.ParseSequence([]byte(w.Source), a.sendable, a.Letters.CheckSequence)
	if err != nil {
		return nil, err
	}
	doc, err := json.Marshal(parsed)
	if err != nil {
		return nil, err
	}
	s, err := a.Documents.CreateSequence(ctx, record.Sequence{Name: parsed.Name, Default: w.Default, Source: w.Source, Document: doc})
	return &out[record.Sequence]{s}, err
}

type policyQuery struct {
	Active bool `query:"active" doc:"where the body is the document itself"`
}

func (a *API) policies() {
	add(a, route{method: http.MethodGet, path: "/v1/policies", group: "Policies", summary: "List policies, newest first", roles: everybody}, func(ctx context.Context, in *Paged) (*out[record.Page[record.Policy]], error) {
		page, err := a.Documents.Policies(ctx, in.Cursor, in.Limit)
		return &out[record.Page[record.Policy]]{page}, err
	})
	add(a, route{method: http.MethodPost, path: "/v1/policies", group: "Policies", summary: "Make a policy", roles: planners, status: http.StatusCreated, body: written{}, otherMedia: yamlMedia}, func(ctx context.Context, in *policyQuery) (*out[record.Policy], error) {
		p, err := a.decodePolicy(ctx, record.Policy{Active: in.Active})
		if err != nil {
			return nil, err
		}
		p, err = a.Documents.CreatePolicy(ctx, p)
		return &out[record.Policy]{p}, err
	})
	add(a, route{method: http.MethodGet, path: "/v1/policies/{id}", group: "Policies", summary: "Read a policy", roles: everybody}, func(ctx context.Context, in *ByID) (*out[record.Policy], error) {
		p, err := a.Documents.Policy(ctx, in.ID)
		return &out[record.Policy]{p}, err
	})
	add(a, route{method: http.MethodPatch, path: "/v1/policies/{id}", group: "Policies", summary: "Change a policy, or make it the active one", roles: planners, body: written{}, otherMedia: yamlMedia}, func(ctx context.Context, in *ByID) (*out[record.Policy], error) {
		p, err := a.Documents.Policy(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if p, err = a.decodePolicy(ctx, p); err != nil {
			return nil, err
		}
		p, err = a.Documents.UpdatePolicy(ctx, p)
		return &out[record.Policy]{p}, err
	})
}

func (a *API) decodePolicy(ctx context.Context, p record.Policy) (record.Policy, error) {
	w := written{Source: p.Source, Active: p.Active}
	if err := decodeDocument(ctx, &w); err != nil {
		return p, err
	}
	parsed, err := document.ParsePolicy([]byte(w.Source))
	if err != nil {
		return p, err
	}
	p.Document, err = json.Marshal(parsed)
	p.Name, p.Source, p.Active = parsed.Name, w.Source, w.Active
	return p, err
}
