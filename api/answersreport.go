package api

import (
	"context"
	"net/http"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// AnswerReports count what customers answered, and open a figure into whose answers it is made of.
type AnswerReports interface {
	AnswersReport(ctx context.Context, f record.AnswerFilter) (record.AnswersReport, error)
	Answers(ctx context.Context, f record.AnswerFilter, figure, key, cursor string, limit int) (record.Page[record.Answered], error)
}

// AnswerPeriod is which answers a report is about.
type AnswerPeriod struct {
	From     time.Time `query:"from" doc:"of who was asked from then on; absent: 30 days before to"`
	To       time.Time `query:"to" doc:"and before then; absent: now"`
	Question string    `query:"question" enum:",nps,won,lost" doc:"absent: all"`
	Said     string    `query:"said" enum:"buyer,rep" default:"buyer" doc:"buyer: by themselves; rep: what sales noted with the decision"`
	Source   string    `query:"source" maxLength:"64"`
	Campaign string    `query:"campaign" maxLength:"255"`
	Band     string    `query:"band" maxLength:"64" doc:"at the first offer of the cycle"`
	Model    int       `query:"model" minimum:"0" maximum:"2147483647" doc:"version of the model at the first offer"`
	By       string    `query:"by" enum:",theme,rule,content,question,week,month,source,campaign,band,model" doc:"breakdown; absent: none. theme: an answer counts for each theme it mentions, with an empty key for none"`
}

func (p AnswerPeriod) filter() (record.AnswerFilter, error) {
	period, err := Period{From: p.From, To: p.To}.filter("")
	return record.AnswerFilter{
		From: period.From, To: period.To, By: p.By, Question: p.Question, Said: p.Said, Source: p.Source, Campaign: p.Campaign, Band: p.Band, Model: p.Model,
	}, err
}

type answersQuery struct {
	AnswerPeriod
	Compare bool `query:"compare" doc:"also tell the total of the period of the same length before"`
}

type answersListQuery struct {
	AnswerPeriod
	Key    string `query:"key" maxLength:"255" doc:"of the line of the breakdown; only with by"`
	Figure string `query:"figure" enum:"asked,answered,told,promoters,passives,detractors" default:"asked"`
	Paged
}

func (a *API) answerReports() {
	add(a, route{
		method: http.MethodGet, path: "/v1/analytics/answers", group: "Analytics", roles: everybody,
		summary: "What customers answered, in counts: themes, net promoter score with its 95 % interval, and how many answered. Never a text",
	}, func(ctx context.Context, in *answersQuery) (*out[record.AnswersReport], error) {
		f, err := in.filter()
		if err != nil {
			return nil, err
		}
		report, err := a.AnswerReports.AnswersReport(ctx, f)
		if err != nil {
			return nil, err
		}
		if in.Compare {
			before := f.Before()
			before.By = ""
			was, err := a.AnswerReports.AnswersReport(ctx, before)
			if err != nil {
				return nil, err
			}
			report.Before = &was.Total
		}
		if report.Total.Asked == 0 {
			report.Says = "nobody was asked in this period"
		}
		return &out[record.AnswersReport]{report}, nil
	})
	add(a, route{
		method: http.MethodGet, path: "/v1/analytics/answers/leads", group: "Analytics", roles: everybody,
		summary: "Whose answers a figure of the report is made of, the newest first; never a text",
	}, func(ctx context.Context, in *answersListQuery) (*out[record.Page[record.Answered]], error) {
		f, err := in.filter()
		if err != nil {
			return nil, err
		}
		if err := keyed(in.By, in.Key); err != nil {
			return nil, err
		}
		page, err := a.AnswerReports.Answers(ctx, f, in.Figure, in.Key, in.Cursor, in.Limit)
		return &out[record.Page[record.Answered]]{page}, err
	})
}
