package api

import (
	"context"
	"net/http"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Audit is the log of what people changed. The store writes it: whoever handles a request only says who acts.
type Audit interface {
	Audit(ctx context.Context, f record.AuditFilter) (record.Page[record.Audited], error)
}

type auditQuery struct {
	Paged
	Actor  string    `query:"actor" maxLength:"100" doc:"id of the key or of the rep, or the command"`
	Action string    `query:"action" enum:"created,changed,deleted"`
	Object string    `query:"object" maxLength:"64" doc:"key rep team calendar policy model sequence sequence_hold lane webhook suppression decision note import bulk lead mail"`
	ID     string    `query:"id" maxLength:"100" doc:"of the object; that of a lead finds also its decisions and notes"`
	From   time.Time `query:"from" doc:"not before"`
	Until  time.Time `query:"until" doc:"before"`
}

func (a *API) auditLog() {
	add(a, route{method: http.MethodGet, path: "/v1/audit", group: "Audit", summary: "What people changed, newest first: who, when, on which object, which fields", roles: operators}, func(ctx context.Context, in *auditQuery) (*out[record.Page[record.Audited]], error) {
		page, err := a.Audit.Audit(ctx, record.AuditFilter{
			Actor: in.Actor, Action: in.Action, Object: in.Object, ID: in.ID, From: in.From, Until: in.Until, Cursor: in.Cursor, Limit: in.Limit,
		})
		return &out[record.Page[record.Audited]]{page}, err
	})
}
