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
