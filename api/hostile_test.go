package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/document"
)

// hostile is what no field is meant to hold, as JSON. Each carries a mark that must not come back.
var hostile = []string{
	`"\u0000leak-me"`, `"leak-me\u0000"`, `"\ud800leak-me"`, `"leak-me\u202e"`, `"` + strings.Repeat("leak-me", 4000) + `"`, `"😀leak-me"`, `"../../leak-me"`, `"'; DROP TABLE leads; --leak-me"`,
	`1e400`, `-1`, `123456789012345678901234567890`, `1.5`, `true`, `null`, `[]`, `{}`, `["leak-me\u0000"]`, `{"name\u0000":{"name":"\u0000leak-me"}}`,
	strings.Repeat("[", 500) + strings.Repeat("]", 500), strings.Repeat(`{"name":`, 200) + `"leak-me"` + strings.Repeat("}", 200),
}

// Whatever is sent in any field of any body: it is taken, or refused with a problem that does not quote it. It never fails.
func TestBodies_hostileValuesAreTakenOrRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.paths()
	for _, op := range described().operations() {
		if op.fields == nil || op.path == "/v1/imports" || !strings.HasPrefix(op.path, "/v1/") {
			continue
		}
		for _, field := range append(slices.Clone(op.fields), "unheard_of") {
			for _, value := range hostile {
				w.refusesWell(op.method, at(op.path), `{"`+field+`":`+value+`}`)
			}
		}
		for _, body := range append([]string{"", "null", "7", `"leak-me"`, "[7]", "{", "{\"a\":1}{\"b\":2}", "\xff\xfe{}", "\ufeff{}", `{"a":1,"a":2}`, "name: [leak-me", "%PDF"}, hostile[0], hostile[5], hostile[19]) {
			w.refusesWell(op.method, at(op.path), body)
			w.refusesWell(op.method, at(op.path), body, "Content-Type", "application/yaml")
			w.refusesWell(op.method, at(op.path), body, "Content-Type", "application/x-ndjson")
		}
	}
}

// Nested values: profiles, sources, specs, events.
func TestBodies_hostileInnerValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.paths()
	for _, value := range hostile {
		for _, field := range []string{"first_name", "company_domain", "annual_revenue", "time_zone", "language", "phone", "country", "custom"} {
			w.refusesWell(http.MethodPost, "/v1/leads", `{"email":"a@person.example","profile":{"`+field+`":`+value+`}}`)
			w.refusesWell(http.MethodPatch, at("/v1/leads/{id}"), `{"profile":{"`+field+`":`+value+`}}`)
		}
		for _, body := range []string{
			`{"email":"a@person.example","source":{"channel":` + value + `}}`, `{"email":"a@person.example","source":{"referrer":` + value + `}}`,
			`{"email":"a@person.example","consent":{"purpose":` + value + `}}`, `{"email":"a@person.example","consent":{"purpose":"marketing","granted":` + value + `}}`,
			`{"email":"a@person.example","profile":{"custom":{"x":` + value + `}}}`,
		} {
			w.refusesWell(http.MethodPost, "/v1/leads", body)
		}
		w.refusesWell(http.MethodPost, "/v1/calendars", `{"name":"n","spec":{"time_zone":"UTC","weekly":{"mon":`+value+`}}}`)
		w.refusesWell(http.MethodPost, "/v1/calendars", `{"name":"n","spec":{"time_zone":"UTC","holidays":`+value+`}}`)
		for _, field := range []string{"id", "type", "occurred_at", "properties", "visitor_id", "email"} {
			w.refusesWell(http.MethodPost, "/v1/events", `[{"type":"page_view","email":"x@person.example","`+field+`":`+value+`}]`)
		}
	}
}

func TestQueries_hostileValuesAreTakenOrRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.paths()
	values := []string{
		"", "%00", "a%00", "%ff", "%F0%9F%98%80", "-1", "0", "201", "abc", "1.5", "99999999999999999999", "1", "nope", "..%2f", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
		uuid.NewString(), "%27%3B--", strings.Repeat("x", 3000), "a,b", "%25", "_", "%5C", "MTIz", "bm90LmE", "MDAuMDA",
	}
	for _, op := range described().operations() {
		for _, name := range op.query {
			for _, v := range values {
				w.refusesWell(op.method, at(op.path)+"?"+name+"="+v, nil)
			}
		}
	}
}

func TestPaths_thatNameNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, op := range described().operations() {
		if !strings.HasPrefix(op.path, "/v1/") || !strings.Contains(op.path, "{") {
			continue
		}
		for _, id := range []string{"%00", "%ff", "..%2f..%2fetc%2fpasswd", "not-an-id", uuid.NewString(), "urn:uuid:" + uuid.NewString(), strings.Repeat("9", 400), "-1", "%F0%9F%98%80", "0", "1"} {
			path := strings.NewReplacer("{id}", id, "{name}", id, "{version}", id).Replace(op.path)
			r := w.refusesWell(op.method, path, `{}`)
			if !strings.HasPrefix(op.path, "/v1/models/") {
				require.GreaterOrEqual(t, r.StatusCode, 400, "%s %s", op.method, path)
			}
			w.refusesWell(op.method, strings.NewReplacer("{id}", id, "{name}", id, "{version}", "1").Replace(op.path), `{}`)
		}
	}
}

// refusesWell sends it as an admin and looks at how it is answered, if it is refused.
func (w *world) refusesWell(method, path string, body any, header ...string) reply {
	w.t.Helper()
	r := w.as(api.RoleAdmin, method, path, body, header...)
	told := func() string {
		sent, _ := body.(string)
		return method + " " + path + " " + sent[:min(len(sent), 300)] + "\n" + r.raw[:min(len(r.raw), 600)]
	}
	if r.StatusCode >= 500 {
		w.t.Errorf("failed: %s", told())
	}
	if r.StatusCode >= 400 {
		w.isProblem(r)
		if strings.Contains(r.raw, "leak-me") {
			w.t.Errorf("echoes: %s", told())
		}
	}
	return r
}

// isProblem checks the shape of a problem.
func (w *world) isProblem(r reply) {
	w.t.Helper()
	require.Equal(w.t, "application/problem+json", r.Header.Get("Content-Type"), r.raw)
	require.NotEmpty(w.t, r.Header.Get("X-Request-Id"))
	require.Equal(w.t, r.Header.Get("X-Request-Id"), r.body["request_id"], r.raw)
	require.InDelta(w.t, r.StatusCode, r.body["status"], 0)
	require.Equal(w.t, "urn:leadflow:problem:"+r.body["code"].(string), r.body["type"])
	require.Equal(w.t, http.StatusText(r.StatusCode), r.body["title"])
	require.NotEmpty(w.t, r.body["detail"])
	for _, e := range list(r.body["errors"]) {
		for _, name := range []string{"field", "code", "detail"} {
			require.NotEmpty(w.t, e[name], r.raw)
		}
	}
}

func list(v any) (out []object) {
	all, _ := v.([]any)
	for _, one := range all {
		out = append(out, one.(object))
	}
	return out
}

// paths fills the parameters of a path with something that exists.
func (w *world) paths() func(string) string {
	w.t.Helper()
	made := map[string]string{}
	for path, body := range map[string]object{
		"/v1/leads": {"email": "made@person.example"}, "/v1/reps": {"name": "Made", "email": "made@sales.example"}, "/v1/teams": {"name": "Made"},
		"/v1/calendars": {"name": "made", "spec": object{"time_zone": "UTC", "weekly": object{"mon": []object{{"from": "09:00", "to": "17:00"}}}}},
	} {
		made[path] = w.admin(http.StatusCreated, http.MethodPost, path, body).body["id"].(string)
	}
	w.admin(http.StatusCreated, http.MethodPost, "/v1/routes", object{"source": string(document.DefaultRouting)})
	w.admin(http.StatusCreated, http.MethodPost, "/v1/predictors", kept(cardOfIt))
	made["/v1/policies"] = list(w.admin(http.StatusOK, http.MethodGet, "/v1/policies", nil).body["items"])[0]["id"].(string)
	return func(path string) string {
		id := uuid.NewString()
		for of, one := range made {
			if strings.HasPrefix(path, of+"/") {
				id = one
			}
		}
		return strings.NewReplacer("{id}", id, "{name}", "welcome", "{version}", "1").Replace(path)
	}
}

// spec is the API's own description.
type spec struct {
	Paths map[string]map[string]struct {
		Parameters []struct{ Name, In string }
		Responses  map[string]any
		Body       struct {
			Content map[string]struct {
				Schema struct {
					Ref string `json:"$ref"`
				}
			}
		} `json:"requestBody"`
	}
	Components struct {
		Schemas map[string]struct{ Properties map[string]any }
	}
}

type operation struct {
	method, path  string
	query, fields []string
	statuses      []string
}

// described is that description, read once, of the first world. It does not depend on what the API works with, and
// TestOpenAPI_isTheGoldenFile holds what a server answers against the same file.
func described() spec { return description.spec }

var description struct {
	once sync.Once
	spec spec
	err  error
}

func describe(door *api.API) error {
	description.once.Do(func() {
		var raw []byte
		if raw, description.err = door.OpenAPI(); description.err == nil {
			description.err = json.Unmarshal(raw, &description.spec)
		}
	})
	return description.err
}

func (s spec) operations() (out []operation) {
	for path, methods := range s.Paths {
		for method, op := range methods {
			o := operation{method: strings.ToUpper(method), path: path}
			for _, p := range op.Parameters {
				if p.In == "query" {
					o.query = append(o.query, p.Name)
				}
			}
			for _, media := range op.Body.Content {
				name, _ := url.PathUnescape(media.Schema.Ref[strings.LastIndexByte(media.Schema.Ref, '/')+1:])
				o.fields = []string{}
				for field := range s.Components.Schemas[name].Properties {
					o.fields = append(o.fields, field)
				}
			}
			for status := range op.Responses {
				o.statuses = append(o.statuses, status)
			}
			out = append(out, o)
		}
	}
	return out
}
