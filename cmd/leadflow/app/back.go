package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"

	"github.com/leadflow-dev/leadflow/mail/inbound"
	"github.com/leadflow-dev/leadflow/mail/provider"
	"github.com/leadflow-dev/leadflow/mail/token"
	"github.com/leadflow-dev/leadflow/store"
)

var domainForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$`)

// checkBack says what is wrong with where mail comes back to.
func (c Config) checkBack() error {
	var errs []error
	if c.BounceDomain != "" && (len(c.BounceDomain) > 120 || !domainForm.MatchString(c.BounceDomain)) {
		errs = append(errs, errors.New("LEADFLOW_MAIL_BOUNCE_DOMAIN is no domain such as back.example.com"))
	}
	if c.InboundListen != "" && c.BounceDomain == "" {
		errs = append(errs, errors.New("LEADFLOW_INBOUND_LISTEN takes mail for LEADFLOW_MAIL_BOUNCE_DOMAIN only: set that as well"))
	}
	if c.Postmark != "" && !strings.Contains(c.Postmark, ":") {
		errs = append(errs, errors.New("LEADFLOW_HOOK_POSTMARK_SECRET is no user:password"))
	}
	return errors.Join(errs...)
}

func newReader(cfg Config, s *store.Store, tokens *token.Signer, r *prometheus.Registry) *inbound.Reader {
	came := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "leadflow_mail_returns_total", Help: "What came back of mails, by how it came and what followed.",
	}, []string{"via", "outcome"})
	r.MustRegister(came)
	return &inbound.Reader{Ledger: s, Addresses: tokens, Domain: cfg.BounceDomain, Count: func(via, as string) { came.WithLabelValues(via, as).Inc() }}
}

func newHooks(cfg Config, s *store.Store, reader *inbound.Reader, r *prometheus.Registry) (*provider.Hooks, error) {
	told := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "leadflow_hook_events_total", Help: "What providers of mail told, by provider and kind; unknown: nothing that means anything here.",
	}, []string{"provider", "kind"})
	r.MustRegister(told)
	var topics []string
	for _, topic := range strings.Split(cfg.SESTopics, ",") {
		if topic = strings.TrimSpace(topic); topic != "" {
			topics = append(topics, topic)
		}
	}
	return provider.New(reader, s, provider.Secrets{SESTopics: topics, SendGridKey: cfg.SendGridKey, Postmark: cfg.Postmark, Mailgun: cfg.Mailgun}, nil,
		func(provider, kind string) { told.WithLabelValues(provider, kind).Inc() })
}

// takeMail listens for mail that comes back, where that is configured.
func takeMail(lc fx.Lifecycle, sd fx.Shutdowner, cfg Config, reader *inbound.Reader, log *slog.Logger) {
	if cfg.InboundListen == "" {
		return
	}
	server := inbound.NewServer(reader, log)
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error {
			l, err := net.Listen("tcp", cfg.InboundListen)
			if err != nil {
				return fmt.Errorf("the SMTP server for what comes back cannot listen on %s: %w", cfg.InboundListen, err)
			}
			go func() {
				if err := server.Serve(l); err != nil {
					log.Error("the SMTP server for what comes back ended", "error", err)
					_ = sd.Shutdown(fx.ExitCode(1))
				}
			}()
			return nil
		},
		OnStop: server.Shutdown,
	})
}
