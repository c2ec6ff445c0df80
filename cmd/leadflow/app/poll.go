package app

import (
	"context"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	sdkworker "go.temporal.io/sdk/worker"
	"go.uber.org/fx"
)

// healthTime is how long Temporal may take to say that it is there.
const healthTime = 3 * time.Second

// poll starts the worker with the application. While Temporal is away at that time the rest of the application goes on:
// alerts and webhooks are sent and imports are worked off, and polling begins when Temporal is there. What Temporal refuses, such as a
// namespace that does not exist, ends the application.
func poll(lc fx.Lifecycle, sd fx.Shutdowner, c client.Client, w sdkworker.Worker, logger *slog.Logger) {
	ctx, cancel := context.WithCancel(context.Background())
	polling := make(chan struct{}) // closed when nothing will start the worker any more
	started := false
	start := func() (err error) {
		defer close(polling)
		if err = w.Start(); err == nil {
			started = true
		}
		return err
	}
	later := func() {
		if !awaitTemporal(ctx, c, logger) {
			close(polling)
			return
		}
		if err := start(); err != nil {
			logger.Error("the worker cannot poll Temporal", "error", err)
			_ = sd.Shutdown(fx.ExitCode(1))
		}
	}
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error {
			if there(ctx, c) == nil {
				return start()
			}
			go later()
			return nil
		},
		OnStop: func(context.Context) error {
			cancel()
			<-polling
			if started {
				w.Stop()
			}
			return nil
		},
	})
}

func there(ctx context.Context, c client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	_, err := c.CheckHealth(ctx, &client.CheckHealthRequest{})
	return err
}

// awaitTemporal asks until Temporal answers; false when the application ends before.
func awaitTemporal(ctx context.Context, c client.Client, logger *slog.Logger) bool {
	logger.Warn("Temporal is away: runs wait for it, and with them nurture mail; everything else goes on")
	for wait := time.Second; ; wait = min(2*wait, 15*time.Second) {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
		if there(ctx, c) == nil {
			logger.Info("Temporal is back")
			return true
		}
	}
}
