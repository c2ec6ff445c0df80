// Command leadflow-standalone is the whole product in one process: a private Postgres, Temporal with its UI, a mail
// catcher, the API and the worker. It is for trying Leadflow out, for demonstrations and for tests.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	os.Exit(start(os.Args[1:]))
}

func start(args []string) int {
	o, err := parse(args, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "leadflow-standalone:", err)
		return 2
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go stopOn(signals, cancel)
	if err := runOne(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "leadflow-standalone:", err)
		return 1
	}
	return 0
}

// stopOn stops everything in good order at the first signal. The next does not wait: everything committed is in Postgres.
// One Ctrl-C may come twice: some tools send it to the process and to its group.
func stopOn(signals <-chan os.Signal, cancel func()) {
	<-signals
	fmt.Fprintln(os.Stderr, "\nStopping; once more stops at once.")
	cancel()
	for first := time.Now(); ; {
		if <-signals; time.Since(first) > time.Second {
			os.Exit(130)
		}
	}
}

// run starts the parts in order, waits, and stops them in the opposite order.
func run(ctx context.Context, o options) (err error) {
	began := time.Now()
	dir, cleanup, err := o.place(os.Stderr)
	if err != nil {
		return err
	}
	defer cleanup()
	if err := os.MkdirAll(dir, 0o755); err != nil { // Postgres may run as another user
		return err
	}
	unlock, err := lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	s := &stack{options: o, dir: dir}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.withdraw(); err != nil {
		return err
	}
	ownEnvironment()
	if err := s.start(ctx, os.Stderr); err != nil {
		if ctx.Err() != nil {
			return nil // told to stop while starting
		}
		return err
	}
	if err := s.announce(os.Stdout, time.Since(began)); err != nil {
		return err
	}
	defer s.demonstrate(ctx)()
	select {
	case <-ctx.Done():
		return nil
	case <-s.postgres.Exited():
		return errors.New("Postgres ended; its log is in " + s.logFile())
	case err := <-s.failed:
		return err
	}
}
