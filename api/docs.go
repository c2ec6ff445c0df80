package api

import (
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var docsPage = template.Must(template.ParseFS(pages, "pages/docs.html"))

// docs adds the API's own description: a page of ours, which loads nothing from anywhere else.
func (a *API) docs() {
	spec := sync.OnceValues(a.OpenAPI)
	a.mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, r *http.Request) {
		raw, err := spec()
		if err != nil {
			a.fail(r.Context(), w, a.problem(r.Context(), err))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(raw)
	})
	a.mux.Handle("GET /{$}", http.RedirectHandler("/docs", http.StatusSeeOther)) // who opens the address sees what there is
	groups := sync.OnceValue(a.groups)
	a.mux.HandleFunc("GET /docs", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		pagePolicy(w.Header())
		_ = docsPage.Execute(w, map[string]any{"Version": record.Version, "URL": "http://" + r.Host, "Groups": groups()})
	})
}

type (
	docGroup struct {
		Name       string
		Operations []docOperation
	}
	docOperation struct {
		Method, Path, Summary, Description, Body string
		Parameters                               []*huma.Param
		Answers                                  []docAnswer
	}
	docAnswer struct{ Status, Body string }
)

// groups sorts the operations as a reader looks for them.
func (a *API) groups() []docGroup {
	byName := map[string][]docOperation{}
	for path, item := range a.huma.OpenAPI().Paths {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
			if op := operation(item, method); op != nil {
				byName[op.Tags[0]] = append(byName[op.Tags[0]], a.docOperation(method, path, op))
			}
		}
	}
	var out []docGroup
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		ops := byName[name]
		slices.SortFunc(ops, func(x, y docOperation) int { return strings.Compare(x.Path+x.Method, y.Path+y.Method) })
		out = append(out, docGroup{name, ops})
	}
	return out
}

func (a *API) docOperation(method, path string, op *huma.Operation) docOperation {
	d := docOperation{Method: method, Path: path, Summary: op.Summary, Description: op.Description, Parameters: op.Parameters}
	if op.RequestBody != nil {
		media := slices.Sorted(maps.Keys(op.RequestBody.Content))
		for _, name := range media {
			if m := op.RequestBody.Content[name]; m.Schema != nil {
				d.Body = a.example(m.Schema)
			}
		}
		if len(media) > 1 || media[0] != "application/json" {
			d.Body = strings.Join(media, ", ") + "\n" + d.Body
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		answer := docAnswer{Status: status}
		if m := op.Responses[status].Content["application/json"]; m != nil {
			answer.Body = a.example(m.Schema)
		}
		if status < "300" || status == "default" && answer.Body != "" {
			d.Answers = append(d.Answers, answer)
		}
	}
	return d
}

// example is a schema as a reader wants it: the fields, each with its type.
func (a *API) example(s *huma.Schema) string {
	raw, err := json.MarshalIndent(a.shape(s, 0), "", "  ")
	if err != nil {
		return ""
	}
	return string(raw)
}

func (a *API) shape(s *huma.Schema, depth int) any {
	if s != nil && s.Ref != "" {
		s = a.huma.OpenAPI().Components.Schemas.SchemaFromRef(s.Ref)
	}
	switch {
	case s == nil || depth > 6:
		return "..."
	case len(s.Properties) > 0:
		fields := map[string]any{}
		for name, p := range s.Properties {
			fields[name] = a.shape(p, depth+1)
		}
		return fields
	case s.Items != nil:
		return []any{a.shape(s.Items, depth+1)}
	}
	told := s.Type
	for _, more := range []string{s.Format, s.Description} {
		if more != "" {
			told += ", " + more
		}
	}
	if len(s.Enum) > 0 {
		raw, _ := json.Marshal(s.Enum)
		told += " " + string(raw)
	}
	if told == "" {
		told = "any"
	}
	return told
}
