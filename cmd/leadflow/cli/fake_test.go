package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	fakeKey   = "lf_test"
	knownLead = "0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59"
	goneLead  = "0199a2c4-7e3b-7c11-9a50-000000000410"
	wonLead   = "0199a2c4-7e3b-7c11-9a50-000000000409"
	lateLead  = "0199a2c4-7e3b-7c11-9a50-000000000202"
)

// fakeAPI answers by the shapes of the contract and remembers what it was asked.
type fakeAPI struct {
	server *httptest.Server

	mu      sync.Mutex
	log     []string
	idem    map[string]bool
	looks   int // at the import that runs
	outages int // looks answered with 503
	dry     bool
	fails   int // rows of the import that fail
}

func newFakeAPI() *fakeAPI {
	a := &fakeAPI{idem: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/leads", a.leads)
	mux.HandleFunc("POST /v1/leads", a.capture)
	mux.HandleFunc("GET /v1/leads/{id}", a.lead)
	mux.HandleFunc("DELETE /v1/leads/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /v1/leads/{id}/{part}", a.part)
	mux.HandleFunc("POST /v1/leads/{id}/{decision}", a.decide)
	mux.HandleFunc("POST /v1/imports", a.importFile)
	mux.HandleFunc("GET /v1/imports/{id}", a.importState)
	mux.HandleFunc("POST /v1/imports/{id}/undo", a.importUndo)
	mux.HandleFunc("GET /v1/imports/{id}/undo", func(w http.ResponseWriter, _ *http.Request) {
		answerWith(w, http.StatusOK, map[string]any{"items": []any{map[string]any{"lead_id": "lead-1", "row": 7, "outcome": "partly", "left": []any{map[string]any{"what": "city", "reason": "changed_since"}}}}})
	})
	mux.HandleFunc("POST /v1/imports/{id}/cancel", func(w http.ResponseWriter, r *http.Request) {
		answerWith(w, http.StatusOK, map[string]any{"id": r.PathValue("id"), "state": "cancelled", "rows": 20, "created": 5})
	})
	mux.HandleFunc("GET /v1/imports", func(w http.ResponseWriter, _ *http.Request) {
		answerWith(w, http.StatusOK, map[string]any{"items": []any{map[string]any{"id": "imp-1", "state": "done", "rows": 20, "encoding": "utf-8", "delimiter": ","}}})
	})
	mux.HandleFunc("GET /v1/imports/{id}/errors.csv", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "Email,row,column,error\nnobody,3,Email,is no address\n")
	})
	mux.HandleFunc("GET /v1/models/{version}", a.modelState)
	mux.HandleFunc("GET /v1/models/{version}/performance", performance)
	mux.HandleFunc("GET /v1/leads/{id}/score/series", scoreSeries)
	modelLives(mux)
	mux.HandleFunc("DELETE /v1/keys/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("POST /v1/sequences/{name}/{version}/preview", previewShape)
	mux.HandleFunc("GET /v1/sequences/{name}/{version}/coverage", func(w http.ResponseWriter, _ *http.Request) {
		answerWith(w, http.StatusOK, map[string]any{"leads": 50, "variables": []any{
			map[string]any{"name": "first_name", "steps": []string{"hello", "again"}, "missing": 9, "percent": 18}, map[string]any{"name": "city", "steps": []string{"hello"}, "missing": 0, "percent": 0},
		}})
	})
	mux.HandleFunc("GET /v1/analytics/sla", slaReport)
	mux.HandleFunc("POST /v1/costs/import", func(w http.ResponseWriter, _ *http.Request) {
		answerWith(w, http.StatusOK, map[string]any{"added": 1, "known": 1, "rejected": 1, "errors": []any{map[string]any{"row": 3, "field": "amount", "detail": "must be a number"}}})
	})
	for _, report := range []string{"rules", "patterns", "personas", "gaps"} {
		mux.HandleFunc("GET /v1/analytics/"+report, insights)
	}
	mux.HandleFunc("POST /v1/models/{version}/suggest", suggestion)
	mux.HandleFunc("GET /v1/analytics/{report}", otherReport)
	mux.HandleFunc("GET /v1/analytics/{report}/leads", otherReport)
	mux.HandleFunc("GET /v1/leads/{id}/questions", asked)
	mux.HandleFunc("POST /v1/leads/{id}/questions", asked)
	mux.HandleFunc("POST /v1/leads/{id}/answers", asked)
	mux.HandleFunc("/", a.house)
	a.server = httptest.NewServer(a.recorded(mux))
	return a
}

// recorded logs each request in one line and checks what every one of them needs.
func (a *fakeAPI) recorded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(raw))
		a.mu.Lock()
		a.log = append(a.log, fmt.Sprintf("%s %s %s", r.Method, r.URL.RequestURI(), shownBody(r.Header, raw)))
		idem := r.Header.Get("Idempotency-Key")
		fresh := idem != "" && !a.idem[idem]
		a.idem[idem] = true
		a.mu.Unlock()
		switch {
		case r.Header.Get("Authorization") != "Bearer "+fakeKey:
			problemWith(w, http.StatusUnauthorized, "unauthorized", "a key is needed", nil)
		case r.Method == http.MethodPost && !fresh:
			problemWith(w, http.StatusUnprocessableEntity, "invalid", "no fresh Idempotency-Key", nil)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// shownBody is a body on one line; of a form, its parts by name.
func shownBody(h http.Header, raw []byte) string {
	media, params, _ := mime.ParseMediaType(h.Get("Content-Type"))
	if media != "multipart/form-data" {
		return string(raw)
	}
	form, err := multipart.NewReader(bytes.NewReader(raw), params["boundary"]).ReadForm(1 << 20)
	if err != nil {
		return "broken form: " + err.Error()
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(form.File)) {
		f, _ := form.File[name][0].Open()
		content, _ := io.ReadAll(f)
		parts = append(parts, fmt.Sprintf("%s=%q", name, content))
	}
	for _, name := range slices.Sorted(maps.Keys(form.Value)) {
		parts = append(parts, name+"="+form.Value[name][0])
	}
	return strings.Join(parts, " ")
}

func (a *fakeAPI) requests() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.log, "\n")
}

func answerWith(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func problemWith(w http.ResponseWriter, status int, code, detail string, more map[string]any) {
	p := map[string]any{"type": "urn:leadflow:problem:" + code, "title": http.StatusText(status), "status": status, "detail": detail, "code": code, "request_id": "req-1"}
	maps.Copy(p, more)
	answerWith(w, status, p)
}

func leadShape(id string) map[string]any {
	now := time.Now().UTC()
	return map[string]any{
		"id": id, "workflow_id": "lead/" + id, "email": "ada@example.com", "external_id": nil,
		"profile": map[string]any{"first_name": "Ada", "last_name": "Lovelace\x1b[31m", "company": "Engines, Ltd", "company_size": 120},
		"stage":   "handoff", "paused": false, "band": "hot", "score": 112, "fit": 40, "engagement": 72.5, "grade": "A", "mql_at": now,
		"cycle": 1, "cycle_started_at": now.Add(-72 * time.Hour), "owner": "rep-1",
		"assignment": map[string]any{"id": "offer-1", "rep_id": "rep-1", "offered_at": now},
		"sla":        map[string]any{"due_at": now.Add(3*time.Hour + 10*time.Minute + 30*time.Second), "state": "running"},
		"mail":       map[string]any{"state": "active"}, "source": map[string]any{"channel": "fair"},
		"created_at": now.Add(-72 * time.Hour), "updated_at": now.Add(-5*time.Minute - time.Second), "version": 7,
	}
}

// leads gives five leads in pages of two.
func (a *fakeAPI) leads(w http.ResponseWriter, r *http.Request) {
	from := map[string]int{"": 0, "c2": 2, "c4": 4}[r.URL.Query().Get("cursor")]
	page := map[string]any{"items": []any{}}
	if r.URL.Query().Get("stage") != "won" {
		var items []any
		for i := from; i < min(from+2, 5); i++ {
			items = append(items, leadShape(fmt.Sprintf("lead-%d", i)))
		}
		page["items"] = items
		if from+2 < 5 {
			page["next_cursor"] = fmt.Sprintf("c%d", from+2)
		}
	}
	answerWith(w, http.StatusOK, page)
}

func (a *fakeAPI) capture(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	_ = json.NewDecoder(r.Body).Decode(&body)
	switch body["email"] {
	case "bad":
		problemWith(w, http.StatusUnprocessableEntity, "invalid", "the request cannot be taken as it is; nothing was changed", map[string]any{"errors": []any{
			map[string]any{"field": "email", "code": "invalid", "detail": "must be an address"},
			map[string]any{"field": "profile.company_size", "code": "invalid", "detail": "must be a whole number"},
		}})
	case "two@example.com":
		problemWith(w, http.StatusConflict, "identity_conflict", "the keys of this request belong to two leads", map[string]any{"lead_ids": []string{"lead-1", "lead-2"}})
	default:
		answerWith(w, http.StatusCreated, leadShape(knownLead))
	}
}

func (a *fakeAPI) lead(w http.ResponseWriter, r *http.Request) {
	switch r.PathValue("id") {
	case knownLead:
		answerWith(w, http.StatusOK, leadShape(knownLead))
	case goneLead:
		problemWith(w, http.StatusGone, "erased", "the person was erased; nothing of it is kept", nil)
	default:
		problemWith(w, http.StatusNotFound, "not_found", "there is nothing with this id", nil)
	}
}

func (a *fakeAPI) part(w http.ResponseWriter, r *http.Request) {
	at := time.Date(2025, 3, 4, 5, 6, 7, 0, time.UTC)
	if r.PathValue("part") == "score" {
		answerWith(w, http.StatusOK, map[string]any{
			"at": at, "model": 3, "score": 88, "fit": 25, "engagement": 63, "band": "warm", "grade": "B", "mql_at": nil, "complete": true,
			"items": []any{
				map[string]any{"rule": "decision_maker", "axis": "fit", "points": 25, "raw": 25, "why": "title matches"},
				map[string]any{"rule": "pricing", "axis": "engagement", "points": 63, "raw": 75, "event_id": "e1", "occurred_at": at, "why": "five visits of the pricing page, capped"},
			},
			"missing": []any{map[string]any{"rule": "webinar", "points": 15}},
		})
		return
	}
	answerWith(w, http.StatusOK, map[string]any{"items": []any{
		map[string]any{"id": "t1", "at": at, "kind": "stage", "from": "captured", "to": "nurturing", "actor": map[string]any{"type": "system"}, "why": "the run began", "cycle": 1, "version": 1, "data": map[string]any{}},
	}})
}

func (a *fakeAPI) decide(w http.ResponseWriter, r *http.Request) {
	switch r.PathValue("id") {
	case wonLead:
		problemWith(w, http.StatusConflict, "wrong_stage", "the lead is won: only erase is possible", map[string]any{"stage": "won", "decided_by": "rep-9"})
	case lateLead:
		answerWith(w, http.StatusAccepted, map[string]any{"decision_id": "d-1", "state": "pending"})
	default:
		if r.PathValue("decision") == "notes" {
			answerWith(w, http.StatusCreated, map[string]any{"id": "n1", "lead_id": knownLead, "at": time.Now(), "rep_id": nil, "text": "hello"})
			return
		}
		answerWith(w, http.StatusOK, leadShape(r.PathValue("id")))
	}
}
