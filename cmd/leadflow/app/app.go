package app

import (
	"context"
	"errors"
	"os"
	"runtime/debug"

	"go.uber.org/dig"
	"go.uber.org/fx"
)

// Role is what a process does.
type Role func() fx.Option

// The roles. One process may have both.
var (
	Serving Role = serving
	Working Role = working
)

// App is the running program.
type App struct{ fx *fx.App }

// Start starts the program in the given roles. It returns once everything listens and polls. When the context ends
// meanwhile, what was started is stopped again: fx itself would leave it running.
func Start(ctx context.Context, cfg Config, roles ...Role) (*App, error) {
	a := &App{fx: fx.New(graph(cfg, roles...))}
	if err := a.fx.Err(); err != nil {
		return nil, unwrapped(err)
	}
	starting, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.fx.StartTimeout())
	defer cancel()
	if err := a.fx.Start(starting); err != nil {
		return nil, unwrapped(err)
	}
	if ctx.Err() != nil {
		return nil, errors.Join(ctx.Err(), a.end(ctx))
	}
	return a, nil
}

func graph(cfg Config, roles ...Role) fx.Option {
	options := []fx.Option{base(cfg), observing()}
	for _, role := range roles {
		options = append(options, role())
	}
	return fx.Options(options...)
}

// unwrapped is what went wrong, without the constructors on the way there.
func unwrapped(err error) error { return dig.RootCause(err) }

// Wait returns when a part ended the program: nil for a good end.
func (a *App) Wait() error {
	end := <-a.fx.Wait()
	if end.ExitCode != 0 {
		return errors.New("a part of the program ended; its log says why")
	}
	return nil
}

// Stop finishes what was begun and closes everything.
func (a *App) Stop(ctx context.Context) error { return a.fx.Stop(ctx) }

// Run runs the program until the context ends.
func Run(ctx context.Context, cfg Config, roles ...Role) error {
	a, err := Start(ctx, cfg, roles...)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- a.Wait() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	return errors.Join(err, a.end(ctx))
}

// end stops the program in bounded time, also when the context has ended.
func (a *App) end(ctx context.Context) error {
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.fx.StopTimeout())
	defer cancel()
	return a.Stop(stopping)
}

// servingGC is how much an API process may leave lie about, in percent of what it holds: that is little, and what requests
// leave behind is much, so collecting at the usual 100 took an eighth of its time.
const servingGC = 400

// Serve runs the API until the context ends. GOGC, where it is set, decides.
func Serve(ctx context.Context, cfg Config) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(servingGC)
	}
	return Run(ctx, cfg, Serving)
}

// Work runs the worker until the context ends.
func Work(ctx context.Context, cfg Config) error { return Run(ctx, cfg, Working) }
