package rig

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"

	"github.com/emersion/go-smtp"
)

// Mailbox is a mail server that takes everything at once and keeps only how many mails each address got.
type Mailbox struct {
	Address string
	server  *smtp.Server
	mu      sync.Mutex
	got     map[string]int
	changed chan struct{} // closed and made anew with each mail
}

// NewMailbox listens on loopback.
func NewMailbox() (*Mailbox, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &Mailbox{Address: l.Addr().String(), got: map[string]int{}, changed: make(chan struct{})}
	m.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mail{box: m}, nil }))
	m.server.Domain = "bench.example"
	go func() { _ = m.server.Serve(l) }()
	return m, nil
}

// Close ends it.
func (m *Mailbox) Close() { _ = m.server.Close() }

// Await waits until an address got so many mails.
func (m *Mailbox) Await(ctx context.Context, address string, mails int) error {
	for {
		m.mu.Lock()
		got, changed := m.got[address], m.changed
		m.mu.Unlock()
		if got >= mails {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

type mail struct {
	box *Mailbox
	to  []string
}

func (s *mail) Mail(string, *smtp.MailOptions) error { s.to = nil; return nil }

func (s *mail) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, strings.ToLower(to))
	return nil
}

func (s *mail) Data(r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	for _, to := range s.to {
		s.box.got[to]++
	}
	close(s.box.changed)
	s.box.changed = make(chan struct{})
	return nil
}

func (s *mail) Reset()        { s.to = nil }
func (s *mail) Logout() error { return nil }
