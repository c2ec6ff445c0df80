package api

import (
	"context"
	"net/http"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// ModelReports tell how many leads engaged, and put versions of the model side by side.
type ModelReports interface {
	EngagementReport(ctx context.Context, f record.FunnelFilter) (record.EngagementReport, error)
	EngagedLeads(ctx context.Context, f record.FunnelFilter, figure, key, cursor string, limit int) (record.Page[record.EngagedLead], error)
	ModelsReport(ctx context.Context, f record.FunnelFilter) (record.ModelsReport, error)
	OffersMade(ctx context.Context, f record.FunnelFilter, o record.Opened, cursor string, limit int) (record.Page[record.OfferedLead], error)
}

type engagementQuery struct {
	Period
	By      string `query:"by" enum:",week,month,source,campaign,persona,band,model,team,rep,cycle" doc:"breakdown; absent: none"`
	Compare bool   `query:"compare" doc:"also tell the total of the period of the same length before"`
}

type engagedQuery struct {
	Period
	By     string `query:"by" enum:",week,month,source,campaign,persona,band,model,team,rep,cycle"`
	Key    string `query:"key" maxLength:"255" doc:"of the line of the breakdown; only with by"`
	Figure string `query:"figure" enum:"leads,engaged,silent,active" default:"leads"`
	Paged
}

func (a *API) engagementReports() {
	add(a, route{
		method: http.MethodGet, path: "/v1/analytics/engagement", group: "Analytics", roles: everybody,
		summary: "Engagement rate: how many of the leads of a period, or of their cycles, did something themselves since, with its 95 % interval",
	}, func(ctx context.Context, in *engagementQuery) (*out[record.EngagementReport], error) {
		f, err := in.filter(in.By)
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
		f, err := in.filter(in.By)
		if err != nil {
			return nil, err
		}
		if err := keyed(in.By, in.Key); err != nil {
			return nil, err
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
	From     time.Time `query:"from" doc:"offers made from then on; absent: 30 days before to"`
	To       time.Time `query:"to" doc:"and before then; absent: now"`
	Source   string    `query:"source" maxLength:"64"`
	Campaign string    `query:"campaign" maxLength:"255"`
	Persona  string    `query:"persona" maxLength:"64" doc:"of the lead, by the published model"`
	Band     string    `query:"band" maxLength:"64" doc:"of the offer"`
	Model    int       `query:"model" minimum:"0" doc:"version of the model of the offer"`
	TeamID   string    `query:"team_id" format:"uuid"`
	RepID    string    `query:"rep_id" format:"uuid"`
	By       string    `query:"by" enum:",team,rep,source,band,campaign,model,week,month"`
	Key      string    `query:"key" maxLength:"255" doc:"of the line of the breakdown; only with by"`
	Figure   string    `query:"figure" enum:"offers,accepted,rejected,missed,met,breached,running,withdrawn,touch_met,touch_breached,crossed_to_offered,offered_to_delivered,crossed_to_delivered,delivered_to_seen,seen_to_decided,delivered_to_decided,accepted_to_touched,due_to_told" default:"offers" doc:"what became of it, or two moments that are known of it, of which the time is told"`
	Due      bool      `query:"due" doc:"only offers with a deadline: the report about service levels counts no others"`
	Paged
}

func (q offersQuery) filter() (record.FunnelFilter, error) {
	return Period{
		From: q.From, To: q.To, Source: q.Source, Campaign: q.Campaign, Persona: q.Persona, Band: q.Band, Model: q.Model, TeamID: q.TeamID, RepID: q.RepID,
	}.filter(q.By)
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
		f, err := in.filter()
		if err != nil {
			return nil, err
		}
		if err := keyed(in.By, in.Key); err != nil {
			return nil, err
		}
		page, err := a.Reports.OffersMade(ctx, f, record.Opened{Figure: in.Figure, Key: in.Key, Due: in.Due}, in.Cursor, in.Limit)
		return &out[record.Page[record.OfferedLead]]{page}, err
	})
}
