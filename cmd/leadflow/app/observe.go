package app

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/store"
	"github.com/leadflow-dev/leadflow/worker"
)

// observing gives every process its own listener for metrics and health, away from the public one.
func observing() fx.Option {
	return fx.Module("observe", fx.Provide(newRegistry, newSDKMetrics, newTracer, interceptors, newChecks), fx.Invoke(observe))
}

func newRegistry(s *store.Store) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), backlog{s}, predictorsSeen{s})
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "leadflow_build_info", Help: "Always 1; the version is a label.", ConstLabels: prometheus.Labels{"version": record.Version},
	}, func() float64 { return 1 }))
	return r
}

// newChecks are what a process stands on. Temporal is told and not required: captures, reads and alerts go on without.
func newChecks(s *store.Store, c client.Client, t *worker.Tide) []api.Check {
	return []api.Check{
		{Name: "postgres", Required: true, Run: s.Ready},
		{Name: "temporal", Run: func(ctx context.Context) error {
			if _, err := c.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
				return errors.New("does not answer; outbox rows and decisions wait for it")
			}
			return nil
		}},
		{Name: "lanes", Trouble: "are held", Run: func(ctx context.Context) error {
			b, err := s.Backlog(ctx)
			if err != nil {
				return err
			}
			for _, lane := range t.Waiting() {
				b.Held[lane] = cmp.Or(b.Held[lane], "until Temporal answers")
			}
			if len(b.Held) == 0 {
				return nil
			}
			return errors.New(held(b.Held) + "; leadflow doctor says what to do")
		}},
	}
}

// held names lanes and why each is held, in the order of all.
func held(lanes map[string]string) string {
	var out []string
	for _, lane := range record.Lanes {
		if why := lanes[lane]; why != "" {
			out = append(out, lane+" ("+why+")")
		}
	}
	return strings.Join(out, ", ")
}

func observe(lc fx.Lifecycle, sd fx.Shutdowner, cfg Config, r *prometheus.Registry, checks []api.Check, logger *slog.Logger) {
	if cfg.MetricsListen == "" {
		return
	}
	mux := http.NewServeMux() // not the default one: net/http/pprof lands there
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
	api.Health(mux, checks)
	listen(lc, sd, logger, "the metrics", cfg.MetricsListen, mux)
}
