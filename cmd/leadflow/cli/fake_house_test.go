package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// importFile takes a file of 20 rows. Each line with the word "bad" fails; a file of "outage" has a server that is away
// for a while; "broken" fails as a whole. A file of "slow" takes four looks, others are done at the first.
func (a *fakeAPI) importFile(w http.ResponseWriter, r *http.Request) {
	file, _, err := r.FormFile("file")
	if err != nil {
		problemWith(w, http.StatusUnprocessableEntity, "invalid", "the file is missing", nil)
		return
	}
	raw, _ := io.ReadAll(file)
	if _, _, err := r.FormFile("mapping"); err != nil {
		problemWith(w, http.StatusUnprocessableEntity, "invalid", "the mapping is missing", nil)
		return
	}
	a.mu.Lock()
	a.looks, a.dry = 3, r.FormValue("dry_run") == "true"
	a.fails = strings.Count(string(raw), "bad")
	if strings.Contains(string(raw), "slow") {
		a.looks = 0
	}
	if strings.Contains(string(raw), "outage") {
		a.outages = 2
	}
	a.mu.Unlock()
	id := "imp-1"
	if strings.Contains(string(raw), "broken") {
		id = "imp-broken"
	}
	answerWith(w, http.StatusAccepted, map[string]any{
		"id": id, "state": "queued", "rows": 20, "dry_run": a.dry, "encoding": "windows-1252", "delimiter": ";",
		"sample": [][]string{{"Email", "Name"}, {"ada@example.com", "Ada\nLovelace"}},
	})
}

// importState gets a quarter further with every look.
func (a *fakeAPI) importState(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.outages > 0 {
		a.outages--
		problemWith(w, http.StatusServiceUnavailable, "unavailable", "the database does not answer", nil)
		return
	}
	if r.PathValue("id") == "imp-broken" {
		answerWith(w, http.StatusOK, map[string]any{"id": "imp-broken", "state": "failed", "rows": 20, "created": 3, "error": "the disk is full"})
		return
	}
	if r.PathValue("id") == "repeats" {
		answerWith(w, http.StatusOK, map[string]any{"id": "repeats", "state": "undone", "rows": 20, "created": 15, "undo": map[string]any{"removed": 14, "restored": 0, "kept": 0}})
		return
	}
	a.looks = min(a.looks+1, 4)
	done := a.looks*5 - min(a.fails, a.looks*5)
	imp := map[string]any{
		"id": "imp-1", "state": "running", "rows": 20, "created": done, "failed": min(a.fails, a.looks*5), "rate": 10, "dry_run": a.dry, "eta": time.Now().Add(90 * time.Second),
		"encoding": "windows-1252", "delimiter": "\t", "starts": map[string]any{"waiting": 20 - done, "started": done, "rate": 5, "eta": time.Now().Add(5 * time.Minute)},
	}
	if a.looks == 4 {
		imp["state"], imp["eta"] = "done", nil
	}
	answerWith(w, http.StatusOK, imp)
}

// importUndo undoes at the first look; of "kept" something is left, "repeats" has several rows of a lead and takes one look
// more, and of "late" it cannot be.
func (a *fakeAPI) importUndo(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if id == "late" {
		problemWith(w, http.StatusConflict, "undo_too_late", "an import can be undone within an hour of its end", nil)
		return
	}
	undo := map[string]any{"removed": 18, "restored": 2, "kept": 0}
	if id == "kept" {
		undo = map[string]any{"removed": 17, "restored": 1, "kept": 2}
	}
	state := "undone"
	if id == "repeats" {
		state, undo = "undoing", map[string]any{"removed": 1, "restored": 0, "kept": 0}
	}
	answerWith(w, http.StatusAccepted, map[string]any{"id": id, "state": state, "rows": 20, "created": 15, "undo": undo})
}

// house answers for all that is only listed, made or changed: with the thing itself.
func (a *fakeAPI) house(w http.ResponseWriter, r *http.Request) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	thing, ok := map[string]map[string]any{
		"reps":      {"id": "rep-1", "name": "Grace Hopper", "email": "grace@example.com", "team_id": nil, "time_zone": "Europe/Berlin", "calendar_id": nil, "capacity": 20, "active": true},
		"teams":     {"id": "team-1", "name": "Europe", "manager_id": "rep-1", "calendar_id": nil},
		"calendars": {"id": "cal-1", "name": "berlin", "spec": map[string]any{"name": "berlin", "time_zone": "Europe/Berlin", "weekly": map[string]any{"mon": []any{map[string]any{"from": "09:00", "to": "17:00"}}, "fri": []any{map[string]any{"from": "09:00", "to": "12:00"}}}, "holidays": []string{"2026-12-25"}}},
		"models":    {"version": 4, "state": "draft", "note": "", "author": "ops", "source": "mql: {score: 100}", "document": map[string]any{}, "created_at": time.Now(), "published_at": nil},
		"sequences": {"name": "welcome", "version": 2, "state": "draft", "default": false, "document": map[string]any{}, "created_at": time.Now(), "published_at": nil},
		"policies":  {"id": "pol-1", "name": "standard", "active": false, "document": map[string]any{}},
		"mails":     {"id": "m-1", "key": "k", "lead_id": "lead-1", "lane": "bulk", "kind": "nurture", "step": "hello", "state": "unknown", "attempts": 1, "created_at": time.Now(), "sent_at": nil},
		"webhooks":  {"id": "wh-1", "url": "https://crm.example.com/", "kinds": []string{}, "active": true},
		"lanes":     {"lane": "bulk", "held_at": time.Now().Add(-time.Hour), "why": "restored", "waiting": []any{map[string]any{"kind": "nurture", "n": 12}}},
		"themes":    {"code": "price", "title": "Price", "words": []string{"pric*", "too much"}},
		"keys":      {"id": "key-1", "name": "crm", "role": "sales", "prefix": "lf_abc", "created_at": time.Now(), "last_used_at": nil, "revoked_at": nil},
		"inbox":     {"lead_id": "lead-1", "assignment_id": "offer-1", "rep_id": "rep-1", "stage": "handoff", "score": 112, "band": "hot", "offered_at": time.Now(), "sla": map[string]any{"due_at": time.Now().Add(-10*time.Minute - time.Second), "state": "running"}, "reasons": []string{"asked for a demo", "vp of sales"}},
	}[kind]
	switch {
	case kind == "lanes" && strings.HasSuffix(rest, "/release"):
		answerWith(w, http.StatusOK, map[string]any{"dry_run": true, "items": []any{map[string]any{
			"lane": "bulk", "goes_out": []any{map[string]any{"kind": "nurture", "n": 3}}, "parked": []any{map[string]any{"kind": "nurture", "n": 9}},
		}}})
	case kind == "lanes":
		answerWith(w, http.StatusOK, map[string]any{"items": []any{thing}})
	case !ok:
		problemWith(w, http.StatusNotFound, "not_found", "there is no such route: "+r.URL.Path, nil)
	case strings.HasSuffix(rest, "publish") && strings.Contains(rest, "refused"):
		problemWith(w, http.StatusConflict, "conflict", "it was published already", nil)
	case strings.HasSuffix(rest, "publish"):
		thing = maps.Clone(thing)
		thing["state"] = "published"
		answerWith(w, http.StatusOK, thing)
	case r.Method == http.MethodGet && rest == "":
		answerWith(w, http.StatusOK, map[string]any{"items": []any{thing}})
	case r.Method == http.MethodPost && (kind == "keys" || kind == "webhooks"):
		thing = maps.Clone(thing)
		thing["secret"] = fmt.Sprintf("secret-of-%s", kind)
		answerWith(w, http.StatusCreated, thing)
	default:
		answerWith(w, http.StatusOK, thing)
	}
}

// modelState is a version that reaches everybody at the fourth look; an odd one is overtaken, and 9 was never published.
func (a *fakeAPI) modelState(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.looks++
	looks := a.looks
	a.mu.Unlock()
	version, _ := strconv.Atoi(r.PathValue("version"))
	state, done := "running", 250*looks
	switch {
	case version%2 == 1 && looks > 2:
		state = "superseded"
	case done >= 1000:
		state, done = "done", 1000
	}
	if looks == 2 && version == 4 {
		problemWith(w, http.StatusServiceUnavailable, "unavailable", "Postgres does not answer", nil)
		return
	}
	rescoring := map[string]any{"state": state, "done": done, "total": 1000, "rate": 500.0, "eta": time.Now().Add(3 * time.Second), "started_at": time.Now(), "finished_at": nil}
	if version == 9 {
		rescoring = nil
	}
	answerWith(w, http.StatusOK, map[string]any{
		"version": version, "state": "published", "note": "", "author": "ops", "source": "", "document": map[string]any{}, "created_at": time.Now(),
		"published_at": time.Now(), "rescoring": rescoring,
	})
}

// previewShape has two mails, or the one that is asked for, and sends them where it is told to.
func previewShape(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	_ = json.NewDecoder(r.Body).Decode(&body)
	answer := map[string]any{"sequence": "welcome", "version": 3, "lead_id": body["lead_id"]}
	var mails []any
	for _, step := range []string{"hello", "again"} {
		if body["step"] != nil && body["step"] != step {
			continue
		}
		mail := map[string]any{
			"step": step, "subject": "Subject of " + step, "preheader": "", "html": "<p>" + step + "</p>", "text": "Text of " + step + "\n", "headers": map[string]any{"Subject": "x"}, "size": 4321,
			"findings": []any{map[string]any{"code": "no_preheader", "severe": false, "detail": "there is no preheader"}},
		}
		if body["raw"] == true {
			mail["raw"] = "Subject: raw of " + step + "\r\n\r\nbody\r\n"
		}
		mails = append(mails, mail)
	}
	answer["mails"] = mails
	if body["send_to"] != nil {
		answer["deliveries"] = []string{"d-1", "d-2"}[:len(mails)]
	}
	answerWith(w, http.StatusOK, answer)
}
