package api

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// parametersOf are the names of the query that the input of a route has, those of embedded parts among them.
func parametersOf(input reflect.Type) (names []string) {
	if input.Kind() != reflect.Struct {
		return nil
	}
	for i := range input.NumField() {
		f := input.Field(i)
		if name, _, _ := strings.Cut(f.Tag.Get("query"), ","); name != "" {
			names = append(names, name)
		} else if f.Anonymous {
			names = append(names, parametersOf(f.Type)...)
		}
	}
	return names
}

// checkParameters names parameters of the query of a read that the route does not know: a filter that is misspelt would else be a list of
// everything. Pages of websites send along what they like.
func (r route) checkParameters(query url.Values) error {
	if r.method != http.MethodGet || r.roles == nil || r.forSites() {
		return nil
	}
	var unknown []FieldError
	for name := range query {
		if !slices.Contains(r.parameters, name) {
			unknown = append(unknown, FieldError{Field: readable(name), Code: "unknown_parameter", Detail: takesParameters(r.parameters)})
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.SortFunc(unknown, func(a, b FieldError) int { return strings.Compare(a.Field, b.Field) })
	p := problem(http.StatusBadRequest, "unknown_parameter", "the query of the URL has parameters that this route does not know")
	p.Errors = unknown
	return p
}

func takesParameters(known []string) string {
	if len(known) == 0 {
		return "is no parameter of this route: it takes none"
	}
	return "is no parameter of this route: it takes " + strings.Join(known, ", ")
}
