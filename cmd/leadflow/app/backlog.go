package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/store"
)

// backlog is what waits in Postgres, read when somebody asks. Every process tells the same.
type backlog struct{ store *store.Store }

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("leadflow_"+name, help, labels, nil)
}

var (
	outboxRows    = gauge("outbox_rows", "Leads whose runs have something to be told.")
	outboxAge     = gauge("outbox_oldest_seconds", "Age of the oldest row of the outbox.")
	decisionsOpen = gauge("decisions_pending", "Decisions of people that no run has answered.")
	decisionsAge  = gauge("decisions_pending_oldest_seconds", "Age of the oldest of them.")
	deliveriesDue = gauge("deliveries_due", "Deliveries that may go out now and have not, by lane.", "lane")
	mailsUnknown  = gauge("deliveries_unknown", "Mails of which nobody knows whether they arrived; somebody decides.")
	importsOpen   = gauge("imports", "Imports that are not done, by state.", "state")
	slaLate       = gauge("sla_late_seconds", "By how much the worst accept deadline has passed that no run has looked at.")
	laneHeld      = gauge("lane_held", "1 while nothing goes out of the lane: by an operator, or after a restore.", "lane")
	givenUp       = gauge("commands_given_up_recently", "Commands of runs that were given up in the last seven days.")
	scoresLate    = gauge("scores_late_seconds", "By how much the longest overdue moment has passed at which a score was to be looked at again.")
	rescoring     = gauge("rescoring_leads", "Leads that the published model has not reached.")
	eventsKept    = gauge("events_housekeeping_age_seconds", "How long ago the partitions of the events were made, taken in and dropped last.")
	eventsBeside  = gauge("events_default_rows", "Events that lie in no partition of a time, 1000 at most: taken in within the hour.")
)

// Describe names the metrics.
func (b backlog) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		outboxRows, outboxAge, decisionsOpen, decisionsAge, deliveriesDue, mailsUnknown, importsOpen, slaLate, laneHeld, givenUp, scoresLate, rescoring,
		eventsKept, eventsBeside,
	} {
		ch <- d
	}
}

// Collect reads what waits; while Postgres is away there is nothing to tell.
func (b backlog) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	now, err := b.store.Backlog(ctx)
	if err != nil {
		return
	}
	tell := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	tell(outboxRows, float64(now.Outbox))
	tell(outboxAge, now.OutboxOldest.Seconds())
	tell(decisionsOpen, float64(now.Decisions))
	tell(decisionsAge, now.DecisionsOldest.Seconds())
	tell(mailsUnknown, float64(now.Unknown))
	tell(slaLate, now.SLALate.Seconds())
	tell(givenUp, float64(now.GivenUp))
	tell(scoresLate, now.ScoresLate.Seconds())
	tell(rescoring, float64(now.Rescoring))
	tell(eventsKept, now.EventsKept.Seconds())
	tell(eventsBeside, float64(now.EventsBeside))
	for _, lane := range []string{record.LaneAlert, record.LaneBulk, record.LaneWebhook} {
		tell(deliveriesDue, float64(now.Due[lane]), lane)
	}
	for _, lane := range record.Lanes {
		held := 0.0
		if now.Held[lane] != "" {
			held = 1
		}
		tell(laneHeld, held, lane)
	}
	for _, state := range []string{"queued", "running", "undoing"} {
		tell(importsOpen, float64(now.Imports[state]), state)
	}
}
