package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/leadflow-dev/leadflow/standalone/temporal"
)

const onlyTemporal = "temporal"

// checkOnly says what does not fit together when one part is to run alone.
func (o options) checkOnly() error {
	u, err := url.Parse(o.postgresURL)
	switch {
	case o.only == "" && o.postgresURL != "":
		return errors.New("--postgres goes with --only temporal: the whole product brings a Postgres of its own")
	case o.only == "":
		return nil
	case o.only != onlyTemporal:
		return fmt.Errorf("--only %q: only temporal can run alone", o.only)
	case err != nil || u.Host == "" || (u.Scheme != "postgres" && u.Scheme != "postgresql"):
		return errors.New("--only temporal needs --postgres postgres://user@host:port/database, of the server where its databases are") // the text given may hold a password
	}
	return nil
}

// alone runs only the embedded Temporal server, on a Postgres that runs already, until the context ends: for tests that
// kill it, and for comparisons. A ready line on out says where it listens.
func alone(ctx context.Context, o options, out io.Writer) error {
	began := time.Now()
	ownEnvironment()
	s := &stack{options: o}
	if err := s.startTemporalOn(ctx, o.postgresURL); err != nil {
		return err
	}
	fmt.Fprintf(out, "Temporal is ready after %.1f s: %s\n", time.Since(began).Seconds(), s.temporal.Address())
	if o.ports.ui != 0 {
		fmt.Fprintf(out, "Its UI: %s\n", s.temporal.UI())
	}
	<-ctx.Done()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	return s.temporal.Stop(stopping)
}

// startTemporalOn starts Temporal with the search attributes of the runs, its databases on the given server.
func (s *stack) startTemporalOn(ctx context.Context, postgresURL string) (err error) {
	s.temporal, err = temporal.Start(ctx, temporal.Options{
		PostgresURL: postgresURL, Port: s.ports.temporal, UIPort: s.ports.ui, Log: s.logger(), Metrics: s.measured,
		Attributes: attributes,
	})
	return err
}

// runOne runs what was asked for: the whole product, or one part of it.
func runOne(ctx context.Context, o options) error {
	if o.only != "" {
		return alone(ctx, o, os.Stdout)
	}
	return run(ctx, o)
}
