package temporal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"

	"github.com/leadflow-dev/leadflow/postgres/freeport"
)

// Options say where the server listens and where its data is.
type Options struct {
	PostgresURL string // of any database of the server; temporal and temporal_visibility are made beside it
	Port        int    // frontend, on loopback
	UIPort      int    // 0: no UI
	Log         *slog.Logger
	Attributes  map[string]Kind // search attributes that must be there
	Retention   time.Duration   // of closed runs; 0 is 30 days
	Metrics     metrics.Handler // what the server measures of itself, such as billable actions; nil: nothing
}

// Server is a running Temporal with its UI.
type Server struct {
	server temporal.Server
	ui     *uiserver.Server
	lock   *pgx.Conn
	port   int
	uiPort int
}

const host = "127.0.0.1"

// Start makes the schemas, starts server and UI, and waits until the namespace and its search attributes are there.
func Start(ctx context.Context, o Options) (*Server, error) {
	u, err := url.Parse(o.PostgresURL)
	if err != nil {
		return nil, errors.New("the Postgres URL cannot be read") // its text would show the password
	}
	logger := logTo(o.Log)
	s := &Server{port: o.Port, uiPort: o.UIPort}
	if s.lock, err = occupy(ctx, o.PostgresURL); err != nil {
		return nil, err
	}
	if err := migrate(ctx, s.lock, u, logger); err != nil {
		s.release()
		return nil, err
	}
	if err := s.serve(u, logger, o.Metrics); err != nil {
		s.release()
		return nil, err
	}
	if err := s.prepare(ctx, o); err != nil {
		_ = s.Stop(context.WithoutCancel(ctx))
		return nil, err
	}
	if o.UIPort != 0 {
		if err := s.startUI(ctx); err != nil {
			_ = s.Stop(context.WithoutCancel(ctx))
			return nil, err
		}
	}
	return s, nil
}

func (s *Server) serve(u *url.URL, logger slogLogger, measured metrics.Handler) error {
	ports, err := freeport.Find(8)
	if err != nil {
		return err
	}
	ports[0] = s.port
	cfg := s.config(u, ports)
	authorizer, err := authorization.GetAuthorizerFromConfig(&cfg.Global.Authorization)
	if err != nil {
		return err
	}
	claims, err := authorization.GetClaimMapperFromConfig(&cfg.Global.Authorization, logger)
	if err != nil {
		return err
	}
	hosts := map[primitives.ServiceName]static.Hosts{}
	for i, name := range services {
		hosts[name] = static.SingleLocalHost(net.JoinHostPort(host, strconv.Itoa(ports[i])))
	}
	if measured == nil {
		measured = metrics.NoopMetricsHandler
	}
	s.server, err = temporal.NewServer(
		temporal.WithConfig(cfg), temporal.ForServices(temporal.DefaultServices), temporal.WithStaticHosts(hosts),
		temporal.WithLogger(logger), temporal.WithAuthorizer(authorizer),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return claims }),
		temporal.WithDynamicConfigClient(dynamicconfig.StaticClient(tuning)), temporal.WithCustomMetricsHandler(measured),
	)
	if err != nil {
		return fmt.Errorf("temporal: %w", err)
	}
	if err := s.server.Start(); err != nil {
		return fmt.Errorf("temporal: %w", err)
	}
	return nil
}

// startUI waits until the pages can be opened: whoever is told their address opens them at once.
func (s *Server) startUI(ctx context.Context) error {
	cfg := &uiconfig.Config{
		TemporalGRPCAddress: s.Address(), Host: host, Port: s.uiPort, EnableUI: true, HideLogs: true, DisableNewsFetch: true,
		CORS: uiconfig.CORS{CookieInsecure: true}, DefaultNamespace: namespace,
	}
	s.ui = uiserver.NewServer(server_options.WithConfigProvider(cfg))
	failed := make(chan error, 1)
	go func() { failed <- s.ui.Start() }()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	return until(ctx, "the UI", func() error {
		select {
		case err := <-failed:
			cancel() // it will not come any more
			return fmt.Errorf("it ended: %w", err)
		default:
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(s.uiPort)))
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// Address is the frontend's, for clients.
func (s *Server) Address() string { return net.JoinHostPort(host, strconv.Itoa(s.port)) }

// UI is the address of the pages.
func (s *Server) UI() string { return "http://" + net.JoinHostPort(host, strconv.Itoa(s.uiPort)) }

// Stop ends UI and server. When the context ends first it does not wait any longer.
func (s *Server) Stop(ctx context.Context) error {
	done := make(chan error, 1)
	go func() {
		if s.ui != nil {
			s.ui.Stop()
		}
		done <- s.server.Stop()
	}()
	defer s.release()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errors.New("temporal took too long to stop; nothing is lost, its data is in Postgres")
	}
}

func (s *Server) release() {
	if s.lock != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, _ = s.lock.Exec(ctx, "SELECT pg_advisory_unlock($1)", oneProcess) // closing alone lets it go a moment later
		_ = s.lock.Close(ctx)
		s.lock = nil
	}
}
