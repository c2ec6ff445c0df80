package api

import (
	"context"
	"net/http"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// SLAReports tell how offers went.
type SLAReports interface {
	SLAReport(ctx context.Context, f record.SLAFilter) (record.SLAReport, error)
	// SeeOffers notes that the rep of open offers has them before their eyes; the first time counts.
	SeeOffers(ctx context.Context, assignments []string, how string) error
}

type slaQuery struct {
	From   time.Time `query:"from" doc:"offers made from then on; absent: 30 days before to"`
	To     time.Time `query:"to" doc:"and before then; absent: now"`
	By     string    `query:"by" enum:"team,rep,source,band,campaign,model,week,month" default:"team"`
	TeamID string    `query:"team_id" format:"uuid"`
	RepID  string    `query:"rep_id" format:"uuid"`

	Source   string `query:"source" maxLength:"64"`
	Campaign string `query:"campaign" maxLength:"255"`
	Persona  string `query:"persona" maxLength:"64" doc:"of the lead, by the published model"`
	Band     string `query:"band" maxLength:"64" doc:"of the offer"`
	Model    int    `query:"model" minimum:"0" doc:"version of the model of the offer"`
	Compare  bool   `query:"compare" doc:"also tell the total of the period of the same length before"`
}

// The period of a report: what is meant where nothing is said, and at most.
const (
	usualPeriod   = 30 * 24 * time.Hour
	longestPeriod = 400 * 24 * time.Hour
)

func (a *API) slaReports() {
	add(a, route{
		method: http.MethodGet, path: "/v1/analytics/sla", group: "Analytics", roles: everybody,
		summary: "How offers went: what the house took, what people took, deadlines met and breached. Spans in seconds",
	}, func(ctx context.Context, in *slaQuery) (*out[record.SLAReport], error) {
		f := record.SLAFilter{
			From: in.From.UTC(), To: in.To.UTC(), By: in.By, TeamID: in.TeamID, RepID: in.RepID, Source: in.Source, Campaign: in.Campaign, Persona: in.Persona, Band: in.Band, Model: in.Model,
		}
		if in.To.IsZero() {
			f.To = time.Now().UTC()
		}
		if in.From.IsZero() {
			f.From = f.To.Add(-usualPeriod)
		}
		if span := f.To.Sub(f.From); span <= 0 || span > longestPeriod {
			return nil, invalid(FieldError{Field: "from", Code: "invalid", Detail: "must be before to, by 400 days at most"})
		}
		report, err := a.SLA.SLAReport(ctx, f)
		if err != nil {
			return nil, err
		}
		if in.Compare {
			was := f.Before()
			was.By = ""
			before, err := a.SLA.SLAReport(ctx, was)
			if err != nil {
				return nil, err
			}
			report.Before = &before.Total
		}
		if report.Total.Offers == 0 {
			report.Says = "no offer with a deadline was made in this period"
		}
		report.AsOf, err = a.Reports.JourneysFoldedAt(ctx)
		return &out[record.SLAReport]{report}, err
	})
}

// seen notes that a rep looks at their inbox. Who reads it without naming a rep is somebody else.
func (a *API) seen(ctx context.Context, rep string, items []record.InboxItem) {
	if rep == "" {
		return
	}
	var ids []string
	for _, i := range items {
		if i.AssignmentID != nil {
			ids = append(ids, *i.AssignmentID)
		}
	}
	a.noteSeen(ctx, ids, "inbox")
}

func (a *API) noteSeen(ctx context.Context, ids []string, how string) {
	if err := a.SLA.SeeOffers(ctx, ids, how); err != nil {
		a.Log.WarnContext(ctx, "what was seen is not noted", "request_id", requestID(ctx), "error", err)
	}
}
