package inbound

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/emersion/go-smtp"
	"golang.org/x/net/netutil"
)

// Bounds of the server. What a report says stands at its beginning: of a larger mail the rest is read and thrown away.
const (
	maxConnections = 50
	maxRecipients  = 20
	maxRefused     = 20               // unknown addresses of one connection
	maxMessage     = 32 << 20         // bytes; more is refused
	keptOfMessage  = 2 << 20          // bytes
	maxSession     = 10 * time.Minute // a whole connection
	maxWait        = time.Minute      // for the next bytes
	takeTime       = 30 * time.Second // for Postgres
)

// Server is an SMTP server for the addresses of a Reader. It answers 250 when what the mail means is committed, 451 when it
// could not be, and 550 to every other address.
type Server struct {
	smtp *smtp.Server
}

// NewServer makes one; Serve starts it.
func NewServer(r *Reader, log *slog.Logger) *Server {
	s := smtp.NewServer(&backend{reader: r, log: log})
	s.Domain = r.Domain
	s.EnableSMTPUTF8 = true // reports of mails to addresses outside ASCII (RFC 6533)
	s.MaxMessageBytes, s.MaxRecipients, s.MaxLineLength = maxMessage, maxRecipients, 64<<10
	s.ReadTimeout, s.WriteTimeout = maxWait, maxWait
	s.ErrorLog = silent{} // its lines quote the client
	return &Server{smtp: s}
}

// Serve takes mail from a listener until Shutdown, which makes it answer nil.
func (s *Server) Serve(l net.Listener) error {
	err := s.smtp.Serve(netutil.LimitListener(l, maxConnections))
	if errors.Is(err, smtp.ErrServerClosed) {
		return nil
	}
	return err
}

// lastWords is how long connections have to end by themselves.
const lastWords = 5 * time.Second

// Shutdown ends it when the mails under way are answered, but soon: who is cut off tries again.
func (s *Server) Shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lastWords)
	defer cancel()
	err := s.smtp.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.smtp.Close()
	}
	if errors.Is(err, smtp.ErrServerClosed) {
		return nil
	}
	return err
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

type backend struct {
	reader *Reader
	log    *slog.Logger
}

func (b *backend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	conn := c.Conn()
	return &session{backend: b, over: time.AfterFunc(maxSession, func() { _ = conn.Close() }), conn: c}, nil
}

// session is one connection.
type session struct {
	*backend
	conn    *smtp.Conn
	over    *time.Timer
	refused int
	null    bool // the mail has no sender
	to      []string
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.null, s.to = from == "", nil
	return nil
}

var (
	errNobody = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such address"}
	errEnough = &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "too many unknown addresses"}
	errLater  = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again later"}
)

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.reader.Known(to) {
		s.to = append(s.to, to)
		return nil
	}
	if s.refused++; s.refused > maxRefused {
		s.conn.Reject()
		return errEnough
	}
	return errNobody
}

func (s *session) Data(in io.Reader) error {
	raw, err := io.ReadAll(io.LimitReader(in, keptOfMessage))
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), takeTime)
	defer cancel()
	for _, to := range s.to {
		if _, err := s.reader.Take(ctx, Mail{To: to, Null: s.null, Raw: raw, Via: "smtp"}); err != nil {
			s.log.Error("a mail that came back could not be noted; its sender tries again", "error", err)
			return errLater
		}
	}
	return nil
}

func (s *session) Reset() { s.to = nil }

func (s *session) Logout() error {
	s.over.Stop()
	return nil
}
