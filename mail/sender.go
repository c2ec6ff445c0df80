package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/emersion/go-smtp"
)

// TLSMode is how the connection to the mail server is encrypted.
type TLSMode string

// The modes. TLSStart is required, not opportunistic: a server without STARTTLS is refused.
const (
	TLSNone     TLSMode = "none"
	TLSStart    TLSMode = "starttls"
	TLSImplicit TLSMode = "implicit"
)

// SenderOptions say which server to use, and how. Zero values take the default named beside them.
type SenderOptions struct {
	Address  string  // host:port, required
	TLS      TLSMode // TLSNone
	User     string  // no login when empty
	Password string
	Hello    string // the name given in EHLO; "localhost"

	MaxConnections int           // at the same time; 4
	MaxMessages    int           // over one connection before it is renewed; 100
	IdleTimeout    time.Duration // an idle connection older than this is not used again; 30 s
	DialTimeout    time.Duration // connect, TLS, greeting and login together; 15 s
	CommandTimeout time.Duration // one command; 30 s
	BodyTimeout    time.Duration // writing the message; 60 s
	ReplyTimeout   time.Duration // from the final dot to the answer; 120 s
	// Grace is how long a message whose DATA has begun may go on after ctx ends, since cutting it off would leave its
	// outcome unknown; 5 s.
	Grace time.Duration

	// TLSConfig is for tests and private authorities; the server's name is filled in.
	TLSConfig *tls.Config
	// PlainLogin allows a login without TLS to a server that is not on this machine.
	PlainLogin bool
}

// Sender hands messages to one SMTP server over a bounded pool of connections. It is safe for concurrent use. Two lanes
// that must not wait for each other are two Senders.
type Sender struct {
	options SenderOptions
	tls     *tls.Config
	pool    pool
}

// NewSender checks the options; it does not connect.
func NewSender(o SenderOptions) (*Sender, error) {
	host, _, err := net.SplitHostPort(o.Address)
	if err != nil {
		return nil, fmt.Errorf("the mail server's address %q is not host:port, such as mail.example.com:587", o.Address)
	}
	switch o.TLS {
	case "":
		o.TLS = TLSNone
	case TLSNone, TLSStart, TLSImplicit:
	default:
		return nil, fmt.Errorf("unknown TLS mode %q: there are none, starttls and implicit", o.TLS)
	}
	if o.User != "" && o.TLS == TLSNone && !o.PlainLogin && !onThisMachine(host) {
		return nil, errors.New("a login without TLS would show the password to everybody on the way: use starttls or implicit")
	}
	fill(&o.Hello, "localhost")
	fill(&o.MaxConnections, 4)
	fill(&o.MaxMessages, 100)
	fill(&o.IdleTimeout, 30*time.Second)
	fill(&o.DialTimeout, 15*time.Second)
	fill(&o.CommandTimeout, 30*time.Second)
	fill(&o.BodyTimeout, time.Minute)
	fill(&o.ReplyTimeout, 2*time.Minute)
	fill(&o.Grace, 5*time.Second)
	config := &tls.Config{}
	if o.TLSConfig != nil {
		config = o.TLSConfig.Clone()
	}
	fill(&config.ServerName, host)
	fill(&config.MinVersion, tls.VersionTLS12)
	return &Sender{options: o, tls: config, pool: pool{slots: make(chan struct{}, o.MaxConnections)}}, nil
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Close ends the idle connections; those at work end after their message.
func (s *Sender) Close() { s.pool.close() }

// Check connects, logs in and says NOOP, for a doctor or a readiness page. It sends nothing.
func (s *Sender) Check(ctx context.Context) error {
	c, err := s.dial(ctx)
	if err != nil {
		return fmt.Errorf("the mail server %s cannot be used: %w", s.options.Address, plainError(err))
	}
	defer c.conn.Close()
	if err := c.client.Noop(); err != nil {
		return fmt.Errorf("the mail server %s does not answer: %w", s.options.Address, plainError(err))
	}
	_ = c.client.Quit()
	return nil
}

// Send makes one attempt to hand raw (CRLF lines, as Composer renders them) to the server. from is the envelope sender
// ("" for a bounce that must not bounce), to the one recipient.
//
// beforeData (may be nil) runs after the server accepted the recipient and right before DATA: the caller commits there
// that the message is about to be sent. It runs at most once. When it fails nothing is sent and the outcome is NotStarted
// with its error.
//
// A ctx that ends before DATA makes NotStarted; after it the message has Grace to come to a known end.
func (s *Sender) Send(ctx context.Context, from, to string, raw []byte, beforeData func(context.Context) error) Outcome {
	if err := CheckAddress(to); err != nil {
		return Outcome{Kind: Permanent, Phase: PhaseRcpt, Err: err}
	}
	if from != "" {
		if err := CheckAddress(from); err != nil {
			return Outcome{Kind: NotStarted, Phase: PhaseMail, Err: fmt.Errorf("the sender is unusable: %w", err)}
		}
	}
	c, err := s.pool.acquire(ctx, s.options.IdleTimeout)
	if err != nil {
		return unreachable(err)
	}
	a := &attempt{sender: s, from: from, to: to, raw: raw, beforeData: beforeData}
	if c != nil {
		out, keep := a.run(ctx, c)
		if !out.stale() || ctx.Err() != nil {
			s.pool.release(c, keep)
			return out
		}
		_ = c.conn.Close() // the server had hung up on an idle connection: nothing was said, so say it on a new one
	}
	if c, err = s.dial(ctx); err != nil {
		s.pool.release(nil, false)
		return unreachable(err)
	}
	out, keep := a.run(ctx, c)
	s.pool.release(c, keep)
	return out
}

// stale reports whether an idle connection turned out to be dead at its first command.
func (o Outcome) stale() bool {
	return o.Kind == NotStarted && o.Phase == PhaseMail && (o.Code == 0 || o.Code == 421)
}

func unreachable(err error) Outcome {
	out := Outcome{Kind: NotStarted, Phase: PhaseConnect}
	var reply *smtp.SMTPError
	if errors.As(err, &reply) {
		out = answered(PhaseConnect, reply)
		out.Kind = NotStarted
	}
	out.Err = fmt.Errorf("the mail server cannot be reached: %w", plainError(err))
	return out
}
