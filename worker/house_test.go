package worker_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail"
	"github.com/leadflow-dev/leadflow/notify"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
	"github.com/leadflow-dev/leadflow/store"
	"github.com/leadflow-dev/leadflow/worker"
)

const secret = "a secret for tests that is long enough, is it not"

var seeded = pgtest.Template{Name: "leadflow_seeded", Migrate: func(ctx context.Context, url string) error {
	return app.Migrate(ctx, app.Config{DatabaseURL: url, Secret: secret})
}}

// wednesday is within the send window of the default sequence.
var wednesday = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// openHouse opens the store of a database.
func openHouse(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := app.OpenStore(t.Context(), app.Config{DatabaseURL: url, Secret: secret})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// capture makes a lead in a stage, as its run would have recorded it.
func capture(t testing.TB, s *store.Store, email string, stage lifecycle.Stage) string {
	t.Helper()
	c, err := s.Capture(t.Context(), record.Capture{Email: email, Profile: map[string]any{"first_name": "Ada"}})
	require.NoError(t, err)
	_, err = s.Pool().Exec(t.Context(), "UPDATE leads SET stage = $2 WHERE id = $1", c.LeadID, stage)
	require.NoError(t, err)
	return c.LeadID
}

// queue makes a lead whose first mail is due.
func queue(t testing.TB, s *store.Store, email string) {
	t.Helper()
	lead := capture(t, s, email, lifecycle.StageNurturing)
	move, err := s.GoOn(t.Context(), lifecycle.Command{
		ID: lead + "/1/mail/welcome@1/hello", Kind: lifecycle.CommandMail, Cycle: 1, At: wednesday,
		Position: lifecycle.Position{Sequence: "welcome", Version: 1},
	})
	require.NoError(t, err)
	require.Equal(t, "hello", move.Mail)
}

// stateOf is what the ledger says about the mail to an address.
func stateOf(t *testing.T, s *store.Store, email string) string {
	t.Helper()
	var state string
	err := s.Pool().QueryRow(t.Context(), `SELECT btrim(d.state || ' ' || d.code) FROM deliveries d JOIN leads l ON l.id = d.lead_id
		WHERE l.email = $1`, email).Scan(&state)
	require.NoError(t, err)
	return state
}

// await polls until it is so.
func await(t *testing.T, most time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(most); !ok(); {
		require.True(t, time.Now().Before(deadline), "%s: not within %s", what, most)
		<-time.After(5 * time.Millisecond)
	}
}

type nobody struct{}

func (nobody) Resend(context.Context) error { return nil }

func (nobody) Version(context.Context, string) (int64, bool, error) { return 0, false, nil }
func (nobody) RunOne(context.Context) (bool, error)                 { return false, nil }

func (nobody) UndoOne(context.Context) (bool, error) { return false, nil }

func (nobody) ReleaseStarts(context.Context) (time.Duration, error) { return time.Hour, nil }

// temporalAt is a client of an address where nobody answers yet.
func temporalAt(t *testing.T, address string) client.Client {
	t.Helper()
	c, err := client.NewLazyClient(client.Options{HostPort: address, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// host is what `leadflow work` runs beside the workflows, with Temporal away.
func host(t *testing.T, s *store.Store, smtpAddress string) *worker.Host {
	t.Helper()
	return hostWithin(t, s, smtpAddress, nil)
}

// hostWithin is a host that keeps to a throttle.
func hostWithin(t *testing.T, s *store.Store, smtpAddress string, limits *worker.Throttle) *worker.Host {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	const bulk = 4
	ledger := worker.NewLedger(s, s, 4)
	mailing := func(connections int) *worker.Mailing { // with commits of its own
		sender, err := mail.NewSender(mail.SenderOptions{Address: smtpAddress, MaxConnections: connections})
		require.NoError(t, err)
		t.Cleanup(sender.Close)
		return &worker.Mailing{Deliveries: worker.NewLedger(s, s, connections), Bounces: s, Composer: letters(t, nil), Sender: sender, Log: quiet}
	}
	side := func() worker.Side {
		m := mailing(bulk / 2)
		m.Throttle = limits
		return worker.Side{Carrier: m, Connections: bulk / 2}
	}
	poster := notify.NewPoster(notify.Options{Guard: notify.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
	t.Cleanup(poster.Close)
	return &worker.Host{
		Outbox: s, Deliveries: ledger, Handover: s, Listener: s, Sweeper: s, Scores: s, Holds: s, Away: s, Places: s, Late: s, Client: temporalAt(t, "127.0.0.1:1"),
		Mails:  worker.NewSides(side(), side()),
		Alerts: &worker.AlertMails{Carrier: mailing(4), Deliveries: ledger, Quiet: &worker.Quiet{Hours: s}},
		Hooks:  &worker.Hooks{Deliveries: ledger, Poster: poster, Letters: letters(t, nil), Subscribers: s, Quiet: &worker.Quiet{Hours: s}},
		Desk:   nobody{}, Importer: nobody{}, TaskQueue: "leads", Log: quiet, Senders: bulk, Throttle: limits,
	}
}

// run runs a host until the test, or whoever calls stop, has had enough.
func run(t *testing.T, h *worker.Host) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	t.Cleanup(stop)
	return stop
}

// postOffice is a real SMTP server. It can be told to keep a recipient waiting: until free is closed nothing is answered.
type postOffice struct {
	address string
	free    chan struct{}
	holdAt  func(to, phase string) bool // phases: rcpt, body (before it is read), dot (all of it was read)

	mu      sync.Mutex
	holding map[string]string // recipient -> phase
	taken   map[string][]string
}

func newPostOffice(t *testing.T, holdAt func(to, phase string) bool) *postOffice {
	t.Helper()
	p := &postOffice{free: make(chan struct{}), holdAt: holdAt, holding: map[string]string{}, taken: map[string][]string{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p.address = listener.Addr().String()
	server := smtp.NewServer(p)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	t.Cleanup(p.open)
	return p
}

// open ends all waiting.
func (p *postOffice) open() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.free:
	default:
		close(p.free)
	}
}

func (p *postOffice) pass(to, phase string) {
	if !p.holdAt(to, phase) {
		return
	}
	p.mu.Lock()
	p.holding[to] = phase
	p.mu.Unlock()
	<-p.free
}

func (p *postOffice) held() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.holding)
}

// got are the mails an address got, which the server took whole.
func (p *postOffice) got(to string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken[to]
}

// count is how many mails it took.
func (p *postOffice) count() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, mails := range p.taken {
		n += len(mails)
	}
	return n
}

func (p *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &visit{office: p}, nil }

type visit struct {
	office *postOffice
	to     string
}

func (v *visit) Mail(string, *smtp.MailOptions) error { return nil }
func (v *visit) Reset()                               { v.to = "" }
func (v *visit) Logout() error                        { return nil }

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.to = to
	v.office.pass(to, "rcpt")
	return nil
}

func (v *visit) Data(r io.Reader) error {
	v.office.pass(v.to, "body")
	raw, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("cut off: %w", err)
	}
	v.office.mu.Lock()
	v.office.taken[v.to] = append(v.office.taken[v.to], string(raw))
	v.office.mu.Unlock()
	v.office.pass(v.to, "dot")
	return nil
}
