package api

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/leadflow-dev/leadflow/intake"
)

// meters are what the door measures.
type meters struct {
	timing  *prometheus.HistogramVec
	events  outcomes
	limited *prometheus.CounterVec
	clicks  *prometheus.CounterVec
}

// outcomes count events by what became of them. They are looked for once, not for each of thousands a second.
type outcomes struct{ accepted, duplicate, rejected prometheus.Counter }

func newMeters(r prometheus.Registerer) meters {
	events := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "leadflow_events_total", Help: "Engagement events that came in, by what became of them.",
	}, []string{"outcome"})
	m := meters{
		timing: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "leadflow_http_request_duration_seconds", Help: "Time to answer, by route and status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "status"}),
		events: outcomes{events.WithLabelValues("accepted"), events.WithLabelValues("duplicate"), events.WithLabelValues("rejected")},
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "leadflow_rate_limited_total", Help: "Requests refused because too much came in too short a time, by the limit: server and site key, client address.",
		}, []string{"limit"}),
		clicks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "leadflow_clicks_total", Help: "Tracked links that were followed, by what became of the click; all of them led on.",
		}, []string{"outcome"}),
	}
	for _, limit := range []string{"server", "site", "address"} {
		m.limited.WithLabelValues(limit)
	}
	for _, outcome := range []string{clickNoted, clickMachine, clickLost, clickPassed} {
		m.clicks.WithLabelValues(outcome)
	}
	if r != nil {
		r.MustRegister(m.timing, events, m.limited, m.clicks)
	}
	return m
}

func (m meters) took(answer intake.EventsAnswer) {
	m.events.accepted.Add(float64(answer.Accepted))
	m.events.duplicate.Add(float64(answer.Duplicates))
	m.events.rejected.Add(float64(len(answer.Rejected)))
}
