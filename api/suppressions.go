package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

// SuppressionLists takes and gives whole lists.
type SuppressionLists interface {
	// SuppressAll suppresses all of them and answers how many were not before. The same again is no error.
	SuppressAll(ctx context.Context, rows []record.Suppression) (added int, err error)
	// EachSuppression calls each for every suppression, of one reason or all (empty), the newest first.
	EachSuppression(ctx context.Context, reason string, each func(record.Suppression) error) error
}

type suppressBody struct {
	Email  string `json:"email"`
	Reason string `json:"reason,omitempty" enum:"unsubscribe,hard_bounce,complaint,consent,manual" doc:"absent: manual"`
}

type suppressed struct {
	Email string `query:"email" required:"true" maxLength:"320"`
}

type suppressionQuery struct {
	Paged
	Reason string `query:"reason" enum:"unsubscribe,hard_bounce,complaint,consent,manual,erased"`
}

type suppressionImport struct {
	Reason string `query:"reason" enum:"unsubscribe,hard_bounce,complaint,consent,manual" default:"manual" doc:"of rows that say none"`
}

type suppressionExport struct {
	Reason string `query:"reason" enum:"unsubscribe,hard_bounce,complaint,consent,manual"`
	Format string `query:"format" enum:"csv,ndjson" default:"csv"`
}

// suppressionsTaken is what became of a list.
type suppressionsTaken struct {
	Added    int                 `json:"added"`
	Known    int                 `json:"known"`
	Rejected int                 `json:"rejected"`
	Errors   []intake.RefusedRow `json:"errors" nullable:"false" doc:"the first thousand"`
}

const (
	suppressionsLimit = 32 << 20
	maxRefusedRows    = 1000
)

func (a *API) suppressions() {
	const path, group = "/v1/suppressions", "Suppressions"
	add(a, route{method: http.MethodGet, path: path, group: group, summary: "Addresses no nurture mail goes to, newest first", roles: planners}, func(ctx context.Context, in *suppressionQuery) (*out[record.Page[record.Suppression]], error) {
		page, err := a.People.Suppressions(ctx, in.Reason, in.Cursor, in.Limit)
		return &out[record.Page[record.Suppression]]{page}, err
	})
	add(a, route{method: http.MethodPost, path: path, group: group, summary: "Suppress an address", roles: planners, status: http.StatusCreated, body: suppressBody{}}, a.suppress)
	add(a, route{method: http.MethodDelete, path: path, group: group, summary: "Let mail go to an address again", roles: adminOnly, status: http.StatusNoContent, also: []int{http.StatusNotFound}}, func(ctx context.Context, in *suppressed) (*struct{}, error) {
		email, err := a.address(in.Email)
		if err != nil {
			return nil, err
		}
		return nil, a.People.Unsuppress(ctx, email)
	})
	add(a, route{
		method: http.MethodPost, path: path + "/import", group: group, roles: planners, body: "", media: "text/csv", otherMedia: []string{"application/x-ndjson"}, limit: suppressionsLimit, long: true, secret: true,
		summary: "Suppress a list: CSV with a column email, and maybe reason and at; one address a line; or NDJSON. 200,000 rows at most; bad rows are named and cost no other",
	}, a.suppressList)
	add(a, route{method: http.MethodGet, path: path + "/export", group: group, summary: "All suppressed addresses as CSV or NDJSON, in a form that the import takes; of erased people there is none", roles: planners, long: true}, a.exportSuppressions)
	operation(a.huma.OpenAPI().Paths[path+"/export"], http.MethodGet).Responses["200"].Content = content("text/csv", nil)
}

func (a *API) suppress(ctx context.Context, _ *struct{}) (*out[record.Suppression], error) {
	b := suppressBody{Reason: "manual"}
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	email, err := a.address(b.Email)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(record.SuppressionReasons, b.Reason) {
		return nil, invalid(FieldError{Field: "reason", Code: "invalid", Detail: "must be one of " + strings.Join(record.SuppressionReasons, " ")})
	}
	s, err := a.People.Suppress(ctx, email, b.Reason)
	return &out[record.Suppression]{s}, err
}

func (a *API) suppressList(ctx context.Context, in *suppressionImport) (*out[suppressionsTaken], error) {
	b := bodyOf(ctx)
	raw, err := b.bytes()
	if err != nil {
		return nil, err
	}
	media, _, _ := mime.ParseMediaType(b.media)
	rows, refused, err := a.Intake.Suppressions(raw, media == "application/x-ndjson", in.Reason)
	switch {
	case errors.Is(err, intake.ErrLongList):
		return nil, problem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("a list has %d rows at most; send it in parts", intake.MaxSuppressions))
	case err != nil:
		return nil, problem(http.StatusBadRequest, "invalid_body", "the list cannot be read: "+err.Error())
	}
	added, err := a.SuppressionLists.SuppressAll(ctx, rows)
	if err != nil {
		return nil, err
	}
	taken := suppressionsTaken{Added: added, Known: len(rows) - added, Rejected: len(refused), Errors: refused[:min(len(refused), maxRefusedRows)]}
	if taken.Errors == nil {
		taken.Errors = []intake.RefusedRow{}
	}
	return &out[suppressionsTaken]{taken}, nil
}

func (a *API) exportSuppressions(ctx context.Context, in *suppressionExport) (*huma.StreamResponse, error) {
	return &huma.StreamResponse{Body: func(c huma.Context) {
		write := a.writeCSV
		c.SetHeader("Content-Type", "text/csv; charset=utf-8")
		if in.Format == "ndjson" {
			write = a.writeNDJSON
			c.SetHeader("Content-Type", "application/x-ndjson")
		}
		c.SetHeader("Content-Disposition", `attachment; filename="suppressions.`+in.Format+`"`)
		if err := write(ctx, c.BodyWriter(), in.Reason); err != nil && !errors.Is(err, context.Canceled) {
			a.Log.ErrorContext(ctx, "a list of suppressions was cut short", "request_id", requestID(ctx), "error", err)
		}
	}}, nil
}

func (a *API) writeCSV(ctx context.Context, to io.Writer, reason string) error {
	w := csv.NewWriter(to)
	_ = w.Write([]string{"email", "reason", "at"}) // its error stays with the writer
	err := a.SuppressionLists.EachSuppression(ctx, reason, func(s record.Suppression) error { return intake.WriteSuppression(w, s) })
	w.Flush()
	return errors.Join(err, w.Error())
}

func (a *API) writeNDJSON(ctx context.Context, to io.Writer, reason string) error {
	enc := json.NewEncoder(to)
	return a.SuppressionLists.EachSuppression(ctx, reason, func(s record.Suppression) error {
		if s.Email == nil {
			return nil
		}
		return enc.Encode(map[string]any{"email": *s.Email, "reason": s.Reason, "at": s.At.UTC()})
	})
}
