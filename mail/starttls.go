package mail

import (
	"errors"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strings"
)

// startTLS asks for encryption (RFC 3207); the handshake is the next thing that is said. The client's own way keeps the encrypted
// connection to itself.
func startTLS(conn net.Conn, hello string) error {
	text := textproto.NewConn(conn)
	if _, _, err := text.ReadResponse(220); err != nil {
		return replied(err)
	}
	offers, err := asked(text, 250, "EHLO "+hello)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(strings.Split(offers, "\n"), func(line string) bool { return strings.EqualFold(strings.TrimSpace(line), "STARTTLS") }) {
		return errors.New("the mail server offers no STARTTLS")
	}
	if _, err := asked(text, 220, "STARTTLS"); err != nil {
		return err
	}
	if text.R.Buffered() > 0 { // somebody on the way put in what would be read as encrypted (CVE-2011-0411)
		return errors.New("the mail server went on in plain text after STARTTLS")
	}
	return nil
}

func asked(text *textproto.Conn, want int, line string) (string, error) {
	if err := text.PrintfLine("%s", line); err != nil {
		return "", err
	}
	_, answer, err := text.ReadResponse(want)
	return answer, replied(err)
}

// replied makes what a server refuses an error of the client's.
func replied(err error) error {
	var refusal *textproto.Error
	if errors.As(err, &refusal) {
		return error(smtpError(refusal))
	}
	return err
}

// greeted is a connection on which the server has said its greeting before it was encrypted: a client waits for one.
func greeted(conn net.Conn) net.Conn {
	return &greetedConn{Conn: conn, in: io.MultiReader(strings.NewReader("220 ready\r\n"), conn)}
}

type greetedConn struct {
	net.Conn
	in io.Reader
}

func (c *greetedConn) Read(p []byte) (int, error) { return c.in.Read(p) }
