package worker

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/mocks"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// queue gives its rows once; what becomes of them is up to the carrier.
type queue struct {
	Deliveries
	rows   []record.Delivery
	broken error
}

func (q *queue) ClaimDeliveries(context.Context, string, int, time.Duration) ([]record.Delivery, error) {
	rows := q.rows
	q.rows = nil
	return rows, nil
}

func (q *queue) NextDelivery(context.Context, string) (time.Duration, bool, error) {
	return 0, false, nil
}

func (q *queue) FinishDelivery(context.Context, record.Delivery, string, string) error {
	return q.broken
}

func (q *queue) RetryDelivery(context.Context, record.Delivery, string, time.Duration) error {
	return q.broken
}

// byKind carries a delivery to the end its kind names.
type byKind struct{ to Deliveries }

func (b byKind) Carry(ctx context.Context, d record.Delivery) error {
	if d.Kind == outcomeRetry {
		return b.to.RetryDelivery(ctx, d, "451", time.Second)
	}
	return b.to.FinishDelivery(ctx, d, d.Kind, "")
}

func TestMetrics_countDeliveriesByLaneAndOutcome(t *testing.T) {
	t.Parallel()
	r := prometheus.NewPedanticRegistry()
	q := &queue{}
	deliveries := Counted(q, r)
	require.Equal(t, len(lanes)*len(outcomes), strings.Count(scrape(t, r), "leadflow_deliveries_total{"), "every combination is there before it happens")
	work := func(lane string, kinds ...string) {
		for _, kind := range kinds {
			q.rows = append(q.rows, record.Delivery{ID: "d", Lane: lane, Kind: kind})
		}
		p := newPool(lane, deliveries, byKind{deliveries}, len(kinds), 0, nil, slog.New(slog.DiscardHandler))
		_, err := p.work(t.Context())
		require.NoError(t, err)
		p.close()
	}
	work(record.LaneBulk, "sent", "sent", outcomeRetry)
	work(record.LaneAlert, "sent", "failed")
	q.broken = errors.New("Postgres is away")
	work(record.LaneAlert, "sent")
	told := scrape(t, r)
	for _, line := range []string{
		`{lane="bulk",outcome="sent"} 2`, `{lane="bulk",outcome="retry"} 1`, `{lane="alert",outcome="failed"} 1`, `{lane="webhook",outcome="sent"} 0`,
		`{lane="alert",outcome="sent"} 1`, // what was not stored is not counted
	} {
		require.Contains(t, told, "leadflow_deliveries_total"+line+"\n")
	}
}

func TestMetrics_countWhatTheRelaySends(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	inner := &rows{due: []record.OutboxRow{{LeadID: "told", Stage: "nurturing"}, {LeadID: "lost", Stage: "nurturing"}}}
	o := CountedOutbox(inner, reg)
	c := mocks.NewClient(t)
	c.On("SignalWithStartWorkflow", mock.Anything, "lead/told", mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil, nil)
	c.On("SignalWithStartWorkflow", mock.Anything, "lead/lost", mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil, errors.New("away"))
	relayed(t, relay(o, c), inner, 2)
	require.Contains(t, scrape(t, reg), "leadflow_relay_signals_total 1\n")
	require.Contains(t, scrape(t, reg), "leadflow_relay_failures_total 1\n")
}

// scrape is what Prometheus would read.
func scrape(t *testing.T, r prometheus.Gatherer) string {
	t.Helper()
	w := httptest.NewRecorder()
	promhttp.HandlerFor(r, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	require.Equal(t, 200, w.Code)
	return w.Body.String()
}
