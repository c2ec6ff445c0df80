package cli

import (
	"net/http"
	"time"

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
