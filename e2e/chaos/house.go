package chaos

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/postgres/freeport"
)

// House is the whole product as processes, with a mail server and a webhook subscriber that nobody kills.
type House struct {
	dir    string
	bin    string // directory of leadflow and leadflow-standalone
	key    string
	doors  []string // URLs of the APIs
	sheds  []string // URLs of what workers tell of themselves
	parts  []Part
	db     *database
	Sink   *Sink
	mails  *MailServer       // nil: mails go to the sink
	env    map[string]string // of all processes, beside what every house has
	pool   *pgxpool.Pool
	client client.Client
	http   *http.Client
	cli    map[string]string // the environment of the command line
}

// secret is the house's.
const secret = "a secret for tests that is long enough, is it not"

// ports of a house.
type ports struct{ postgres, temporal, serve1, serve2, metrics1, metrics2, metrics3, metrics4 int }

// Open starts everything below an empty directory, which Postgres's account must be able to reach, and waits until it
// can be used.
func Open(ctx context.Context, dir, bin string, change ...func(*House) error) (h *House, err error) {
	h = &House{dir: dir, bin: bin, http: &http.Client{Timeout: 10 * time.Second}}
	defer func() {
		if err != nil {
			h.Close()
		}
	}()
	free, err := freeport.Find(8)
	if err != nil {
		return h, err
	}
	p := ports{free[0], free[1], free[2], free[3], free[4], free[5], free[6], free[7]}
	pgLog, err := os.Create(filepath.Join(dir, "postgres.log"))
	if err != nil {
		return h, err
	}
	if h.db, err = openDatabase(ctx, dir, p.postgres, pgLog); err != nil {
		return h, err
	}
	h.parts = append(h.parts, h.db)
	if err = h.furnish(ctx); err != nil {
		return h, err
	}
	if h.Sink, err = openSink(); err != nil {
		return h, err
	}
	for _, c := range change {
		if err = c(h); err != nil {
			return h, err
		}
	}
	return h, h.populate(ctx, p)
}

// mailServer makes the house send to a mail server that can be killed, over so many connections of each worker.
func mailServer(takes time.Duration, connections int) func(*House) error {
	return func(h *House) error {
		port, err := freeport.One()
		if err != nil {
			return err
		}
		if h.mails, err = h.openMailServer(port, takes); err != nil {
			return err
		}
		h.parts = append(h.parts, h.mails)
		h.env = map[string]string{"LEADFLOW_SMTP_ADDRESS": loopback(port), "LEADFLOW_MAIL_SENDERS": strconv.Itoa(connections)}
		return nil
	}
}

// furnish makes the database, its schema and a key.
func (h *House) furnish(ctx context.Context) (err error) {
	if err = h.db.server.CreateDatabase(ctx, "leadflow"); err != nil {
		return err
	}
	cfg := app.Config{DatabaseURL: h.db.url("leadflow"), Secret: secret}
	if err = app.Migrate(ctx, cfg); err != nil {
		return err
	}
	if h.key, err = app.CreateKey(ctx, cfg, "chaos", "admin"); err != nil {
		return err
	}
	return h.connect(ctx)
}

func (h *House) connect(ctx context.Context) (err error) {
	h.pool, err = pgxpool.New(ctx, h.db.url("leadflow"))
	return err
}

// populate starts the processes and waits for each.
func (h *House) populate(ctx context.Context, p ports) error {
	c, err := client.NewLazyClient(client.Options{
		HostPort: loopback(p.temporal), Identity: "chaos", Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return err
	}
	h.client = c
	serves := func(ctx context.Context) error { // its port is open before its namespace is there
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: client.DefaultNamespace})
		return err
	}
	temporal, err := h.launch("temporal", filepath.Join(h.bin, "leadflow-standalone"), serves, nil,
		"--only", "temporal", "--postgres", h.db.url("postgres"), "--temporal-port", strconv.Itoa(p.temporal))
	if err != nil {
		return err
	}
	h.parts = append(h.parts, temporal)
	if err := h.await(ctx, temporal); err != nil {
		return err
	}
	for i, port := range []int{p.serve1, p.serve2} {
		name := fmt.Sprintf("serve%d", i+1)
		part, err := h.launch(name, filepath.Join(h.bin, "leadflow"), answers(port), h.environment(p.temporal, port, []int{p.metrics1, p.metrics2}[i]), "serve")
		if err != nil {
			return err
		}
		h.parts, h.doors = append(h.parts, part), append(h.doors, "http://"+loopback(port))
	}
	h.cli = h.environment(p.temporal, p.serve1, p.metrics1)
	h.cli["LEADFLOW_URL"], h.cli["LEADFLOW_API_KEY"] = h.doors[0], h.key
	for i, port := range []int{p.metrics3, p.metrics4} {
		part, err := h.launch(fmt.Sprintf("work%d", i+1), filepath.Join(h.bin, "leadflow"), answers(port), h.environment(p.temporal, 0, port), "work")
		if err != nil {
			return err
		}
		h.parts, h.sheds = append(h.parts, part), append(h.sheds, "http://"+loopback(port))
	}
	return h.AwaitReady(ctx)
}

func (h *House) environment(temporal, listen, metrics int) map[string]string {
	env := map[string]string{
		"DATABASE_URL": h.db.url("leadflow"), "LEADFLOW_SECRET": secret, "LEADFLOW_LISTEN": loopback(listen),
		"LEADFLOW_METRICS_LISTEN": loopback(metrics), "LEADFLOW_SMTP_ADDRESS": h.Sink.SMTP, "LEADFLOW_WEBHOOK_ALLOW": "127.0.0.0/8",
		"LEADFLOW_MAIL_FROM": "Chaos <chaos@leadflow.example>", "LEADFLOW_MAIL_POSTAL": "1 Chaos Street", "LEADFLOW_LOG_LEVEL": "warn", "LEADFLOW_MAIL_ALLOW": "*",
		"TEMPORAL_ADDRESS": loopback(temporal), "TEMPORAL_NAMESPACE": "default",
	}
	maps.Copy(env, h.env)
	return env
}

// AwaitReady waits until every part can be used.
func (h *House) AwaitReady(ctx context.Context) error {
	for _, p := range h.parts {
		if err := h.await(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (h *House) await(ctx context.Context, p Part) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := p.Ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w; its log is in %s", p.Name(), err, h.dir)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Away ends all processes of these kinds until back is called.
func (h *House) Away(kinds ...string) (back func()) {
	var all []func()
	for _, part := range h.parts {
		if p, is := part.(*process); is && slices.Contains(kinds, kind(part)) {
			all = append(all, p.Away())
		}
	}
	return func() {
		for _, back := range all {
			back()
		}
	}
}

// Leadflow runs the command line in the environment of the house.
func (h *House) Leadflow(ctx context.Context, args ...string) (string, error) {
	out, err := h.command(ctx, args...).CombinedOutput()
	return string(out), err
}

func (h *House) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(h.bin, "leadflow"), args...)
	cmd.Env = os.Environ()
	for k, v := range h.cli {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	return cmd
}

// Parts are all that can be killed.
func (h *House) Parts() []Part { return h.parts }

// Close ends everything.
func (h *House) Close() {
	for i := len(h.parts) - 1; i >= 0; i-- {
		if h.parts[i] == Part(h.db) && h.pool != nil {
			h.pool.Close()
		}
		h.parts[i].Close()
	}
	if h.client != nil {
		h.client.Close()
	}
	if h.Sink != nil {
		h.Sink.Close()
	}
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func dial(ctx context.Context, port int) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", loopback(port))
	if err != nil {
		return err
	}
	return conn.Close()
}

func answers(port int) func(context.Context) error {
	return func(ctx context.Context) error { return dial(ctx, port) }
}
