package postgres

import (
	"cmp"
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
	"sync"
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
	lock                  *os.File
	released              sync.Once
	log                   *tail
}

// superuser is the first role of a private cluster.
const superuser = "leadflow"

// Start makes the cluster if it is not there, and starts a server on it. It refuses a cluster of another version, a
// directory that holds anything else, one that a living program uses (InUseError) and a taken port (PortTakenError); a
// server that outlived its starter is stopped first.
func Start(ctx context.Context, o Options) (*Server, error) {
	bin, err := FindBinaries()
	if err != nil {
		return nil, err
	}
	dir, err := settle(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := refuseStrangers(dir); err != nil { // before anything is changed
		return nil, err
	}
	who, err := runAs(dir)
	if err != nil {
		return nil, err
	}
	if err := who.prepare(dir); err != nil {
		return nil, err
	}
	s := &Server{dir: dir, log: &tail{to: o.Log}}
	if s.lock, err = hold(dir); err != nil {
		return nil, err
	}
	if err := s.open(ctx, bin, who, o); err != nil {
		s.release()
		return nil, err
	}
	go func() {
		<-s.process.done
		s.release() // also after a crash: the next start may come from this process
	}()
	return s, nil
}

// settle is the one name of a directory: a server that outlived its starter is recognised by it.
func settle(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if settled, err := filepath.EvalSymlinks(dir); err == nil {
		return settled, nil
	}
	return dir, nil // not there yet
}

func (s *Server) open(ctx context.Context, bin string, who account, o Options) error {
	if err := s.initialise(ctx, bin, who); err != nil {
		return err
	}
	if err := stopOrphan(ctx, s.dir); err != nil {
		return err
	}
	var err error
	if s.socket, err = who.socketDir(s.dir); err != nil {
		return err
	}
	for try := 1; ; try++ {
		if s.port, err = freePort(o.Port); err != nil {
			return err
		}
		if err = s.run(ctx, bin, who, o.Settings); err == nil || try == tries || !s.passes() {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(min(time.Duration(try)*200*time.Millisecond, 2*time.Second)):
		}
	}
}

// tries are half a minute: on a busy machine the children of a killed server take seconds to notice.
const tries = 20

// passes says whether what stopped the start goes away by itself: children of a killed server that still hold its
// memory, or a free port that somebody else took in between.
func (s *Server) passes() bool {
	said := s.log.String()
	return strings.Contains(said, "shared memory block") || strings.Contains(said, "Address already in use")
}

func (s *Server) run(ctx context.Context, bin string, who account, settings map[string]string) error {
	cmd := exec.Command(filepath.Join(bin, "postgres"), s.arguments(settings)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, s.log, s.log
	var err error
	if s.process, err = launch(cmd, who, syscall.SIGINT); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	if err := s.await(ctx); err != nil {
		_ = s.halt(context.WithoutCancel(ctx))
		return err
	}
	return nil
}

func (s *Server) arguments(settings map[string]string) []string {
	args := []string{"-D", s.dir, "-p", strconv.Itoa(s.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + s.socket}
	all := map[string]string{
		"max_connections": "200", "log_min_messages": "warning", "timezone": "UTC",
		// What people wrote stays out of the log: neither statements nor the rows that an error is about.
		"log_statement": "none", "log_min_error_statement": "panic", "log_error_verbosity": "terse",
	}
	for k, v := range settings {
		all[k] = v
	}
	for k, v := range all {
		args = append(args, "-c", k+"="+v)
	}
	return args
}

func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute) // recovery after a crash may take its time
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.process.done:
			return fmt.Errorf("postgres stopped while starting: %s", cmp.Or(s.log.String(), fmt.Sprint(s.process.err)))
		case <-ctx.Done():
			return fmt.Errorf("postgres did not answer in time: %w", err)
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
// stopped the hard way, which loses nothing committed either. A second Stop does nothing.
func (s *Server) Stop(ctx context.Context) error {
	defer s.release()
	return s.halt(ctx)
}

func (s *Server) halt(ctx context.Context) error {
	s.process.signal(syscall.SIGINT)
	select {
	case <-s.process.done:
		return nil
	case <-ctx.Done():
	}
	s.process.signal(syscall.SIGQUIT)
	select {
	case <-s.process.done:
	case <-time.After(5 * time.Second):
		s.process.signal(syscall.SIGKILL)
		<-s.process.done
	}
	return errors.New("postgres took too long to stop and was stopped the hard way; it recovers at its next start")
}

// release lets the directory go.
func (s *Server) release() {
	s.released.Do(func() {
		_ = s.lock.Close()
		if s.socket != "" && s.socket != s.dir {
			_ = os.RemoveAll(s.socket)
		}
	})
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
