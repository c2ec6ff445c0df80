package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
)

var idempotencyKey = regexp.MustCompile(`^[ -~]{1,255}$`)

// What Answers.BeginAnswer says about a key.
const (
	answerStored   = "stored"
	answerMismatch = "mismatch"
	answerRunning  = "running"
)

// once runs a POST that carries an Idempotency-Key at most once: the same again gets the same answer.
func (a *API) once(w *answer, r *http.Request, to route, b *body) {
	ctx, idem := r.Context(), r.Header.Get("Idempotency-Key")
	if idem == "" || r.Method != http.MethodPost || to.roles == nil {
		a.serve(w, r, to)
		return
	}
	if !idempotencyKey.MatchString(idem) {
		a.fail(ctx, w, invalid(FieldError{Field: "Idempotency-Key", Code: "invalid", Detail: "must be 1 to 255 printable characters of ASCII"}))
		return
	}
	key, path := keyOf(ctx).ID, r.Method+" "+r.URL.Path
	stored, state, err := a.Answers.BeginAnswer(ctx, key, path, idem, asked(r, b))
	switch {
	case err != nil:
		a.fail(ctx, w, a.problem(ctx, err))
	case state == answerStored:
		replay(w, stored)
	case state == answerMismatch:
		a.fail(ctx, w, problem(http.StatusUnprocessableEntity, "idempotency_mismatch", "another body was sent under this Idempotency-Key; use a new one"))
	case state == answerRunning:
		w.Header().Set("Retry-After", "1")
		a.fail(ctx, w, problem(http.StatusConflict, "idempotency_in_progress", "the first request under this Idempotency-Key still runs; ask again in a moment"))
	default:
		a.first(w, r, to, b, key, path, idem)
	}
}

// serve hands a request to its handler.
func (a *API) serve(w http.ResponseWriter, r *http.Request, to route) {
	if h := a.direct[to.pattern()]; h != nil {
		h(w, r)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// asked is the hash of what is asked: the body, and what stands in the query beside it.
func asked(r *http.Request, b *body) []byte {
	if r.URL.RawQuery == "" {
		return b.hash
	}
	sum := sha256.Sum256(append([]byte(r.URL.RawQuery+"\n"), b.hash...))
	return sum[:]
}

// first runs the request and keeps its answer. What may go better the next time is not kept.
func (a *API) first(w *answer, r *http.Request, to route, b *body, key, path, idem string) {
	ctx := context.WithoutCancel(r.Context()) // the client may be gone: the answer is kept all the same
	copied := &copying{ResponseWriter: w}
	finished := false
	defer func() {
		if !finished { // a panic
			_ = a.Answers.DropAnswer(ctx, key, path, idem)
		}
	}()
	a.serve(copied, r, to)
	finished = true
	status := w.status
	var err error
	if b.unfinished || status >= 500 || status == http.StatusUnprocessableEntity || status == http.StatusTooManyRequests {
		err = a.Answers.DropAnswer(ctx, key, path, idem)
	} else {
		err = a.Answers.FinishAnswer(ctx, key, path, idem, keep(w, copied.all.Bytes(), r.URL.Path, to))
	}
	if err != nil {
		a.Log.ErrorContext(ctx, "an answer is not kept", "request_id", requestID(ctx), "error", err)
	}
}

func keep(w *answer, body []byte, path string, to route) record.StoredAnswer {
	s := record.StoredAnswer{Status: w.status, Header: map[string]string{}, Body: body, LeadID: leadOf(path, body)}
	for _, name := range []string{"Content-Type", "Location"} {
		if v := w.Header().Get(name); v != "" {
			s.Header[name] = v
		}
	}
	if to.secret && w.status < 300 {
		s.Body = withoutSecret(body)
	}
	return s
}

// leadOf is whom an answer is about: it is erased with the person.
func leadOf(path string, body []byte) string {
	rest, ok := strings.CutPrefix(path, "/v1/leads")
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	if id == "" {
		var lead struct{ ID string }
		_ = json.Unmarshal(body, &lead)
		id = lead.ID
	}
	if uuid.Validate(id) != nil {
		return ""
	}
	return id
}

// withoutSecret keeps what is shown once from being kept: secrets, and the rows of a file or the mails to a person, which no
// erasure would find.
func withoutSecret(body []byte) []byte {
	var all map[string]any
	if json.Unmarshal(body, &all) != nil {
		return nil
	}
	delete(all, "secret")
	delete(all, "sample")
	delete(all, "mails")
	out, _ := json.Marshal(all)
	return out
}

func replay(w http.ResponseWriter, s *record.StoredAnswer) {
	for name, v := range s.Header {
		w.Header().Set(name, v)
	}
	w.Header().Set("Idempotency-Replayed", "true")
	w.WriteHeader(s.Status)
	_, _ = w.Write(s.Body)
}

// copying writes an answer and keeps a copy.
type copying struct {
	http.ResponseWriter
	all bytes.Buffer
}

func (c *copying) Write(p []byte) (int, error) {
	c.all.Write(p)
	return c.ResponseWriter.Write(p)
}
