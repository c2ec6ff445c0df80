package app

import (
	"log/slog"
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/desk"
	"github.com/leadflow-dev/leadflow/intake"
	"github.com/leadflow-dev/leadflow/mail/inbound"
	"github.com/leadflow-dev/leadflow/mail/provider"
	"github.com/leadflow-dev/leadflow/mail/token"
	"github.com/leadflow-dev/leadflow/store"
	"github.com/leadflow-dev/leadflow/worker"
)

// serving answers requests.
func serving() fx.Option {
	return fx.Module("serve", fx.Provide(limits, newHooks, newAPI), fx.Invoke(serveAPI))
}

func newAPI(cfg Config, s *store.Store, in *intake.Service, d *desk.Desk, tokens *token.Signer, letters *worker.Letters, log *slog.Logger, r *prometheus.Registry, tracer trace.Tracer, checks []api.Check, l api.Limits, back *inbound.Reader, hooks *provider.Hooks) (*api.API, error) {
	links, err := cfg.links()
	if err != nil {
		return nil, err
	}
	known, err := cfg.scanners()
	if err != nil {
		return nil, err
	}
	topics, err := cfg.topics()
	if err != nil {
		return nil, err
	}
	return api.New(api.Deps{
		Reads: s, People: s, Team: s, Days: s, SLA: s, Reports: s, Documents: s, Predictors: s, Routing: s, Keys: s, Webhooks: s, Lanes: s, Mails: s, Answers: s, Imports: s, Unscoring: s, Merging: s, Choices: s, Offers: s, Reasons: s, Questions: s, Themes: s, AnswerReports: s, SuppressionLists: s, Audit: s, Bulks: s, Exports: s, Insight: Insight{s},
		Intake: in, Desk: d, Tokens: tokens, Letters: letters, Tests: s, Back: back, Hooks: hooks, Log: log, Metrics: r, Limits: l, Trace: traceRequests(tracer), Checks: checks,
		Links: slices.Sorted(maps.Keys(links)), Scanners: known, NoOpens: !cfg.MailOpens, Topics: topics, Wording: cfg.ConsentWording,
	}), nil
}

func serveAPI(lc fx.Lifecycle, sd fx.Shutdowner, cfg Config, a *api.API, log *slog.Logger) {
	listen(lc, sd, log, "the API", cfg.Listen, a)
}
