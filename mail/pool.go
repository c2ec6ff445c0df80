package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// session is one connection that has been greeted and, where asked, encrypted and logged in.
type session struct {
	client *smtp.Client
	conn   net.Conn // what is closed to interrupt the client
	talk   *talk    // nil: the server wants each command by itself
	utf8   bool     // addresses outside ASCII are taken
	used   int      // messages begun
	since  time.Time
	reused bool
}

// pool hands out at most cap(slots) sessions at a time and keeps idle ones.
type pool struct {
	slots  chan struct{}
	mu     sync.Mutex
	idle   []*session
	closed bool
}

var errClosed = errors.New("the mail sender is closed")

// acquire waits for a slot and takes an idle session that is not too old, or nil where one must be dialed.
func (p *pool) acquire(ctx context.Context, tooOld time.Duration) (*session, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		<-p.slots
		return nil, errClosed
	}
	for len(p.idle) > 0 {
		s := p.idle[len(p.idle)-1] // the newest is the likeliest to be alive
		p.idle = p.idle[:len(p.idle)-1]
		if time.Since(s.since) < tooOld {
			s.reused = true
			return s, nil
		}
		_ = s.conn.Close()
	}
	return nil, nil
}

// release gives the slot back, and the session where it can be used again.
func (p *pool) release(s *session, keep bool) {
	p.mu.Lock()
	if s != nil {
		if keep && !p.closed {
			s.since = time.Now()
			p.idle = append(p.idle, s)
		} else {
			_ = s.conn.Close()
		}
	}
	p.mu.Unlock()
	<-p.slots
}

func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, s := range idle {
		s.client.CommandTimeout = time.Second
		_ = s.client.Quit() // polite; the server may be gone
		_ = s.conn.Close()
	}
}

// dial connects, encrypts, greets and logs in, within DialTimeout altogether.
func (s *Sender) dial(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.DialTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.options.Address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	client, inner, err := s.greet(ctx, conn)
	if !stop() {
		err = context.Cause(ctx) // says why, where the client only saw a closed connection
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	client.CommandTimeout, client.SubmissionTimeout = s.options.CommandTimeout, s.options.ReplyTimeout
	utf8, _ := client.Extension("SMTPUTF8")
	return &session{client: client, conn: conn, talk: newTalk(inner, client), utf8: utf8}, nil
}

// greet answers with the client and what it speaks over, which is encrypted where that was asked.
func (s *Sender) greet(ctx context.Context, conn net.Conn) (client *smtp.Client, inner net.Conn, err error) {
	inner = conn
	if s.options.TLS == TLSStart {
		if err := startTLS(conn, s.options.Hello); err != nil {
			return nil, nil, err
		}
	}
	if s.options.TLS != TLSNone {
		encrypted := tls.Client(conn, s.tls)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return nil, nil, err
		}
		inner = encrypted
	}
	if s.options.TLS == TLSStart {
		inner = greeted(inner)
	}
	client = smtp.NewClient(inner)
	if err := client.Hello(s.options.Hello); err != nil {
		return nil, nil, err
	}
	if s.options.User != "" {
		err = login(client, s.options.User, s.options.Password)
	}
	return client, inner, err
}

// plainError strips what could hold personal data or be long: the answers of servers keep only their code.
func plainError(err error) error {
	var reply *smtp.SMTPError
	if errors.As(err, &reply) {
		return fmt.Errorf("the server answered %d", reply.Code)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("no answer in time: %w", os.ErrDeadlineExceeded)
	}
	return err
}
