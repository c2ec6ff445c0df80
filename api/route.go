package api

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// route is one line of the contract: who may take it and what it takes.
type route struct {
	method, path string
	summary      string
	group        string
	roles        []string // who may; admin always; nil: public
	status       int      // of a good answer; 0: 200
	also         []int    // what else is answered, beside what every route of its kind answers
	body         any      // a value of the type that documents the body, or nil
	answer       any      // the same of the answer, where the handler's output does not say it
	media        string   // of the body; empty: application/json
	otherMedia   []string // of the body as well
	limit        int64    // of the body, decompressed, in bytes; 0: 1 MB
	long         bool     // a file goes in or out: it takes longer than an answer
	secret       bool     // the answer shows a secret, or a person's data, once: that is not stored

	intake     bool        // leads come in by it: what it changes is no person's of the house
	direct     bool        // taken so often that huma's way there would show: huma documents it, and is not asked
	full       func() bool // nothing can be taken, so the body need not be read; nil: never
	parameters []string    // of the query, by name

	room *room // what the bodies of the route may take up together; nil: not bounded
}

const (
	defaultLimit = 1 << 20
	eventsLimit  = 32 << 20
	importLimit  = 512 << 20

	filePatience = time.Hour
)

// jsonMedia is what JSON comes as; the last ones are what tools send when nobody told them.
var jsonMedia = []string{"", "application/json", "text/json", "text/plain", "application/x-www-form-urlencoded"}

// checkMedia refuses a body that says to be something else than the route reads.
func (r route) checkMedia(b *body) error {
	kind := mediaOf(b.media)
	known := slices.Contains(jsonMedia, kind) || strings.HasSuffix(kind, "+json") || slices.Contains(r.otherMedia, kind)
	if r.media != "" || known || len(b.data) == 0 && b.file == nil {
		return nil
	}
	takes := append([]string{"application/json"}, r.otherMedia...)
	return problem(http.StatusUnsupportedMediaType, "unsupported_media_type", "this route takes "+strings.Join(takes, ", "))
}

// mediaOf is a media type without its parameters.
func mediaOf(media string) string {
	if media == "application/json" || media == "application/x-ndjson" {
		return media // as nearly everybody writes them
	}
	kind, _, _ := mime.ParseMediaType(media)
	return kind
}

// wait gives the connection the time that a whole file takes on a slow line.
func (r route) wait(w http.ResponseWriter) {
	if !r.long {
		return
	}
	c, until := http.NewResponseController(w), time.Now().Add(filePatience)
	_ = c.SetReadDeadline(until) // where it cannot be set, the server's own holds
	_ = c.SetWriteDeadline(until)
}

func (r route) pattern() string { return r.method + " " + r.path }

// takesBody reports whether a body is read at all.
func (r route) takesBody() bool { return r.method == http.MethodPost || r.method == http.MethodPatch }

// byPeople reports whether what the route changes goes into the audit log: not what websites and sources of leads send in
// floods, which profile, touches and timeline tell of.
func (r route) byPeople() bool {
	return r.method != http.MethodGet && !r.direct && !r.forSites() && !r.intake
}

// forSites reports whether scripts of web pages may take the route, with a site key.
func (r route) forSites() bool { return slices.Contains(r.roles, RoleSite) }

func (r route) bodyLimit() int64 {
	switch {
	case !r.takesBody():
		return 0
	case r.limit == 0:
		return defaultLimit
	}
	return r.limit
}

// problems are the statuses of problems that a route of this kind may answer.
func (r route) problems() []int {
	all := []int{http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}
	if r.roles != nil {
		all = append(all, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests)
	}
	if strings.Contains(r.path, "{") {
		all = append(all, http.StatusNotFound)
	}
	if strings.HasPrefix(r.path, "/v1/leads/{id}") {
		all = append(all, http.StatusGone)
	}
	if r.takesBody() { // 409: the same Idempotency-Key under way, or what is taken, in use or refused
		all = append(all, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusConflict)
	}
	for _, status := range r.also {
		if status >= 400 {
			all = append(all, status)
		}
	}
	return all
}

// add puts a route into the mux and the documentation. What the handler answers as an error leaves as a problem.
func add[I, O any](a *API, r route, h func(context.Context, *I) (*O, error)) {
	r.parameters = parametersOf(reflect.TypeFor[I]())
	a.routes[r.pattern()] = r
	op := huma.Operation{
		Method: r.method, Path: r.path, Summary: r.summary, Tags: []string{r.group}, DefaultStatus: r.status,
		OperationID: operationID(r), Errors: r.problems(),
	}
	if r.roles != nil {
		op.Security = []map[string][]string{{"key": {}}}
		op.Description = "Roles: " + strings.Join(append([]string{"admin"}, r.roles...), ", ") + "."
	}
	if r.direct {
		a.direct[r.pattern()] = func(w http.ResponseWriter, req *http.Request) { direct(a, w, req, r.status, h) }
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

// direct answers without huma what a handler answers that reads its request itself.
func direct[I, O any](a *API, w http.ResponseWriter, r *http.Request, status int, h func(context.Context, *I) (*O, error)) {
	ctx := r.Context()
	answer, err := h(ctx, new(I))
	if err != nil {
		a.fail(ctx, w, a.problem(ctx, err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(any(answer).(interface{ body() any }).body())
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
		op.RequestBody = &huma.RequestBody{Required: true, Content: content(media, schema(r.body))}
		for _, media := range r.otherMedia {
			op.RequestBody.Content[media] = &huma.MediaType{}
		}
	}
	for _, status := range r.also {
		if status < 400 {
			op.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Headers: op.Responses[strconv.Itoa(max(r.status, http.StatusOK))].Headers}
		}
	}
	if r.answer != nil {
		for _, code := range []string{"200", "201", "202"} {
			if resp := op.Responses[code]; resp != nil {
				resp.Content = content("application/json", schema(r.answer))
			}
		}
		if slices.Contains(r.also, http.StatusAccepted) {
			op.Responses["202"].Content = content("application/json", schema(pending{}))
		}
	}
}

func content(media string, s *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{media: {Schema: s}}
}

var parameters = regexp.MustCompile(`\{([a-z]+)\}`)

// tell documents a plain page, which answers in a media type of its own.
func (a *API) tell(pattern, group, summary, media string, statuses ...int) {
	method, path, _ := strings.Cut(pattern, " ")
	op := &huma.Operation{
		Method: method, Path: path, Summary: summary, Tags: []string{group}, OperationID: operationID(route{method: method, path: path}),
		Responses: map[string]*huma.Response{},
	}
	for _, name := range parameters.FindAllStringSubmatch(path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name[1], In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
	}
	for _, status := range statuses {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: content(media, nil)}
	}
	a.huma.OpenAPI().AddOperation(op)
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
