package mail

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// server is a real SMTP server that can be told to break at each phase. A hook gets the connection, so that it can
// refuse with an error or hang up.
type server struct {
	address string
	roots   *x509.CertPool

	mu          sync.Mutex
	onMail      func(net.Conn) error
	onRcpt      func(net.Conn) error
	onData      func(net.Conn) error // before the body is read
	onBody      func(net.Conn) error // after the final dot was read
	onAuth      func(user, password string) error
	mechanisms  []string
	utf8        bool // addresses outside ASCII are taken
	oneByOne    bool // it does not say that it takes commands in a row
	connections int
	accepted    [][]byte
	open        map[net.Conn]bool
}

func (s *server) set(change func(*server)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *server) seen() (connections int, accepted [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections, s.accepted
}

// hangUpAll closes what is open, as a server does with idle connections.
func (s *server) hangUpAll() {
	s.set(func(s *server) {
		for conn := range s.open {
			_ = conn.Close()
		}
	})
}

func (s *server) call(pick func(*server) func(net.Conn) error, conn net.Conn) error {
	s.mu.Lock()
	hook := pick(s)
	s.mu.Unlock()
	if hook == nil {
		return nil
	}
	return hook(conn)
}

func (s *server) NewSession(c *smtp.Conn) (smtp.Session, error) {
	s.set(func(s *server) { s.connections++; s.open[c.Conn()] = true })
	return &dialogue{server: s, conn: c.Conn()}, nil
}

type dialogue struct {
	server   *server
	conn     net.Conn
	loggedIn bool
}

func (d *dialogue) Reset()        {}
func (d *dialogue) Logout() error { return nil }
func (d *dialogue) Mail(string, *smtp.MailOptions) error {
	if d.server.mechanisms != nil && !d.loggedIn {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "login first"}
	}
	return d.server.call(func(s *server) func(net.Conn) error { return s.onMail }, d.conn)
}

func (d *dialogue) Rcpt(string, *smtp.RcptOptions) error {
	return d.server.call(func(s *server) func(net.Conn) error { return s.onRcpt }, d.conn)
}

func (d *dialogue) Data(r io.Reader) error {
	if err := d.server.call(func(s *server) func(net.Conn) error { return s.onData }, d.conn); err != nil {
		return err
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := d.server.call(func(s *server) func(net.Conn) error { return s.onBody }, d.conn); err != nil {
		return err
	}
	d.server.set(func(s *server) { s.accepted = append(s.accepted, raw) })
	return nil
}

func (d *dialogue) AuthMechanisms() []string { return d.server.mechanisms }

func (d *dialogue) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		err := d.server.onAuth(user, password)
		d.loggedIn = err == nil
		return err
	}
	if mechanism == "PLAIN" {
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	}
	return &loginServer{check: check}, nil
}

type loginServer struct {
	check func(user, password string) error
	user  string
	step  int
}

func (l *loginServer) Next(answer []byte) (challenge []byte, done bool, err error) {
	switch l.step++; l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(answer)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(answer))
}

// refuse and hangUp are hooks.
func refuse(code int, enhanced smtp.EnhancedCode) func(net.Conn) error {
	return func(net.Conn) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: "secret@example.com is unknown here"}
	}
}

func hangUp(conn net.Conn) error {
	_ = conn.Close()
	return errors.New("hung up")
}

// startServer runs a server; with TLS it offers STARTTLS, or speaks TLS at once when implicit.
func startServer(t *testing.T, mode TLSMode, setup func(*server)) *server {
	t.Helper()
	s := &server{open: map[net.Conn]bool{}}
	if setup != nil {
		setup(s)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.address = listener.Addr().String()
	srv := smtp.NewServer(s)
	srv.Domain, srv.AllowInsecureAuth, srv.ErrorLog = "test", true, quiet{}
	srv.MaxMessageBytes, srv.EnableSMTPUTF8 = 64<<20, s.utf8
	if mode != TLSNone {
		certificate, roots := selfSigned(t)
		s.roots = roots
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
		if mode == TLSImplicit {
			listener = tls.NewListener(listener, srv.TLSConfig)
		}
	}
	if s.oneByOne {
		listener = slowListener{listener}
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(listener) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return s
}

// slowListener keeps from who connects that the server takes commands in a row.
type slowListener struct{ net.Listener }

func (l slowListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return slowConn{conn}, err
}

type slowConn struct{ net.Conn }

func (c slowConn) Write(p []byte) (int, error) {
	_, err := c.Conn.Write(bytes.Replace(p, []byte("250-PIPELINING\r\n"), nil, 1))
	return len(p), err
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
