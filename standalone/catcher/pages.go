package catcher

import (
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strconv"
)

//go:embed *.html *.css
var files embed.FS

var templates = template.Must(template.ParseFS(files, "*.html"))

const defaultLimit = 200

func (c *Catcher) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.list)
	mux.HandleFunc("GET /messages/{id}", c.one)
	mux.HandleFunc("GET /messages/{id}/html", c.html)
	mux.Handle("GET /style.css", http.FileServerFS(files))
	mux.HandleFunc("GET /api/messages", c.apiList)
	mux.HandleFunc("DELETE /api/messages", c.apiClear)
	mux.HandleFunc("GET /api/messages/{id}/raw", c.apiRaw)
	mux.HandleFunc("POST /api/messages/{id}/{answer}", c.apiAnswer)
	mux.HandleFunc("POST /messages/{id}/{answer}", c.pageAnswer)
	// A page elsewhere must not empty the box.
	return http.NewCrossOriginProtection().Handler(mux)
}

func (c *Catcher) asked(r *http.Request) (mails []*Message, limit int) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit <= 0 {
		limit = defaultLimit
	}
	return c.box.find(r.URL.Query().Get("to"), limit), limit
}

func (c *Catcher) list(w http.ResponseWriter, r *http.Request) {
	mails, limit := c.asked(r)
	slices.Reverse(mails)
	show(w, "list.html", map[string]any{"Mails": mails, "To": r.URL.Query().Get("to"), "Limit": limit, "More": 10 * limit})
}

func (c *Catcher) one(w http.ResponseWriter, r *http.Request) {
	m := c.box.get(r.PathValue("id"))
	if m == nil {
		http.Error(w, "There is no such mail; it may have been thrown away.", http.StatusNotFound)
		return
	}
	show(w, "one.html", m)
}

func show(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'")
	if err := templates.ExecuteTemplate(w, name, data); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
	}
}

// html is the mail as its reader sees it. It may run nothing and load nothing but pictures.
func (c *Catcher) html(w http.ResponseWriter, r *http.Request) {
	m := c.box.get(r.PathValue("id"))
	if m == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:")
	_, _ = w.Write([]byte(m.HTML))
}

func (c *Catcher) apiList(w http.ResponseWriter, r *http.Request) {
	items, _ := c.asked(r)
	if items == nil {
		items = []*Message{}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"items": items})
}

func (c *Catcher) apiClear(w http.ResponseWriter, _ *http.Request) {
	c.box.clear()
	w.WriteHeader(http.StatusNoContent)
}

func (c *Catcher) apiRaw(w http.ResponseWriter, r *http.Request) {
	m := c.box.get(r.PathValue("id"))
	if m == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "message/rfc822")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(m.raw)
}
