package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	sdkworker "go.temporal.io/sdk/worker"
	"go.uber.org/fx"

	"github.com/leadflow-dev/leadflow/store"
	"github.com/leadflow-dev/leadflow/worker"
)

// base is what serving and working share.
func base(cfg Config) fx.Option {
	return fx.Options(
		fx.NopLogger,
		fx.StartTimeout(2*time.Minute),
		fx.StopTimeout(time.Minute),
		fx.Supply(cfg),
		fx.Provide(Config.Logger, openStore, openClient, signer, letters, newIntake, newDesk, newTide, newReader),
		fx.Invoke(checkTide, func(lc fx.Lifecycle) { lc.Append(fx.StopHook(reserveHeadroom())) }),
	)
}

// checkTide looks whether the database was restored before anything is answered or sent. While Temporal is away only the
// place is known; workers hold what cannot be taken back until they could ask.
func checkTide(lc fx.Lifecycle, t *worker.Tide, logger *slog.Logger) {
	lc.Append(fx.StartHook(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, healthTime)
		defer cancel()
		if err := t.Check(ctx); err != nil {
			logger.Warn("whether the database was restored cannot be told yet", "error", err)
		}
	}))
}

// working polls Temporal, relays the outbox and works off deliveries.
func working() fx.Option {
	return fx.Module("work",
		fx.Provide(openSenders, poster, newHost, newWorker),
		fx.Invoke(func(sdkworker.Worker) {}, runHost, takeMail),
	)
}

func openStore(lc fx.Lifecycle, cfg Config) (*store.Store, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	s, err := OpenStore(ctx, cfg)
	if err != nil {
		return nil, err
	}
	lc.Append(fx.StopHook(s.Close))
	return s, nil
}

func openClient(lc fx.Lifecycle, cfg Config, logger *slog.Logger, measured client.MetricsHandler, traced []interceptor.ClientInterceptor) (client.Client, error) {
	c, err := temporalClient(cfg, logger, measured, traced)
	if err == nil {
		lc.Append(fx.StopHook(c.Close))
	}
	return c, err
}

// newWorker starts polling with the application. When it can no longer poll, the application ends and says so.
func newWorker(lc fx.Lifecycle, sd fx.Shutdowner, cfg Config, c client.Client, s *store.Store, logger *slog.Logger) sdkworker.Worker {
	w := worker.New(c, worker.Options{
		TaskQueue: cfg.TaskQueue, Deployment: cfg.Deployment, BuildID: cfg.BuildID, Identity: cfg.Identity,
		Answers: s.Pool().Ping,
	}, worker.NewActivities(s), func(err error) {
		logger.Error("the worker can no longer poll Temporal", "error", err)
		_ = sd.Shutdown(fx.ExitCode(1))
	})
	poll(lc, sd, c, w, logger)
	return w
}

// runHost runs the loops beside the worker, and ends them before what they use is closed.
func runHost(lc fx.Lifecycle, sd fx.Shutdowner, h *worker.Host, logger *slog.Logger) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error {
			go func() {
				defer close(done)
				if err := h.Run(ctx); err != nil && ctx.Err() == nil {
					logger.Error("the worker's loops ended", "error", err)
					_ = sd.Shutdown(fx.ExitCode(1))
				}
			}()
			return nil
		},
		OnStop: func(stop context.Context) error {
			cancel()
			select {
			case <-done:
				return nil
			case <-stop.Done():
				return errors.New("deliveries under way did not end in time; they are looked at again when their lease is over")
			}
		},
	})
}

// listen serves a handler on an address: the port is taken in OnStart, so that a taken one is an error there.
func listen(lc fx.Lifecycle, sd fx.Shutdowner, logger *slog.Logger, what, address string, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute}
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error {
			l, err := net.Listen("tcp", address)
			if err != nil {
				return fmt.Errorf("%s cannot listen on %s: %w", what, address, err)
			}
			go func() {
				if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
					logger.Error(what+" ended", "error", err)
					_ = sd.Shutdown(fx.ExitCode(1))
				}
			}()
			return nil
		},
		OnStop: server.Shutdown,
	})
}
