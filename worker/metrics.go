package worker

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// lanes and outcomes of deliveries, as the metrics name them.
var (
	lanes    = []string{record.LaneAlert, record.LaneBulk, record.LaneWebhook}
	outcomes = []string{"sent", "failed", "unknown", "suppressed", "expired", outcomeRetry}
)

const outcomeRetry = "retry"

// counted tells how deliveries end.
type counted struct {
	Deliveries
	ends *prometheus.CounterVec
}

// Counted counts attempts at deliveries by lane and outcome, all that are counted in one registry together.
func Counted(d Deliveries, r prometheus.Registerer) Deliveries {
	c := counted{d, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "leadflow_deliveries_total", Help: "Attempts at deliveries, by lane and what became of them.",
	}, []string{"lane", "outcome"})}
	var before prometheus.AlreadyRegisteredError
	if err := r.Register(c.ends); errors.As(err, &before) { // each side of a lane has its own deliveries
		c.ends = before.ExistingCollector.(*prometheus.CounterVec)
	}
	for _, lane := range lanes { // a rate needs the zero before the first
		for _, outcome := range outcomes {
			c.ends.WithLabelValues(lane, outcome)
		}
	}
	return c
}

func (c counted) FinishDelivery(ctx context.Context, d record.Delivery, state, code string) error {
	err := c.Deliveries.FinishDelivery(ctx, d, state, code)
	c.count(d.Lane, state, err)
	return err
}

func (c counted) RetryDelivery(ctx context.Context, d record.Delivery, code string, after time.Duration) error {
	err := c.Deliveries.RetryDelivery(ctx, d, code, after)
	c.count(d.Lane, outcomeRetry, err)
	return err
}

func (c counted) EndDelivery(ctx context.Context, d record.Delivery, e record.DeliveryEnd) error {
	err := c.Deliveries.EndDelivery(ctx, d, e)
	if e.State != stateQueued { // that it waits for its turn is no attempt
		c.count(d.Lane, e.State, err)
	}
	return err
}

func (c counted) count(lane, outcome string, err error) {
	if err == nil {
		c.ends.WithLabelValues(lane, outcome).Inc()
	}
}

// countedOutbox tells how often runs are told, and of how much.
type countedOutbox struct {
	Outbox
	told, failed prometheus.Counter
}

// CountedOutbox counts the signals of the relay, and those Temporal did not take.
func CountedOutbox(o Outbox, r prometheus.Registerer) Outbox {
	c := countedOutbox{
		Outbox: o,
		told:   prometheus.NewCounter(prometheus.CounterOpts{Name: "leadflow_relay_signals_total", Help: "Signals to runs: outbox rows Temporal took."}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{Name: "leadflow_relay_failures_total", Help: "Outbox rows put back because Temporal did not take them."}),
	}
	r.MustRegister(c.told, c.failed)
	return c
}

func (c countedOutbox) SentOutbox(ctx context.Context, sent []record.OutboxRow) error {
	err := c.Outbox.SentOutbox(ctx, sent)
	if err == nil {
		c.told.Add(float64(len(sent)))
	}
	return err
}

func (c countedOutbox) DeferOutbox(ctx context.Context, row record.OutboxRow, until time.Duration) error {
	c.failed.Inc()
	return c.Outbox.DeferOutbox(ctx, row, until)
}

// MeasureTide tells of each lane that waits for Temporal's mark whether this process lets nothing out of it meanwhile.
func MeasureTide(t *Tide, r prometheus.Registerer) {
	for _, lane := range unsureLanes {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "leadflow_lane_unsure", ConstLabels: prometheus.Labels{"lane": lane},
			Help: "1 while this process lets nothing out of the lane: since it started Temporal could not be asked whether the database was restored.",
		}, func() float64 {
			if slices.Contains(t.Waiting(), lane) {
				return 1
			}
			return 0
		}))
	}
}
