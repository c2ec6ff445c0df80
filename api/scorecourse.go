package api

import (
	"context"
	"net/http"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Courses tell the score of a lead over time. Lead-shaped errors as of Reads, and record.ErrNotFound for a version that is not there.
type Courses interface {
	ScoreCourse(ctx context.Context, c record.Course) (record.ScoreSeries, error)
}

type courseQuery struct {
	ByID
	From   time.Time `query:"from" doc:"absent: since the lead is known"`
	To     time.Time `query:"to" doc:"absent: now"`
	Points int       `query:"points" minimum:"2" maximum:"500" default:"60" doc:"moments, evenly apart, the end among them"`
	Model  int       `query:"model" minimum:"1" maximum:"2147483647" doc:"under this version; absent: the published one"`
}

func (a *API) scoreCourse() {
	add(a, route{
		method: http.MethodGet, path: "/v1/leads/{id}/score/series", group: "Leads", roles: everybody,
		summary: "The score over time, at each moment by what was known then: for a sparkline",
	}, func(ctx context.Context, in *courseQuery) (*out[record.ScoreSeries], error) {
		if !in.From.IsZero() && !in.To.IsZero() && !in.From.Before(in.To) {
			return nil, invalid(FieldError{Field: "from", Code: "invalid", Detail: "must be before to"})
		}
		series, err := a.Reads.ScoreCourse(ctx, record.Course{LeadID: in.ID, Model: in.Model, From: in.From, To: in.To, Points: in.Points})
		return &out[record.ScoreSeries]{series}, err
	})
}
