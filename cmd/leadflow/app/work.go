package app

import (
	"cmp"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"github.com/leadflow-dev/leadflow/desk"
	"github.com/leadflow-dev/leadflow/intake"
	"github.com/leadflow-dev/leadflow/notify"
	"github.com/leadflow-dev/leadflow/store"
	"github.com/leadflow-dev/leadflow/worker"
)

// importRate keeps an import from starving the leads that come in one by one: rows a second, of one process. A row takes
// some 0.4 ms of processor, in Postgres and here.
const importRate = 2000

func newIntake(cfg Config, s *store.Store, r *prometheus.Registry) *intake.Service {
	counted := newCountedIntake(s, s, r)
	return intake.New(
		intake.Deps{Captures: counted, Events: s, Visitors: s, Hits: s, Imports: counted},
		intake.Config{Lanes: cfg.EventLanes, Backlog: cfg.EventBacklog, Linger: cfg.EventLinger},
	)
}

func newDesk(cfg Config, s *store.Store, c client.Client) *desk.Desk {
	return desk.New(s, c, desk.Config{TaskQueue: cfg.TaskQueue})
}

func newTide(s *store.Store, c client.Client, log *slog.Logger) (*worker.Tide, error) {
	o, err := envconfig.LoadDefaultClientOptions()
	return &worker.Tide{Houses: s, Client: c, Namespace: cmp.Or(o.Namespace, client.DefaultNamespace), Log: log}, err
}

func newHost(cfg Config, s *store.Store, c client.Client, l *worker.Letters, by senders, p *notify.Poster, in *intake.Service, d *desk.Desk, tide *worker.Tide, log *slog.Logger, r *prometheus.Registry) (*worker.Host, error) {
	deliveries := func(connections int) worker.Deliveries { return worker.Counted(worker.NewLedger(s, s, connections), r) }
	all := deliveries(alertConnections)
	mails, err := mailings(cfg, s, all, deliveries, l, by, log)
	if err != nil {
		return nil, err
	}
	quiet := &worker.Quiet{Hours: s}
	worker.MeasureTide(tide, r)
	return &worker.Host{
		Outbox: worker.CountedOutbox(s, r), Deliveries: all, Handover: s, Listener: s, Sweeper: s, Scores: s, Holds: s, Away: s, Places: s, Journeys: s, Customers: s, Late: s, Client: c,
		Mails:     mails.bulk,
		Alerts:    &worker.AlertMails{Carrier: mails.alerts, Deliveries: all, Quiet: quiet},
		Hooks:     &worker.Hooks{Deliveries: all, Poster: p, Letters: l, Subscribers: s, Quiet: quiet},
		Desk:      d,
		Bulks:     desk.NewCarrier(d, s),
		Tide:      tide,
		Importer:  intake.NewRunner(in, intake.RunnerConfig{RowsPerSecond: importRate, StartsPerSecond: cfg.ImportStarts, StartsAtOnce: cfg.ImportWindow}),
		TaskQueue: cfg.TaskQueue, Log: log, Parallel: cfg.Relay, Senders: cfg.MailSenders,
		Throttle: mails.throttle, Shares: s, WatchEvery: cfg.WatchEvery.Duration(),
	}, nil
}
