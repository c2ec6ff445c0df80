package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/fx"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/store"
)

// observing gives every process its own listener for metrics and health, away from the public one.
func observing() fx.Option {
	return fx.Module("observe", fx.Provide(newRegistry), fx.Invoke(observe))
}

func newRegistry(s *store.Store) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), backlog{s})
	return r
}

// backlog is what waits in the outbox, read when somebody asks.
type backlog struct{ store *store.Store }

var (
	outboxRows = prometheus.NewDesc("leadflow_outbox_rows", "Leads whose runs have something to be told.", nil, nil)
	outboxAge  = prometheus.NewDesc("leadflow_outbox_oldest_seconds", "Age of the oldest row of the outbox.", nil, nil)
)

// Describe names the metrics.
func (b backlog) Describe(ch chan<- *prometheus.Desc) { ch <- outboxRows; ch <- outboxAge }

// Collect reads the outbox; while Postgres is away there is nothing to tell.
func (b backlog) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	rows, oldest, err := b.store.OutboxState(ctx)
	if err != nil {
		return
	}
	ch <- prometheus.MustNewConstMetric(outboxRows, prometheus.GaugeValue, float64(rows))
	ch <- prometheus.MustNewConstMetric(outboxAge, prometheus.GaugeValue, oldest.Seconds())
}

func observe(lc fx.Lifecycle, sd fx.Shutdowner, cfg Config, r *prometheus.Registry, s *store.Store, logger *slog.Logger) {
	if cfg.MetricsListen == "" {
		return
	}
	mux := http.NewServeMux() // not the default one: net/http/pprof lands there
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, req *http.Request) {
		ctx, cancel := context.WithTimeout(req.Context(), 3*time.Second)
		defer cancel()
		if err := s.Ready(ctx); err != nil {
			http.Error(w, "postgres: "+err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"version": record.Version})
	})
	listen(lc, sd, logger, "the metrics", cfg.MetricsListen, mux)
}
