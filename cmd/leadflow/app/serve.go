package app

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/desk"
	"github.com/leadflow-dev/leadflow/intake"
	"github.com/leadflow-dev/leadflow/mail/token"
	"github.com/leadflow-dev/leadflow/store"
)

// serving answers requests.
func serving() fx.Option {
	return fx.Module("serve", fx.Provide(limits, newAPI), fx.Invoke(serveAPI))
}

func newAPI(s *store.Store, in *intake.Service, d *desk.Desk, tokens *token.Signer, log *slog.Logger, r *prometheus.Registry, tracer trace.Tracer, checks []api.Check, l api.Limits) *api.API {
	return api.New(api.Deps{
		Reads: s, People: s, Team: s, Documents: s, Keys: s, Webhooks: s, Lanes: s, Mails: s, Answers: s, Imports: s,
		Intake: in, Desk: d, Tokens: tokens, Log: log, Metrics: r, Limits: l, Trace: traceRequests(tracer), Checks: checks,
	})
}

func serveAPI(lc fx.Lifecycle, sd fx.Shutdowner, cfg Config, a *api.API, log *slog.Logger) {
	listen(lc, sd, log, "the API", cfg.Listen, a)
}
