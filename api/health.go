package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// checkTime is how long one check of /readyz may take.
const checkTime = 2 * time.Second

func (a *API) health() {
	Health(a.mux, a.Checks)
	a.mux.HandleFunc("/", a.nothing)
	const plain, group = "text/plain", "Operation"
	a.tell("GET /livez", group, "Does the process run", plain, 200)
	a.tell("GET /readyz", group, "Can requests be answered; ?verbose names every check", plain, 200, 503)
	a.tell("GET /healthz", group, "The same as /readyz", plain, 200, 503)
	a.tell("GET /version", group, "Which version this is", "application/json", 200)
	a.tell("GET /docs", group, "The API for people", "text/html", 200)
	a.tell("GET /openapi.json", group, "The API for programs", "application/json", 200)
}

// Health adds what machines ask before they send people here: whether the process lives, whether requests can be
// answered (?verbose lists each part), and which version it is.
func Health(mux *http.ServeMux, checks []Check) {
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", ready(checks))
	mux.HandleFunc("GET /healthz", ready(checks))
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"version": record.Version, "go": runtime.Version()})
	})
}

// nothing answers what is no route: with the methods of the path, where it has some.
func (a *API) nothing(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
		if _, pattern := a.mux.Handler(&http.Request{Method: method, URL: r.URL, Host: r.Host}); pattern != "/" && pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		a.fail(r.Context(), w, problem(http.StatusMethodNotAllowed, "method_not_allowed", "this route takes "+strings.Join(allowed, ", ")))
		return
	}
	a.fail(r.Context(), w, problem(http.StatusNotFound, "not_found", "there is no such route; /docs lists them"))
}

// ready reports whether requests can be answered. What is not required is only looked at for those who want to know: a
// part that does not answer must not slow down a probe it has no say in.
func ready(checks []Check) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, verbose := r.URL.Query()["verbose"]
		found := make([]error, len(checks))
		var all sync.WaitGroup
		for i, c := range checks {
			if c.Required || verbose {
				all.Go(func() {
					ctx, cancel := context.WithTimeout(r.Context(), checkTime)
					defer cancel()
					found[i] = c.Run(ctx)
				})
			}
		}
		all.Wait()
		status, told := http.StatusOK, ""
		for i, c := range checks {
			switch err := found[i]; {
			case err == nil:
				told += fmt.Sprintf("[+] %s ok\n", c.Name)
			case c.Required:
				status = http.StatusServiceUnavailable
				told += fmt.Sprintf("[-] %s failed: %v\n", c.Name, err)
			default:
				told += fmt.Sprintf("[!] %s %s (not required): %v\n", c.Name, cmp.Or(c.Trouble, "is away"), err)
			}
		}
		if !verbose {
			told = ""
		}
		text(w, status, told+map[bool]string{true: "ok\n", false: "not ready\n"}[status == http.StatusOK])
	}
}

func text(w http.ResponseWriter, status int, said string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(said))
}
