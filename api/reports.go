package api

import (
	"context"
	"net/http"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Reports tell the process in numbers, from journeys that are folded behind what happens.
type Reports interface {
	Backtests
	Behaviours
	FunnelReport(ctx context.Context, f record.FunnelFilter) (record.FunnelReport, error)
	VelocityReport(ctx context.Context, f record.FunnelFilter) (record.VelocityReport, error)
	SourcesReport(ctx context.Context, f record.FunnelFilter) (record.SourcesReport, error)
	Journeys(ctx context.Context, f record.FunnelFilter, o record.Opened, cursor string, limit int) (record.Page[record.Journeyed], error)
	Attributed(ctx context.Context, f record.FunnelFilter, key, cursor string, limit int) (record.Page[record.Attributed], error)
	JourneysFoldedAt(ctx context.Context) (time.Time, error)
	Costs(ctx context.Context, cursor string, limit int) (record.Page[record.Cost], error)
	SetCost(ctx context.Context, c record.Cost) (record.Cost, error)
	SetCosts(ctx context.Context, costs []record.Cost) (added int, err error)
	RemoveCost(ctx context.Context, id string) error
	ModelReports
}

// Period is which journeys a report is about. It has no default for by: reports differ.
type Period struct {
	From     time.Time `query:"from" doc:"journeys that began from then on; absent: 30 days before to"`
	To       time.Time `query:"to" doc:"and before then; absent: now"`
	Per      string    `query:"per" enum:"lead,cycle" default:"lead" doc:"lead: each lead once, as far as it ever came; cycle: each cycle of it"`
	Source   string    `query:"source" maxLength:"64"`
	Campaign string    `query:"campaign" maxLength:"255"`
	Persona  string    `query:"persona" maxLength:"64" doc:"of the published model, by what is known of the lead"`
	Band     string    `query:"band" maxLength:"64" doc:"at the first offer"`
	Model    int       `query:"model" minimum:"0" maximum:"2147483647" doc:"version of the model at the first offer"`
	TeamID   string    `query:"team_id" format:"uuid" doc:"of the first offer that was accepted"`
	RepID    string    `query:"rep_id" format:"uuid"`
}

// longestJourneys is the longest period of a report.
const longestJourneys = 5 * 366 * 24 * time.Hour

func (p Period) filter(by string) (record.FunnelFilter, error) {
	f := record.FunnelFilter{
		From: p.From.UTC(), To: p.To.UTC(), By: by, Per: p.Per, Source: p.Source, Campaign: p.Campaign, Persona: p.Persona, Band: p.Band, Model: p.Model, TeamID: p.TeamID, RepID: p.RepID,
	}
	if p.To.IsZero() {
		f.To = time.Now().UTC()
	}
	if p.From.IsZero() {
		f.From = f.To.Add(-usualPeriod)
	}
	if span := f.To.Sub(f.From); span <= 0 || span > longestJourneys {
		return f, invalid(FieldError{Field: "from", Code: "invalid", Detail: "must be before to, by five years at most"})
	}
	return f, nil
}

type funnelQuery struct {
	Period
	By      string `query:"by" enum:",week,month,source,campaign,persona,band,model,team,rep,cycle" doc:"breakdown; absent: none. persona: a lead counts for each it is of, with an empty key for none"`
	Compare bool   `query:"compare" doc:"also tell the total of the period of the same length before"`
}

type velocityQuery struct {
	Period
	Compare bool `query:"compare" doc:"also tell of the period of the same length before"`
}

type sourcesQuery struct {
	Period
	By      string `query:"by" enum:"source,campaign" default:"source"`
	Compare bool   `query:"compare" doc:"also tell the total of the period of the same length before"`
}

type attributedQuery struct {
	Period
	By  string `query:"by" enum:"source,campaign" default:"source"`
	Key string `query:"key" maxLength:"255" doc:"of the line: a source, or a campaign (absent: of none)"`
	Paged
}

type journeysQuery struct {
	Period
	By      string `query:"by" enum:",week,month,source,campaign,persona,band,model,team,rep,cycle"`
	Key     string `query:"key" maxLength:"255" doc:"of the line of the breakdown; only with by"`
	Figure  string `query:"figure" enum:"captured,mql,accepted,opportunity,won,open,ended_won,lost,disqualified,dormant,erased,to_mql,to_accepted,to_opportunity,to_won,captured-mql,mql-accepted,accepted-opportunity,opportunity-won,accepted-won,captured-won,captured-disqualified,captured-lost,in_nurturing,in_qualified,in_handoff,in_working,in_opportunity,in_dormant,recycled,rewon,paid,won_by,at_risk" default:"captured" doc:"a step that was reached; an ending; a step and the one before it (to_accepted), which conversion counts; two moments in order (mql-accepted) or a stay that is over (in_working), of which the time is told; taken up again (recycled), and won afterwards (rewon); what brought money (paid); won by an age (won_by), or at risk at it (at_risk)"`
	Counted string `query:"counted" enum:"began,reached" default:"began" doc:"reached: by when the step of the figure was reached and not by when the lead began, as months and attribution are counted"`
	Age     int    `query:"age" minimum:"0" maximum:"100000" doc:"in whole days, of won_by and at_risk"`
	Paged
}

func (q journeysQuery) opened() record.Opened {
	return record.Opened{Figure: q.Figure, Key: q.Key, Counted: q.Counted, Age: q.Age}
}

const noJourneys = "no lead began in this period"

func (a *API) reports() {
	add(a, route{
		method: http.MethodGet, path: "/v1/analytics/funnel", group: "Analytics", roles: everybody,
		summary: "How far the leads of a period came: captured, MQL, accepted, opportunity, won. Spans in seconds, rates with 95 % intervals",
	}, func(ctx context.Context, in *funnelQuery) (*out[record.FunnelReport], error) {
		f, err := in.filter(in.By)
		if err != nil {
			return nil, err
		}
		report, err := a.Reports.FunnelReport(ctx, f)
		if err != nil {
			return nil, err
		}
		if in.Compare {
			before, err := a.Reports.FunnelReport(ctx, totalOnly(f.Before()))
			if err != nil {
				return nil, err
			}
			report.Before = &before.Total
		}
		if report.Total.Steps[0].Reached == 0 {
			report.Says = noJourneys
		}
		report.AsOf, err = a.Reports.JourneysFoldedAt(ctx)
		return &out[record.FunnelReport]{report}, err
	})
	add(a, route{
		method: http.MethodGet, path: "/v1/analytics/velocity", group: "Analytics", roles: everybody,
		summary: "How fast the leads of a period went: time in stages, from step to step, share won by age (Kaplan-Meier), lead velocity rate by month",
	}, func(ctx context.Context, in *velocityQuery) (*out[record.VelocityReport], error) {
		f, err := in.filter("")
		if err != nil {
			return nil, err
		}
		report, err := a.Reports.VelocityReport(ctx, f)
		if err != nil {
			return nil, err
		}
		if in.Compare {
			before, err := a.Reports.VelocityReport(ctx, f.Before())
			if err != nil {
				return nil, err
			}
			report.Before = &before.Pace
		}
		if len(report.Conversion) == 0 {
			report.Says = "nobody who began in this period was won yet"
		}
		report.AsOf, err = a.Reports.JourneysFoldedAt(ctx)
		return &out[record.VelocityReport]{report}, err
	})
	add(a, route{
		method: http.MethodGet, path: "/v1/analytics/sources", group: "Analytics", roles: everybody,
		summary: "What came of each source or campaign and what it cost: revenue, cost, ROI, and revenue by five ways of attribution",
	}, func(ctx context.Context, in *sourcesQuery) (*out[record.SourcesReport], error) {
		f, err := in.filter(in.By)
		if err != nil {
			return nil, err
		}
		report, err := a.Reports.SourcesReport(ctx, f)
		if err != nil {
			return nil, err
		}
		if in.Compare {
			before, err := a.Reports.SourcesReport(ctx, f.Before())
			if err != nil {
				return nil, err
			}
			report.Before = &before.Total
		}
		if len(report.Items) == 0 {
			report.Says = noJourneys
		}
		report.AsOf, err = a.Reports.JourneysFoldedAt(ctx)
		return &out[record.SourcesReport]{report}, err
	})
	add(a, route{
		method: http.MethodGet, path: "/v1/analytics/leads", group: "Analytics", roles: everybody,
		summary: "The leads behind a figure of the funnel, the newest first: who reached a step, or is at an ending",
	}, func(ctx context.Context, in *journeysQuery) (*out[record.Page[record.Journeyed]], error) {
		f, err := in.filter(in.By)
		if err != nil {
			return nil, err
		}
		if err := keyed(in.By, in.Key); err != nil {
			return nil, err
		}
		page, err := a.Reports.Journeys(ctx, f, in.opened(), in.Cursor, in.Limit)
		return &out[record.Page[record.Journeyed]]{page}, err
	})
	add(a, route{
		method: http.MethodGet, path: "/v1/analytics/sources/leads", group: "Analytics", roles: everybody,
		summary: "The leads behind the attributed revenue of a source or campaign, with what of each is its share by each way, what was won last first",
	}, func(ctx context.Context, in *attributedQuery) (*out[record.Page[record.Attributed]], error) {
		f, err := in.filter(in.By)
		if err != nil {
			return nil, err
		}
		page, err := a.Reports.Attributed(ctx, f, in.Key, in.Cursor, in.Limit)
		return &out[record.Page[record.Attributed]]{page}, err
	})
}

// keyed refuses the line of a breakdown where there is none.
func keyed(by, key string) error {
	if key != "" && by == "" {
		return invalid(FieldError{Field: "key", Code: "invalid", Detail: "is of a breakdown: say by as well"})
	}
	return nil
}

func totalOnly(f record.FunnelFilter) record.FunnelFilter {
	f.By = ""
	return f
}
