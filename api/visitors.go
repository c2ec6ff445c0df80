package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
	"github.com/leadflow-dev/leadflow/mail/token"
)

type identifyBody struct {
	VisitorID string `json:"visitor_id" doc:"a random secret of at least 128 bits, as the script of the page made it"`
	Token     string `json:"token" doc:"what a tracked link handed to the page it leads to"`
}

func (a *API) visitors() {
	add(a, route{
		method: http.MethodPost, path: "/v1/visitors/identify", group: "Events", status: http.StatusNoContent, body: identifyBody{},
		summary: "A visitor came by a tracked link: what it did before is the lead's, unless it belongs to one already",
		roles:   []string{RoleMarketing, RoleOps, RoleSite},
	}, a.identify)
}

// identify answers alike whether the visitor was given away or stays where it is: that is nothing a page should know.
func (a *API) identify(ctx context.Context, _ *struct{}) (*struct{}, error) {
	var b identifyBody
	if err := decode(ctx, &b); err != nil {
		return nil, err
	}
	wrong := fields(intake.CheckVisitor(b.VisitorID), func(p intake.Problem) FieldError { return FieldError(p) })
	claims, err := a.Tokens.Verify(token.Visit, b.Token, time.Now())
	if err != nil {
		wrong = append(wrong, FieldError{Field: "token", Code: "invalid", Detail: "is incomplete or too old; a tracked link hands out a new one"})
	}
	if len(wrong) > 0 {
		return nil, invalid(wrong...)
	}
	err = a.Intake.Identify(ctx, b.VisitorID, uuid.UUID(claims.Lead).String())
	if errors.Is(err, record.ErrErased) || errors.Is(err, record.ErrNotFound) {
		return nil, nil
	}
	return nil, err
}
