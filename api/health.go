package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// health adds what machines ask before they send people here.
func (a *API) health() {
	a.mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "ok\n") })
	a.mux.HandleFunc("GET /readyz", a.ready)
	a.mux.HandleFunc("GET /healthz", a.ready)
	a.mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"version": record.Version, "go": runtime.Version()})
	})
	a.mux.HandleFunc("/", a.nothing)
	const plain, group = "text/plain", "Operation"
	a.tell("GET /livez", group, "Does the process run", plain, 200)
	a.tell("GET /readyz", group, "Can requests be answered; ?verbose names every check", plain, 200, 503)
	a.tell("GET /healthz", group, "The same as /readyz", plain, 200, 503)
	a.tell("GET /version", group, "Which version this is", "application/json", 200)
	a.tell("GET /docs", group, "The API for people", "text/html", 200)
	a.tell("GET /openapi.json", group, "The API for programs", "application/json", 200)
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

// ready reports whether requests can be answered. Temporal is told and not required: decisions wait for it, and the rest
// does not need it.
func (a *API) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	status, told := http.StatusOK, ""
	for _, c := range a.Checks {
		err := c.Run(ctx)
		switch {
		case err == nil:
			told += fmt.Sprintf("[+] %s ok\n", c.Name)
		case c.Required:
			status = http.StatusServiceUnavailable
			told += fmt.Sprintf("[-] %s failed: %v\n", c.Name, err)
		default:
			told += fmt.Sprintf("[!] %s is away (not required): %v\n", c.Name, err)
		}
	}
	if _, verbose := r.URL.Query()["verbose"]; !verbose {
		told = ""
	}
	text(w, status, told+map[bool]string{true: "ok\n", false: "not ready\n"}[status == http.StatusOK])
}

func text(w http.ResponseWriter, status int, said string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(said))
}
