package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

// Routing is who gets which lead: documents, absences, the ledger. What is not there answers record.ErrNotFound.
type Routing interface {
	Routes(ctx context.Context, cursor string, limit int) (record.Page[record.Route], error)
	Route(ctx context.Context, version int) (record.Route, error)
	CreateRoute(ctx context.Context, r record.Route) (record.Route, error)
	PublishRoute(ctx context.Context, version int) (record.Route, error)
	RetireRoute(ctx context.Context, version int) (record.Route, error)
	// PreviewRoute plays a document over the last leads, and writes nothing.
	PreviewRoute(ctx context.Context, doc routing.Document, last int) (record.RoutePreview, error)
	// Named finds teams by name or id, and reps by address or id.
	Named(ctx context.Context, teams, reps []string) (teamIDs, repIDs map[string]string, err error)
	Routed(ctx context.Context, leadID, cursor string, limit int) (record.Page[record.Routed], error)
	Absences(ctx context.Context, repID string, past bool) ([]record.Absence, error)
	AddAbsence(ctx context.Context, a record.Absence) (record.Absence, error)
	RemoveAbsence(ctx context.Context, repID, id string) error
}

type routeVersion struct {
	Version int `path:"version" minimum:"1" maximum:"2147483647"`
}

type routePreviewBody struct {
	Source string `json:"source,omitempty" doc:"the document, YAML or JSON, as text"`
	Last   int    `json:"last,omitempty" minimum:"1" maximum:"1000" doc:"how many leads, from the newest back; absent: 100"`
}

// Bounds of a preview.
const (
	defaultPreview = 100
	maxPreview     = 1000
)

func (a *API) routing() {
	const path, group = "/v1/routes", "Routing"
	add(a, route{method: http.MethodGet, path: path, group: group, summary: "List versions of the routing document, newest first", roles: everybody}, func(ctx context.Context, in *Paged) (*out[record.Page[record.Route]], error) {
		page, err := a.Routing.Routes(ctx, in.Cursor, in.Limit)
		return &out[record.Page[record.Route]]{page}, err
	})
	add(a, route{method: http.MethodPost, path: path, group: group, summary: "Keep a routing document as a draft", roles: operators, status: http.StatusCreated, body: written{}, otherMedia: yamlMedia}, a.createRoute)
	add(a, route{method: http.MethodGet, path: path + "/{version}", group: group, summary: "Read a version", roles: everybody}, func(ctx context.Context, in *routeVersion) (*out[record.Route], error) {
		r, err := a.Routing.Route(ctx, in.Version)
		return &out[record.Route]{r}, err
	})
	add(a, route{method: http.MethodPost, path: path + "/{version}/publish", group: group, summary: "Route leads by this version", roles: operators}, func(ctx context.Context, in *routeVersion) (*out[record.Route], error) {
		r, err := a.Routing.PublishRoute(ctx, in.Version)
		return &out[record.Route]{r}, err
	})
	add(a, route{method: http.MethodPost, path: path + "/{version}/retire", group: group, summary: "Take a version out of use; where it is the published one, everybody goes in turn", roles: operators}, func(ctx context.Context, in *routeVersion) (*out[record.Route], error) {
		r, err := a.Routing.RetireRoute(ctx, in.Version)
		return &out[record.Route]{r}, err
	})
	add(a, route{method: http.MethodPost, path: path + "/{version}/preview", group: group, summary: "Who would have got what by this version; writes nothing", roles: everybody, body: routePreviewBody{}}, a.previewVersion)
	add(a, route{method: http.MethodPost, path: path + "/preview", group: group, summary: "Who would have got what by a document that is not kept; writes nothing", roles: everybody, body: routePreviewBody{}}, a.previewDocument)
	add(a, route{method: http.MethodGet, path: "/v1/leads/{id}/routing", group: group, summary: "Explain who was offered the lead, and why: candidates, why each was left out, the choice", roles: everybody}, func(ctx context.Context, in *PagedByID) (*out[record.Page[record.Routed]], error) {
		page, err := a.Routing.Routed(ctx, in.ID, in.Cursor, in.Limit)
		return &out[record.Page[record.Routed]]{page}, err
	})
}

func (a *API) createRoute(ctx context.Context, _ *struct{}) (*out[record.Route], error) {
	var w written
	if err := decodeDocument(ctx, &w); err != nil {
		return nil, err
	}
	var c checks
	if w.Active {
		c.add("active", "invalid", "belongs to policies: a routing document is published by POST /v1/routes/{version}/publish")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	parsed, err := a.parseRouting(ctx, w.Source)
	if err != nil {
		return nil, err
	}
	doc, err := json.Marshal(parsed)
	if err != nil {
		return nil, err
	}
	r, err := a.Routing.CreateRoute(ctx, record.Route{Source: w.Source, Document: doc, Note: w.Note, Author: keyOf(ctx).Name})
	return &out[record.Route]{r}, err
}

// parseRouting reads a document and puts ids in the place of names. Who is not there is told with its place, like every mistake.
func (a *API) parseRouting(ctx context.Context, source string) (routing.Document, error) {
	var teams, reps map[string]string
	var failed error
	d, err := document.ParseRouting([]byte(source), func(d routing.Document) []routing.Problem {
		wantTeams, wantReps := d.Names()
		if teams, reps, failed = a.Routing.Named(ctx, wantTeams, wantReps); failed != nil {
			return nil
		}
		return strangers(d, teams, reps)
	})
	if failed != nil {
		return d, failed
	}
	return d.Resolve(teams, reps), err
}

// strangers are the teams and reps that are not there.
func strangers(d routing.Document, teams, reps map[string]string) (problems []routing.Problem) {
	add := func(path, what, how string) {
		problems = append(problems, routing.Problem{Path: path, Message: fmt.Sprintf("is no %s that is there: %s", what, how)})
	}
	const howRep, howTeam = "give the address of one of `leadflow rep list`, or the id", "give the name of one of `leadflow team list`, or the id"
	for i, r := range d.Rules {
		if r.Rep != "" && reps[r.Rep] == "" {
			add(fmt.Sprintf("rules[%d].rep", i), "rep", howRep)
		}
	}
	for name, p := range d.Pools {
		if p.Team != "" && teams[p.Team] == "" {
			add("pools."+name+".team", "team", howTeam)
		}
		for i, r := range p.Reps {
			if reps[r] == "" {
				add(fmt.Sprintf("pools.%s.reps[%d]", name, i), "rep", howRep)
			}
		}
	}
	slices.SortFunc(problems, func(x, y routing.Problem) int { return strings.Compare(x.Path, y.Path) })
	return problems
}

func (a *API) previewVersion(ctx context.Context, in *routeVersion) (*out[record.RoutePreview], error) {
	r, err := a.Routing.Route(ctx, in.Version)
	if err != nil {
		return nil, err
	}
	var b routePreviewBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	if b.Source != "" {
		return nil, invalid(FieldError{Field: "source", Code: "unknown_field", Detail: "the version says what it is; POST /v1/routes/preview takes a document"})
	}
	var doc routing.Document
	if err := json.Unmarshal(r.Document, &doc); err != nil {
		return nil, err
	}
	return a.routePreview(ctx, doc, b.Last)
}

func (a *API) previewDocument(ctx context.Context, _ *struct{}) (*out[record.RoutePreview], error) {
	var b routePreviewBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	doc, err := a.parseRouting(ctx, b.Source)
	if err != nil {
		return nil, err
	}
	return a.routePreview(ctx, doc, b.Last)
}

func (a *API) routePreview(ctx context.Context, doc routing.Document, last int) (*out[record.RoutePreview], error) {
	switch {
	case last == 0:
		last = defaultPreview
	case last < 0 || last > maxPreview:
		return nil, invalid(FieldError{Field: "last", Code: "invalid", Detail: fmt.Sprintf("must be 1 to %d", maxPreview)})
	}
	p, err := a.Routing.PreviewRoute(ctx, doc, last)
	return &out[record.RoutePreview]{p}, err
}
