package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options say where the server lives.
type Options struct {
	Dir      string            // of the cluster; made when it does not exist
	Port     int               // on loopback; 0 is any free one
	Log      io.Writer         // the server's own log; nil throws it away
	Settings map[string]string // over the defaults, as in postgresql.conf
}

// Server is a running private Postgres.
type Server struct {
	dir, socket, password string
	port                  int
	process               *process
}

// superuser is the first role of a private cluster.
const superuser = "leadflow"

// Start makes the cluster if it is not there, and starts a server on it. It refuses a cluster of another version and a
// taken port; a server that outlived its parent is stopped first.
func Start(ctx context.Context, o Options) (*Server, error) {
	bin, err := FindBinaries()
	if err != nil {
		return nil, err
	}
	who, err := runAs()
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	if err := who.prepare(dir); err != nil {
		return nil, err
	}
	if err := s.initialise(ctx, bin, who); err != nil {
		return nil, err
	}
	if err := stopOrphan(ctx, dir); err != nil {
		return nil, err
	}
	if s.port, err = freePort(o.Port); err != nil {
		return nil, err
	}
	if s.socket, err = who.socketDir(dir); err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(bin, "postgres"), s.arguments(o.Settings)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, o.Log, o.Log
	if s.process, err = launch(cmd, who); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	if err := s.await(ctx); err != nil {
		_ = s.Stop(context.WithoutCancel(ctx))
		return nil, err
	}
	return s, nil
}

func (s *Server) arguments(settings map[string]string) []string {
	args := []string{"-D", s.dir, "-p", strconv.Itoa(s.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + s.socket}
	all := map[string]string{"max_connections": "200", "log_min_messages": "warning", "log_statement": "none", "timezone": "UTC"}
	for k, v := range settings {
		all[k] = v
	}
	for k, v := range all {
		args = append(args, "-c", k+"="+v)
	}
	return args
}

// initialise makes a cluster in an empty directory and reads the password of one that is there.
func (s *Server) initialise(ctx context.Context, bin string, who account) error {
	secret := filepath.Join(s.dir, "leadflow.password")
	major, err := majorOf(bin)
	if err != nil {
		return err
	}
	version, err := os.ReadFile(filepath.Join(s.dir, "PG_VERSION"))
	if err == nil {
		if had := strings.TrimSpace(string(version)); had != major {
			return fmt.Errorf("the data in %s was made by Postgres %s and the binaries in %s are version %s: install version %s, "+
				"or choose another data directory; nothing was changed", s.dir, had, bin, major, had)
		}
		password, err := os.ReadFile(secret)
		if err != nil {
			return fmt.Errorf("%s holds a Postgres cluster that is not ours (no leadflow.password); choose another data directory", s.dir)
		}
		s.password = strings.TrimSpace(string(password))
		return nil
	}
	if entries, _ := os.ReadDir(s.dir); len(entries) > 0 {
		if err := who.resume(s.dir, entries); err != nil {
			return err
		}
	}
	return s.initdb(ctx, bin, secret, who)
}

// initdb makes the cluster beside its place and moves it there: an interrupted start leaves no half cluster.
func (s *Server) initdb(ctx context.Context, bin, secret string, who account) error {
	fresh := filepath.Join(s.dir, unfinished)
	s.password = randomText()
	pw := filepath.Join(s.dir, unfinished+".password")
	if err := who.write(pw, s.password); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", fresh, "-U", superuser, "--pwfile="+pw, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "--no-instructions")
	cmd.Dir = s.dir
	who.apply(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb in %s: %w\n%s", s.dir, err, out)
	}
	entries, err := os.ReadDir(fresh)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != "PG_VERSION" { // last: it makes the cluster valid
			if err := os.Rename(filepath.Join(fresh, e.Name()), filepath.Join(s.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	if err := os.Rename(pw, secret); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(fresh, "PG_VERSION"), filepath.Join(s.dir, "PG_VERSION")); err != nil {
		return err
	}
	return os.Remove(fresh)
}

// unfinished is where initdb works.
const unfinished = "initdb.unfinished"

func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.process.done:
			return fmt.Errorf("postgres stopped while starting (%w); its log says why", s.process.err)
		case <-ctx.Done():
			return fmt.Errorf("postgres did not answer within a minute: %w", err)
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// URL is how to reach a database of the server.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, s.password), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Port is where the server listens, on loopback.
func (s *Server) Port() int { return s.port }

// Dir is the directory of the cluster.
func (s *Server) Dir() string { return s.dir }

// Exited is closed when the server is gone, whoever stopped it.
func (s *Server) Exited() <-chan struct{} { return s.process.done }

// Stop ends the server: connections are closed, everything committed is on disk. When the context ends first, it is
// stopped the hard way, which loses nothing committed either.
func (s *Server) Stop(ctx context.Context) error {
	if s.process == nil {
		return nil
	}
	s.process.signal(syscall.SIGINT)
	select {
	case <-s.process.done:
		return nil
	case <-ctx.Done():
		s.process.signal(syscall.SIGQUIT)
		<-s.process.done
		return errors.New("postgres took too long to stop and was stopped the hard way; it recovers at its next start")
	}
}

// CreateDatabase makes a database unless it is there.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists); err != nil || exists {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	return err
}
