package api

import (
	"context"
	"net/http"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// ModelReports tell how many leads engaged, and put versions of the model side by side.
type ModelReports interface {
	EngagementReport(ctx context.Context, f record.FunnelFilter) (record.EngagementReport, error)
	EngagedLeads(ctx context.Context, f record.FunnelFilter, figure, key, cursor string, limit int) (record.Page[record.EngagedLead], error)
	ModelsReport(ctx context.Context, f record.FunnelFilter) (record.ModelsReport, error)
	OffersMade(ctx context.Context, f record.FunnelFilter, figure, cursor string, limit int) (record.Page[record.OfferedLead], error)
}

type engagementQuery struct {
	Period
	By      string `query:"by" enum:",week,month,source,campaign,band,model,team,rep" doc:"breakdown; absent: none"`
	Compare bool   `query:"compare" doc:"also tell the total of the period of the same length before"`
}

type engagedQuery struct {
	Period
	By     string `query:"by" enum:",week,month,source,campaign,band,model,team,rep"`
	Key    string `query:"key" maxLength:"255" doc:"of the line of the breakdown; only with by"`
	Figure string `query:"figure" enum:"leads,engaged,silent,active" default:"leads"`
	Paged
}

// leads is a period in which each lead counts once: when they engaged last is known of the lead, not of its cycles.
func (p Period) leads(by string) (record.FunnelFilter, error) {
	if p.Per != "lead" {
		return record.FunnelFilter{}, invalid(FieldError{Field: "per", Code: "invalid", Detail: "must be lead: engagement is counted by leads"})
	}
	return p.filter(by)
}

func (a *API) engagementReports() {
	add(a, route{
		method: http.MethodGet, path: "/v1/analytics/engagement", group: "Analytics", roles: everybody,
		summary: "Engagement rate: how many of the leads of a period did something themselves since, with its 95 % interval",
	}, func(ctx context.Context, in *engagementQuery) (*out[record.EngagementReport], error) {
		f, err := in.leads(in.By)
		if err != nil {
			return nil, err
		}
		report, err := a.Reports.EngagementReport(ctx, f)
		if err != nil {
			return nil, err
		}
		if in.Compare {
			before, err := a.Reports.EngagementReport(ctx, totalOnly(f.Before()))
			if err != nil {
				return nil, err
			}
			report.Before = &before.Total
		}
		if report.Total.Leads == 0 {
			report.Says = noJourneys
		}
		report.AsOf, err = a.Reports.JourneysFoldedAt(ctx)
		return &out[record.EngagementReport]{report}, err
	})
	add(a, route{
		method: http.MethodGet, path: "/v1/analytics/engagement/leads", group: "Analytics", roles: everybody,
		summary: "The leads behind a figure of the report about engagement, the newest first",
	}, func(ctx context.Context, in *engagedQuery) (*out[record.Page[record.EngagedLead]], error) {
		f, err := in.leads(in.By)
		if err != nil {
			return nil, err
		}
		if in.Key != "" && in.By == "" {
			return nil, invalid(FieldError{Field: "key", Code: "invalid", Detail: "is of a breakdown: say by as well"})
		}
		page, err := a.Reports.EngagedLeads(ctx, f, in.Figure, in.Key, in.Cursor, in.Limit)
		return &out[record.Page[record.EngagedLead]]{page}, err
	})
}

type modelsQuery struct {
	Period
	Compare bool `query:"compare" doc:"also tell the total of the period of the same length before"`
}

type offersQuery struct {
	Period
	Figure string `query:"figure" enum:"offers,accepted,rejected,missed,met,breached,running,withdrawn" default:"offers"`
	Paged
}

func (a *API) modelReports() {
	add(a, route{
		method: http.MethodGet, path: "/v1/analytics/models", group: "Analytics", roles: everybody,
		summary: "Versions of the model side by side: acceptance, win rate and deadlines met, with 95 % intervals",
	}, func(ctx context.Context, in *modelsQuery) (*out[record.ModelsReport], error) {
		f, err := in.filter("")
		if err != nil {
			return nil, err
		}
		report, err := a.Reports.ModelsReport(ctx, f)
		if err != nil {
			return nil, err
		}
		if in.Compare {
			before, err := a.Reports.ModelsReport(ctx, f.Before())
			if err != nil {
				return nil, err
			}
			report.Before = &before.Total
		}
		if len(report.Items) == 0 {
			report.Says = "nobody who began in this period was offered, and no offer was made in it"
		}
		report.AsOf, err = a.Reports.JourneysFoldedAt(ctx)
		return &out[record.ModelsReport]{report}, err
	})
	add(a, route{
		method: http.MethodGet, path: "/v1/analytics/offers", group: "Analytics", roles: everybody,
		summary: "The offers behind a figure of the reports about models and deadlines, the newest first: those made in the period",
	}, func(ctx context.Context, in *offersQuery) (*out[record.Page[record.OfferedLead]], error) {
		f, err := in.filter("")
		if err != nil {
			return nil, err
		}
		page, err := a.Reports.OffersMade(ctx, f, in.Figure, in.Cursor, in.Limit)
		return &out[record.Page[record.OfferedLead]]{page}, err
	})
}
