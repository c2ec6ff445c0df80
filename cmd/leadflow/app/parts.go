package app

import (
	"context"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"net/netip"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"

	"github.com/leadflow-dev/leadflow/api"
	"github.com/leadflow-dev/leadflow/domain/scanner"
	"github.com/leadflow-dev/leadflow/mail"
	"github.com/leadflow-dev/leadflow/mail/token"
	"github.com/leadflow-dev/leadflow/notify"
	"github.com/leadflow-dev/leadflow/store"
	"github.com/leadflow-dev/leadflow/worker"
)

// OpenStore connects to Postgres.
func OpenStore(ctx context.Context, cfg Config) (*store.Store, error) {
	steps, err := cfg.warmUp()
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, cfg.DatabaseURL, store.Options{
		SuppressionKey: cfg.key("suppression"), Horizon: cfg.EventHorizon.Duration(), Retention: time.Duration(cfg.EventDays) * 24 * time.Hour,
		Scanners: scanner.Rules{Early: cfg.ScannerEarly.Duration()},
		WarmUp:   steps, KeepMails: time.Duration(cfg.MailDays) * 24 * time.Hour, KeepBulks: time.Duration(cfg.BulkDays) * 24 * time.Hour,
	})
}

// temporalClient is lazy: Postgres is read and written also while Temporal is away.
func temporalClient(cfg Config, logger *slog.Logger, measured client.MetricsHandler, traced []interceptor.ClientInterceptor) (client.Client, error) {
	o, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, fmt.Errorf("the variables of Temporal (TEMPORAL_ADDRESS, ...): %w", err)
	}
	o.Logger = log.NewStructuredLogger(logger.With("part", "temporal"))
	o.MetricsHandler = measured
	o.Interceptors = append(o.Interceptors, traced...)
	if cfg.Identity != "" {
		o.Identity = cfg.Identity
	}
	return client.NewLazyClient(o)
}

func signer(cfg Config) (*token.Signer, error) {
	return token.NewSigner(token.Key{ID: 1, Secret: cfg.key("links")})
}

func letters(cfg Config, tokens *token.Signer) (*worker.Letters, error) {
	from, err := netmail.ParseAddress(cfg.MailFrom)
	if err != nil {
		return nil, err
	}
	links, err := cfg.links()
	if err != nil {
		return nil, err
	}
	keys, err := cfg.dkim()
	if err != nil {
		return nil, err
	}
	l := &worker.Letters{
		House: worker.House{
			From: *from, Postal: cfg.MailPostal, Brand: cfg.brand(), BackDomain: cfg.BounceDomain, PublicURL: strings.TrimSuffix(cfg.PublicURL, "/"), Links: links,
			Tracking: cfg.tracking(), Topics: cfg.titles(),
		},
		Composer: mail.NewComposer(), Tokens: tokens, DKIM: keys, RawOnly: true,
	}
	if err := l.Check(); err != nil {
		return nil, fmt.Errorf("no mail could be composed with these settings (LEADFLOW_MAIL_FROM, LEADFLOW_MAIL_LINKS, LEADFLOW_PUBLIC_URL): %w", err)
	}
	return l, nil
}

func poster(cfg Config) (*notify.Poster, error) {
	allow, err := prefixes("LEADFLOW_WEBHOOK_ALLOW", cfg.WebhookAllow)
	return notify.NewPoster(notify.Options{Guard: notify.Guard{Allow: allow}}), err
}

// prefixes reads the networks of a variable.
func prefixes(name, value string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range strings.Split(value, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is no network such as 10.0.0.0/8", name, text)
		}
		out = append(out, p)
	}
	return out, nil
}

func limits(cfg Config) (api.Limits, error) {
	proxies, err := prefixes("LEADFLOW_PROXIES", cfg.Proxies)
	return api.Limits{Server: cfg.RateServer, Site: cfg.RateSite, Address: cfg.RateAddress, Guesses: cfg.RateGuesses, Proxies: proxies}, err
}
