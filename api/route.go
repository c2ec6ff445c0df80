package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// route is one line of the contract: who may take it and what it takes.
type route struct {
	method, path string
	summary      string
	group        string
	roles        []string // who may; admin always; nil: public
	status       int      // of a good answer; 0: 200
	body         any      // a value of the type that documents the body, or nil
	answer       any      // the same of the answer, where the handler's output does not say it
	media        string   // of the body; empty: application/json
	limit        int64    // of the body, decompressed, in bytes; 0: 1 MB
	secret       bool     // the answer shows a secret once: it is not stored
}

const (
	defaultLimit = 1 << 20
	eventsLimit  = 32 << 20
	importLimit  = 512 << 20
)

func (r route) pattern() string { return r.method + " " + r.path }

// add puts a route into the mux and the documentation. What the handler answers as an error leaves as a problem.
func add[I, O any](a *API, r route, h func(context.Context, *I) (*O, error)) {
	a.routes[r.pattern()] = r
	op := huma.Operation{
		Method: r.method, Path: r.path, Summary: r.summary, Tags: []string{r.group}, DefaultStatus: r.status,
		OperationID: operationID(r), Errors: []int{http.StatusUnprocessableEntity},
	}
	if r.roles != nil {
		op.Security = []map[string][]string{{"key": {}}}
		op.Description = "Roles: " + strings.Join(append([]string{"admin"}, r.roles...), ", ") + "."
		op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden)
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return out, nil
	})
	a.document(r)
}

// document adds what handlers that read bodies themselves cannot say by their types. It comes after the registration:
// huma would read the bodies it knows of.
func (a *API) document(r route) {
	op := operation(a.huma.OpenAPI().Paths[r.path], r.method)
	schema := func(v any) *huma.Schema {
		t := reflect.TypeOf(v)
		return a.huma.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
	}
	if r.body != nil {
		media := r.media
		if media == "" {
			media = "application/json"
		}
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{media: {Schema: schema(r.body)}}}
	}
	if r.answer != nil {
		for _, code := range []string{"200", "201", "202"} {
			if resp := op.Responses[code]; resp != nil {
				resp.Content = map[string]*huma.MediaType{"application/json": {Schema: schema(r.answer)}}
			}
		}
	}
}

func operation(p *huma.PathItem, method string) *huma.Operation {
	switch method {
	case http.MethodGet:
		return p.Get
	case http.MethodPost:
		return p.Post
	case http.MethodPatch:
		return p.Patch
	default:
		return p.Delete
	}
}

func operationID(r route) string {
	words := strings.FieldsFunc(strings.TrimPrefix(r.path, "/v1"), func(c rune) bool { return strings.ContainsRune("/{}.", c) })
	return strings.ToLower(r.method) + "-" + strings.Join(words, "-")
}
