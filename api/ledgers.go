package api

import (
	"context"
	"net/http"

	"github.com/leadflow-dev/leadflow/domain/record"
)

type mailQuery struct {
	Paged
	State  string `query:"state" enum:"queued,claimed,sending,sent,failed,unknown,suppressed,expired"`
	LeadID string `query:"lead_id" format:"uuid"`
}

func (a *API) mails() {
	add(a, route{method: http.MethodGet, path: "/v1/mails", group: "Mails", summary: "The mail ledger, newest first", roles: everybody}, func(ctx context.Context, in *mailQuery) (*out[record.Page[record.Mail]], error) {
		page, err := a.Reads.Mails(ctx, in.State, in.LeadID, in.Cursor, in.Limit)
		return &out[record.Page[record.Mail]]{page}, err
	})
	a.mailDecisions()
}

func (a *API) address(text string) (string, error) {
	email, ok := a.Intake.NormalizeAddress(text)
	if !ok {
		return "", invalid(FieldError{Field: "email", Code: "invalid", Detail: "must be a bare address such as ada@example.com"})
	}
	return email, nil
}
