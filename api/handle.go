package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// call is what is known of the request that is being handled. What passes it fills it in.
type call struct {
	id   string
	key  record.Key
	take func(n int) error // from the shares of the key; nil: nobody counts
	body *body
}

type callKey struct{}

// callOf is the call of a request; one that nobody began is empty.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{}
}

// requestID is the id of the request that is being handled.
func requestID(ctx context.Context) string { return callOf(ctx).id }

// handler is what every request passes, outermost first.
func (a *API) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, id := time.Now(), uuid.NewString()
		_, pattern := a.mux.Handler(r)
		ctx, end := a.begin(r, pattern, id)
		out := &answer{ResponseWriter: w}
		secure(out.Header(), id)
		defer func() {
			if why := recover(); why != nil {
				// What panicked may quote what was sent: only where it did is told.
				a.Log.ErrorContext(ctx, "a request panicked", "request_id", id, "route", pattern, "stack", string(debug.Stack()))
				if out.status == 0 {
					a.fail(ctx, out, problem(http.StatusInternalServerError, "internal", "something went wrong here; the log says what, under the request's id"))
				}
			}
			end(out.status)
			a.told(ctx, pattern, out.status, time.Since(began))
		}()
		r = r.WithContext(ctx)
		if asked := a.preflightOf(r); asked != "" {
			a.preflight(out, r, asked)
			return
		}
		a.pass(out, r, pattern)
	})
}

// begin puts the id of a request, and its span, where everything below finds them.
func (a *API) begin(r *http.Request, pattern, id string) (context.Context, func(status int)) {
	ctx, end := r.Context(), func(int) {}
	if a.Trace != nil && a.worth(pattern) {
		ctx, end = a.Trace(r, pattern, id)
	}
	return context.WithValue(ctx, callKey{}, &call{id: id}), end
}

// worth says whether requests of a route are worth a line and a span: not those of probes, of files, of doors that are
// none.
func (a *API) worth(pattern string) bool {
	_, known := a.routes[pattern]
	return known || strings.Contains(pattern, "{")
}

// told notes a request by its route, never by its path: paths hold tokens.
func (a *API) told(ctx context.Context, pattern string, status int, took time.Duration) {
	level := slog.LevelInfo
	if to := a.routes[pattern]; !a.worth(pattern) || to.direct && status < 400 {
		level = slog.LevelDebug // thousands a second; metrics count them
	}
	if pattern == "" || pattern == "/" {
		pattern = "none"
	}
	a.meters.timing.WithLabelValues(pattern, strconv.Itoa(status)).Observe(took.Seconds())
	if !a.Log.Enabled(ctx, level) {
		return
	}
	a.Log.LogAttrs(ctx, level, "request", slog.String("request_id", requestID(ctx)), slog.String("route", pattern),
		slog.Int("status", status), slog.Duration("took", took))
}

// pass checks the key, reads the body, and answers a repeated request from what was stored.
func (a *API) pass(w *answer, r *http.Request, pattern string) {
	to, known := a.routes[pattern]
	if !known {
		a.mux.ServeHTTP(w, r) // plain pages, and what does not exist
		return
	}
	ctx := r.Context()
	if to.roles != nil {
		if err := a.enter(w, r, to); err != nil {
			a.fail(ctx, w, a.problem(ctx, err))
			return
		}
		if to.byPeople() {
			ctx = record.ActingAs(ctx, lifecycle.Actor{Type: "key", ID: keyOf(ctx).ID})
			r = r.WithContext(ctx)
		}
	}
	err := checkURL(r.URL)
	if err == nil && r.URL.RawQuery != "" {
		err = to.checkParameters(r.URL.Query())
	}
	if err != nil {
		a.fail(ctx, w, a.problem(ctx, err))
		return
	}
	to.wait(w)
	if to.full != nil && to.full() {
		a.fail(ctx, w, busy())
		return
	}
	limit := to.bodyLimit()
	if keyOf(ctx).Role == RoleSite {
		limit = min(limit, defaultLimit)
	}
	b, err := readBody(r, limit, to.room)
	if err != nil {
		a.fail(ctx, w, a.problem(ctx, err))
		return
	}
	defer b.close()
	if err := to.checkMedia(b); err != nil {
		a.fail(ctx, w, a.problem(ctx, err))
		return
	}
	callOf(ctx).body = b
	r.Body = http.NoBody
	a.once(w, r, to, b)
}

// enter finds the key of a request, looks from which page it comes, and takes it from the key's limits.
func (a *API) enter(w http.ResponseWriter, r *http.Request, to route) error {
	ctx := r.Context()
	k, err := a.authorize(r, to)
	if err != nil {
		if a.problem(ctx, err).Status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Bearer realm="leadflow"`)
		}
		return err
	}
	if to.forSites() {
		if err := allowOrigin(w.Header(), r, k); err != nil {
			return err
		}
	}
	c := callOf(ctx)
	c.key, c.take = k, a.charging(a.limiter.byKey(k, r))
	return c.take(1)
}

// checkURL refuses what no name and no value can hold, and Postgres would not take.
func checkURL(u *url.URL) error {
	bad := func(text string) bool { return !utf8.ValidString(text) || strings.ContainsRune(text, 0) }
	if bad(u.Path) {
		return problem(http.StatusNotFound, "not_found", "there is nothing with this name")
	}
	if u.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return problem(http.StatusBadRequest, "invalid_query", "the query of the URL cannot be read; values are percent-encoded")
	}
	var c checks
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if bad(name) || slices.ContainsFunc(query[name], bad) {
			c.add(readable(name), "invalid", "must be valid UTF-8 without NUL characters")
		}
	}
	return c.err()
}

func (a *API) fail(ctx context.Context, w http.ResponseWriter, p *Problem) {
	p.RequestID = requestID(ctx)
	w.Header().Set("Content-Type", p.ContentType(""))
	p.after(w.Header())
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// What every answer says is written down once: each list is full, so whoever adds to it has one of their own.
var (
	noSniffing = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	noStore    = []string{"no-store"}
	noSources  = []string{"default-src 'none'; frame-ancestors 'none'"}
)

// secure are the headers of every answer, by their canonical names. Pages bring a policy of their own.
func secure(h http.Header, id string) {
	h["X-Request-Id"] = []string{id}
	h["X-Content-Type-Options"] = noSniffing
	h["Referrer-Policy"] = noReferrer
	h["Cache-Control"] = noStore
	h["Content-Security-Policy"] = noSources
}

// answer remembers the status of an answer.
type answer struct {
	http.ResponseWriter
	status int
}

func (w *answer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *answer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets the standard library find what it can do beyond writing.
func (w *answer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
