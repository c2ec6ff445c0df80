package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/leadflow-dev/leadflow/desk"
	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

// Problem is everything that goes wrong, as RFC 9457 has it. It never quotes what was sent.
type Problem struct {
	Type      string          `json:"type"` // urn:leadflow:problem:<code>
	Title     string          `json:"title"`
	Status    int             `json:"status"`
	Detail    string          `json:"detail,omitempty"`
	Code      string          `json:"code"`
	RequestID string          `json:"request_id,omitempty"`
	Errors    []FieldError    `json:"errors,omitempty"`
	Stage     lifecycle.Stage `json:"stage,omitempty"`      // of a refused decision
	DecidedBy string          `json:"decided_by,omitempty"` // rep id of the decision that stands in the way
	State     string          `json:"state,omitempty"`      // of a mail, where it refuses what is to become of it
	LeadIDs   []string        `json:"lead_ids,omitempty"`   // of an identity conflict

	MergedInto string `json:"merged_into,omitempty"` // the lead that goes on for the one that was named

	retryAfter int // seconds; 0: not said
}

// FieldError is one thing wrong with one field.
type FieldError struct {
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

// after says when to come again, where that is known.
func (p *Problem) after(h http.Header) {
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
}

// GetHeaders is what huma puts into the answer.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	p.after(h)
	return h
}

// GetStatus is the status of the answer.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is RFC 9457's.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func problem(status int, code, detail string) *Problem {
	return &Problem{Type: "urn:leadflow:problem:" + code, Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

func invalid(errs ...FieldError) *Problem {
	p := problem(http.StatusUnprocessableEntity, "invalid", "the request cannot be taken as it is; nothing was changed")
	p.Errors = errs
	return p
}

// mostProblems bounds what is told of one document.
const mostProblems = 100

// problem says an error of any room to the outside. What it does not know is logged and told as internal.
func (a *API) problem(ctx context.Context, err error) *Problem {
	p := a.known(ctx, err)
	p.RequestID = requestID(ctx)
	return p
}

func (a *API) known(ctx context.Context, err error) *Problem {
	var own *Problem
	var in intake.Problems
	var de desk.Problems
	var doc *document.Error
	var conflict *record.IdentityConflict
	var merged *record.Merged
	switch {
	case errors.As(err, &own):
		copied := *own
		return &copied
	case errors.As(err, &in):
		return invalid(fields(in, func(p intake.Problem) FieldError { return FieldError(p) })...)
	case errors.As(err, &de):
		return invalid(fields(de, func(p desk.Problem) FieldError { return FieldError(p) })...)
	case errors.As(err, &doc):
		all := fields(doc.Problems[:min(len(doc.Problems), mostProblems)], func(p document.Problem) FieldError {
			field := cmp.Or(p.Path, "source")
			p.Path = "" // once is enough
			return FieldError{Field: field, Code: "invalid", Detail: p.String()}
		})
		if more := len(doc.Problems) - len(all); more > 0 {
			all = append(all, FieldError{Field: "source", Code: "invalid", Detail: fmt.Sprintf("has %d more problems: mend these first", more)})
		}
		return invalid(all...)
	case errors.As(err, &conflict):
		p := problem(http.StatusConflict, "identity_conflict", "the keys of this request belong to two leads; merge them (POST /v1/leads/{id}/merge), or send one key only")
		p.LeadIDs = conflict.LeadIDs[:]
		return p
	case errors.Is(err, intake.ErrBusy), errors.Is(err, errNoRoom):
		return busy()
	case errors.Is(err, record.ErrBadCursor):
		return invalid(FieldError{Field: "cursor", Code: "invalid", Detail: "is none of this list's; begin again without one"})
	case errors.Is(err, record.ErrNotFound):
		return problem(http.StatusNotFound, "not_found", "there is nothing with this id")
	case errors.As(err, &merged):
		return mergedProblem(http.StatusGone, merged)
	case errors.Is(err, record.ErrErased):
		return problem(http.StatusGone, "erased", "the person was erased; nothing of it is kept")
	case errors.Is(err, record.ErrConflict):
		return problem(http.StatusConflict, "conflict", "the name or address is taken already")
	case errors.Is(err, record.ErrTooMany):
		return tooManyTests()
	case errors.Is(err, record.ErrNoModel):
		return problem(http.StatusServiceUnavailable, "no_model", "no scoring model is published, so nothing can be scored: publish one (POST /v1/models/{version}/publish)")
	case errors.Is(err, record.ErrInUse):
		return problem(http.StatusConflict, "in_use", "what is named does not exist, or is still in use")
	}
	if errors.Is(ctx.Err(), context.Canceled) { // nobody reads the answer, and nothing is wrong here
		return problem(http.StatusServiceUnavailable, "unavailable", "the caller hung up")
	}
	a.Log.ErrorContext(ctx, "a request failed", "request_id", requestID(ctx), "error", err)
	if errors.Is(err, record.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		return problem(http.StatusServiceUnavailable, "unavailable", "the database does not answer; try again in a moment")
	}
	return problem(http.StatusInternalServerError, "internal", "something went wrong here; the log says what, under the request's id")
}

func fields[T any](all []T, as func(T) FieldError) []FieldError {
	out := make([]FieldError, len(all))
	for i, one := range all {
		out[i] = as(one)
	}
	return out
}

// What huma itself objects to leaves as a problem of ours, without the values it quotes.
func init() {
	huma.NewErrorWithContext = func(c huma.Context, status int, msg string, errs ...error) huma.StatusError {
		p := fromHuma(status, msg, errs...)
		if c != nil {
			p.RequestID = requestID(c.Context())
		}
		return p
	}
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError { return fromHuma(status, msg, errs...) }
}

func fromHuma(status int, msg string, errs ...error) *Problem {
	p := problem(status, codeOf(status), msg)
	if status == http.StatusUnprocessableEntity {
		p = invalid()
	}
	for _, err := range errs {
		var d *huma.ErrorDetail
		if errors.As(err, &d) {
			_, field, _ := strings.Cut(d.Location, ".")
			p.Errors = append(p.Errors, FieldError{Field: field, Code: "invalid", Detail: plainly(d.Message)})
		}
	}
	return p
}

// plainly says to people what huma says to programmers.
func plainly(message string) string {
	if strings.Contains(message, "RFC 4122") {
		return "must be an id such as 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59; lists show it as id"
	}
	return message
}

func codeOf(status int) string {
	return strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
}
