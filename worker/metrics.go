package worker

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// counted tells how deliveries end.
type counted struct {
	Deliveries
	ends *prometheus.CounterVec
}

// Counted counts what becomes of deliveries: by state, and retries as such.
func Counted(d Deliveries, r prometheus.Registerer) Deliveries {
	ends := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "leadflow_deliveries_total", Help: "Attempts at deliveries, by what became of them.",
	}, []string{"state"})
	r.MustRegister(ends)
	return counted{d, ends}
}

func (c counted) FinishDelivery(ctx context.Context, d record.Delivery, state, code string) error {
	err := c.Deliveries.FinishDelivery(ctx, d, state, code)
	if err == nil {
		c.ends.WithLabelValues(state).Inc()
	}
	return err
}

func (c counted) RetryDelivery(ctx context.Context, d record.Delivery, code string, after time.Duration) error {
	err := c.Deliveries.RetryDelivery(ctx, d, code, after)
	if err == nil {
		c.ends.WithLabelValues("retry").Inc()
	}
	return err
}

// countedOutbox tells how often runs are told, and of how much.
type countedOutbox struct {
	Outbox
	told, deferred prometheus.Counter
}

// CountedOutbox counts the signals of the relay, and those Temporal did not take.
func CountedOutbox(o Outbox, r prometheus.Registerer) Outbox {
	c := countedOutbox{
		Outbox:   o,
		told:     prometheus.NewCounter(prometheus.CounterOpts{Name: "leadflow_relay_signals_total", Help: "Outbox rows told to runs."}),
		deferred: prometheus.NewCounter(prometheus.CounterOpts{Name: "leadflow_relay_deferred_total", Help: "Outbox rows put back because Temporal did not take them."}),
	}
	r.MustRegister(c.told, c.deferred)
	return c
}

func (c countedOutbox) SentOutbox(ctx context.Context, sent []record.OutboxRow) error {
	err := c.Outbox.SentOutbox(ctx, sent)
	if err == nil {
		c.told.Add(float64(len(sent)))
	}
	return err
}

func (c countedOutbox) DeferOutbox(ctx context.Context, leadID string, until time.Duration) error {
	c.deferred.Inc()
	return c.Outbox.DeferOutbox(ctx, leadID, until)
}
