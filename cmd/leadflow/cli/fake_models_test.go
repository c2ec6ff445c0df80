package cli

import (
	"net/http"
	"strings"
	"time"
)

// modelLives answers what a version is asked beside its state.
func modelLives(mux *http.ServeMux) {
	object := func(pairs ...any) map[string]any {
		out := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i].(string)] = pairs[i+1]
		}
		return out
	}
	const at = "/v1/models/{version}"
	answer := func(pattern string, body any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { answerWith(w, http.StatusOK, body) })
	}
	answer("GET "+at+"/diff", object("version", 5, "against", 4, "author", "Ada", "note", "webinars", "differences", []any{
		object("part", "engagement", "id", "webinar", "kind", "changed", "words", "points 10 -> 20"),
	}))
	warning := object("path", "fit[0].field", "line", 3, "column", 5, "why", "none has custom.x", "remedy", "ask for it")
	answer("GET "+at+"/check", object("version", 5, "warnings", []any{warning}))
	mux.HandleFunc("POST "+at+"/publish", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("version") != "7" {
			r.URL.Path = "/v1/models/" + r.PathValue("version") + "/publish"
			(&fakeAPI{}).house(w, r)
			return
		}
		answerWith(w, http.StatusOK, object("version", 7, "state", "published", "publication", object(
			"replaces", 9, "rolls_back", true, "leads", 1200, "offers", 17, "dry_run", strings.Contains(r.URL.RawQuery, "dry_run=true"))))
	})
	looks := 0
	preview := func(w http.ResponseWriter, r *http.Request) {
		state, status := "running", http.StatusOK
		if looks++; looks > 2 {
			state = "done"
		}
		if strings.HasSuffix(r.URL.Path, "cancel") {
			state = "cancelled"
		}
		if r.Method == http.MethodPost && state == "running" {
			status = http.StatusAccepted
		}
		answerWith(w, status, object("id", 1, "version", 5, "against", 4, "state", state, "weeks", 1, "done", 500*min(looks, 2), "total", 1000, "rate", 500.0, "result", object(
			"leads", 900, "band_changed", 80, "become_mql", 12, "stop_mql", 3, "stay_mql", 40, "bands", []any{},
			"weeks", []any{object("from", time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), "against", 4, "version", 6)},
			"load", object("reps", 2, "capacity", 10, "weekly_against", 4, "weekly", 6, "per_rep_against", 2, "per_rep", 3, "open_against", 8.0, "open", 12.0, "over_capacity_by", 2.0),
			"sample", []any{object("lead_id", "lead-1", "change", "becomes_mql", "score", 90, "next_score", 110, "band", "warm", "next_band", "hot", "reasons", []any{"webinar 10 -> 30 (+20)"})},
		)))
	}
	mux.HandleFunc(at+"/preview", preview)
	mux.HandleFunc("POST "+at+"/preview/cancel", preview)
	began := time.Now().Add(-48 * time.Hour)
	answer("POST "+at+"/shadow", object("id", 1, "version", 5, "began_at", began, "why", ""))
	answer("POST "+at+"/shadow/end", object("id", 1, "version", 5, "began_at", began, "ended_at", time.Now(), "why", "ended"))
	answer("GET "+at+"/shadow", object("id", 1, "version", 5, "began_at", began, "why", "", "published", 4, "leads", 210, "earlier_hours", 30.5,
		"bands", []any{object("from", "warm", "to", "hot", "leads", 7)}, "calls", []any{object("by", "both", "cycles", 20, "accepted", 11, "won", 2, "over", 4, "revoked", 1)}))
	answer("GET "+at+"/shadow/calls", object("next_cursor", nil, "items", []any{
		object("lead_id", "lead-1", "cycle", 1, "by", "shadow", "at", began, "score", 60, "band", "warm", "shadow_score", 104, "shadow_band", "hot"),
	}))
}
