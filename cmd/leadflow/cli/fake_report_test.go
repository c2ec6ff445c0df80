package cli

import (
	"net/http"
	"time"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// slaReport answers for two reps in any period but January's, in which nothing was offered, and refuses a period that is none.
func slaReport(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	span := func(n int, p50, p90, p99 float64) record.Percentiles {
		return record.Percentiles{Count: n, P50: &p50, P90: &p90, P99: &p99}
	}
	out := record.SLAReport{SLAFilter: record.SLAFilter{By: q.Get("by"), TeamID: q.Get("team_id"), RepID: q.Get("rep_id")}, Items: []record.SLALine{}}
	out.From, _ = time.Parse(time.RFC3339, q.Get("from"))
	out.To, _ = time.Parse(time.RFC3339, q.Get("to"))
	switch {
	case !out.To.IsZero() && out.From.After(out.To):
		problemWith(w, http.StatusUnprocessableEntity, "invalid", "from must be before to, by 400 days at most", nil)
		return
	case out.From.Month() == time.January && !out.From.IsZero() && out.From.Year() > 1:
		out.Says = "no offer with a deadline was made in this period"
	default:
		ann := record.SLALine{Key: "rep-1", Name: "Ann", SLACounts: record.SLACounts{Offers: 9, Met: 7, Breached: 1, Running: 1, TouchMet: 6, TouchBreached: 1}}
		ann.System.CrossedToDelivered, ann.System.DueToTold = span(9, 0.25, 1.5, 2.345), span(2, 65, 3600, 3661)
		ann.Human.DeliveredToSeen, ann.Human.DeliveredToDecided, ann.Human.AcceptedToTouched = span(8, 61, 90, 99), span(8, 300, 3600, 7265), span(6, 5400, 9000, 9900)
		out.Items = []record.SLALine{ann, {SLACounts: record.SLACounts{Offers: 1, Withdrawn: 1}}}
		out.Total = ann
		out.Total.Key, out.Total.Name, out.Total.Offers, out.Total.Withdrawn = "", "", 10, 1
		if q.Get("compare") == "true" {
			out.Before = &record.SLALine{SLACounts: record.SLACounts{Offers: 4, Met: 1, Breached: 3}}
		}
	}
	answerWith(w, http.StatusOK, out)
}

// otherReport answers the reports about engagement, models and answers, and the lists behind them.
func otherReport(w http.ResponseWriter, r *http.Request) {
	rate := func(k, n int) record.Rate {
		share, low, high := float64(k)/float64(n), 0.1, 0.9
		return record.Rate{Of: n, Rate: &share, Low: &low, High: &high}
	}
	at := time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)
	score, low, high, took := 25.0, -8.04, 60.0, 90.0
	switch r.URL.Path {
	case "/v1/analytics/funnel":
		line := record.FunnelLine{Key: "buyer", Recycled: record.Recycled{Recycled: 2, Won: 1}, Endings: record.Endings{Open: 5}}
		for i, step := range funnel.Steps {
			line.Steps = append(line.Steps, record.FunnelStep{Step: step, Reached: 8 - i, OfAll: rate(8-i, 8), Conversion: rate(8-i, 9-i)})
		}
		out := record.FunnelReport{Items: []record.FunnelLine{line}, Total: line}
		out.Total.Key = ""
		answerWith(w, http.StatusOK, out)
	case "/v1/analytics/velocity":
		pace := func(p50 float64) record.Pace {
			return record.Pace{
				Stages:     []record.StageSpan{{Stage: "working", Span: record.Span{Count: 3, P50: &p50, P90: &took}}},
				Spans:      []record.NamedSpan{{From: "mql", To: "accepted", Span: record.Span{Count: 2, P50: &p50, P90: &took}}},
				Conversion: []record.FunnelPoint{{Age: 9, AtRisk: 8, Share: p50 / 100, Low: 0.1, High: 0.9}},
			}
		}
		before := pace(50)
		answerWith(w, http.StatusOK, record.VelocityReport{Pace: pace(25), Before: &before, Months: []record.VelocityMonth{{Month: "2026-10", Qualified: 7}}})
	case "/v1/analytics/sources":
		line := record.SourceLine{Key: "web", Leads: 8, Won: 2, WinRate: rate(2, 8), Money: []record.SourceMoney{{Currency: "EUR", Revenue: "10.00", Attributed: map[string]string{"first": "7.00"}}}}
		total := line
		total.Key = ""
		answerWith(w, http.StatusOK, record.SourcesReport{Items: []record.SourceLine{line}, Total: total, Before: &record.SourceLine{Leads: 3}})
	case "/v1/analytics/sources/leads":
		answerWith(w, http.StatusOK, map[string]any{"items": []any{record.Attributed{LeadID: "lead-1", WonAt: at, Amount: "10.00", Currency: "EUR", Touches: 2, Shares: map[string]float64{"linear": 0.5}}}})
	case "/v1/analytics/leads":
		answerWith(w, http.StatusOK, map[string]any{"items": []any{record.Journeyed{LeadID: "lead-1", BeganAt: at, Stage: "won", Source: "web", Personas: []string{"buyer", "local"}}}})
	case "/v1/analytics/engagement":
		line := record.EngagementLine{Key: "web", Leads: 8, Engaged: 2, Silent: 6, Active: 1, Rate: rate(2, 8)}
		out := record.EngagementReport{Items: []record.EngagementLine{line}, Total: line, Before: &record.EngagementLine{Leads: 3, Silent: 3}}
		out.Total.Key = ""
		answerWith(w, http.StatusOK, out)
	case "/v1/analytics/models":
		line := record.ModelLine{Model: 12, State: "published", Leads: 8, Won: 2, WinRate: rate(2, 8), Offers: 9, Accepted: 3, Rejected: 3, Acceptance: rate(3, 6), Met: 5, Breached: 5, SLA: rate(5, 10), TookP50: &took}
		answerWith(w, http.StatusOK, record.ModelsReport{Items: []record.ModelLine{line, {Offers: 1}}, Total: line})
	case "/v1/analytics/answers":
		line := record.AnswerLine{Key: "price", Name: "Price", Asked: 8, Answered: 4, Response: rate(4, 8), Told: 2, Share: rate(1, 2), NPS: record.NPS{Answers: 4, Promoters: 2, Passives: 1, Detractors: 1, Score: &score, Low: &low, High: &high}}
		answerWith(w, http.StatusOK, record.AnswersReport{Items: []record.AnswerLine{line}, Total: line})
	case "/v1/analytics/engagement/leads":
		answerWith(w, http.StatusOK, map[string]any{"items": []any{record.EngagedLead{LeadID: "lead-1", BeganAt: at, Stage: "nurturing", Source: "web"}}})
	case "/v1/analytics/answers/leads":
		answerWith(w, http.StatusOK, map[string]any{"items": []any{record.Answered{LeadID: "lead-1", Question: "nps", AskedAt: at}}})
	default:
		answerWith(w, http.StatusOK, map[string]any{"items": []any{record.OfferedLead{LeadID: "lead-1", RepID: "rep-1", State: "missed", OfferedAt: at}}})
	}
}

func asked(w http.ResponseWriter, r *http.Request) {
	q := record.Question{ID: "question-1", Kind: "nps", Cycle: 1, AskedAt: time.Now()}
	if r.Method == http.MethodGet {
		text := "In their words"
		q.Answer = &text
		answerWith(w, http.StatusOK, map[string]any{"items": []any{q}})
		return
	}
	answerWith(w, http.StatusCreated, q)
}
