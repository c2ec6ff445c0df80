package rig

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
)

// Sink is a mail server that takes everything and counts it. Of the first mails it keeps the bytes.
type Sink struct {
	Address string
	server  *smtp.Server
	taken   atomic.Int64
	kept    atomic.Int64
	mails   [sinkKeeps][]byte
}

const sinkKeeps = 200

// NewSink listens on loopback.
func NewSink() (*Sink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Sink{Address: l.Addr().String()}
	s.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return sunk{s}, nil }))
	s.server.Domain = "bench.example"
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

// Close ends it.
func (s *Sink) Close() { _ = s.server.Close() }

// Taken is how many mails it took.
func (s *Sink) Taken() int { return int(s.taken.Load()) }

// Await waits until it took so many.
func (s *Sink) Await(ctx context.Context, mails int) error {
	for s.Taken() < mails {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// Mails are the bytes of the first ones since Forget.
func (s *Sink) Mails() [][]byte {
	return s.mails[:min(sinkKeeps, int(s.kept.Load()))]
}

// Forget begins to keep anew. Nobody may be sending.
func (s *Sink) Forget() { s.kept.Store(0) }

type sunk struct{ sink *Sink }

func (sunk) Mail(string, *smtp.MailOptions) error { return nil }
func (sunk) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (sunk) Reset()                               {}
func (sunk) Logout() error                        { return nil }

func (s sunk) Data(r io.Reader) error {
	defer s.sink.taken.Add(1)
	if at := s.sink.kept.Add(1) - 1; at < sinkKeeps {
		raw, err := io.ReadAll(r)
		s.sink.mails[at] = raw
		return err
	}
	_, err := io.Copy(io.Discard, r)
	return err
}
