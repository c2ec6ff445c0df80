package catcher

import (
	"io"
	"strings"

	"github.com/emersion/go-smtp"
)

// backend takes mail for anybody.
type backend struct{ box *box }

func (b backend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{box: b.box, conn: c}, nil
}

// session is one connection.
type session struct {
	box  *box
	conn *smtp.Conn
	lost bool // hangs up without a word once it has the mail
	from string
	to   []string
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from, s.to, s.lost = from, nil, false
	return nil
}

// Rcpt knows the domains that stand for trouble.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch _, domain, _ := strings.Cut(strings.ToLower(to), "@"); domain {
	case "bounce.example":
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody here by that name"}
	case "later.example":
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "come back later"}
	case "lost.example":
		s.lost = true
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.lost {
		return s.conn.Conn().Close()
	}
	return s.box.put(s.from, s.to, raw)
}

func (s *session) Reset()        { s.from, s.to, s.lost = "", nil, false }
func (s *session) Logout() error { return nil }
