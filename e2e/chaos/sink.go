package chaos

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"sync"

	"github.com/emersion/go-smtp"
)

// Sink is what the house writes to: a mail server and a webhook subscriber that count by id.
type Sink struct {
	SMTP string // address
	Hook string // URL

	smtp  *smtp.Server
	hooks *httptest.Server
	mu    sync.Mutex
	mails map[string]Mail
	posts map[string]int
}

// Mail is one message by its id.
type Mail struct {
	Lead, Kind, Assignment string // of an alert
	Copies                 int
}

func openSink() (*Sink, error) {
	s := &Sink{mails: map[string]Mail{}, posts: map[string]int{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.SMTP = listener.Addr().String()
	s.smtp = smtp.NewServer(s)
	go func() { _ = s.smtp.Serve(listener) }()
	s.hooks = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.posts[r.Header.Get("webhook-id")]++
	}))
	s.Hook = s.hooks.URL
	return s, nil
}

// Close stops both.
func (s *Sink) Close() {
	_ = s.smtp.Close()
	s.hooks.Close()
}

// Mails are all messages by their id.
func (s *Sink) Mails() map[string]Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]Mail{}
	for id, m := range s.mails {
		out[id] = m
	}
	return out
}

// Posts counts webhooks by their id.
func (s *Sink) Posts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for id, n := range s.posts {
		out[id] = n
	}
	return out
}

// NewSession, and the methods of visit, are what go-smtp asks for.
func (s *Sink) NewSession(*smtp.Conn) (smtp.Session, error) { return visit{s}, nil }

type visit struct{ sink *Sink }

func (visit) Mail(string, *smtp.MailOptions) error { return nil }
func (visit) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (visit) Reset()                               {}
func (visit) Logout() error                        { return nil }

func (v visit) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	v.sink.mu.Lock()
	defer v.sink.mu.Unlock()
	id := m.Header.Get("Message-Id")
	known := v.sink.mails[id]
	v.sink.mails[id] = Mail{
		Lead: m.Header.Get("X-Leadflow-Lead"), Kind: m.Header.Get("X-Leadflow-Kind"), Assignment: m.Header.Get("X-Leadflow-Assignment"),
		Copies: known.Copies + 1,
	}
	return nil
}
