package mail

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// talk is the dialogue about messages over a connection that go-smtp has greeted and logged in: it sends MAIL and RCPT
// together where the server lets it (PIPELINING, RFC 2920), and a message with its final dot in one write. Each trip that is
// saved is one that nobody is woken for.
type talk struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte // kept from one message to the next
}

const (
	answerLine  = 2000 // bytes of a line of an answer: twice what RFC 5321, 4.5.3.1.5, allows
	answerLines = 100
	keepOut     = 256 << 10
)

func newTalk(conn net.Conn) talk {
	return talk{conn: conn, in: bufio.NewReaderSize(conn, answerLine)}
}

// say sends lines.
func (t *talk) say(within time.Duration, text string) error {
	_ = t.conn.SetDeadline(time.Now().Add(within))
	_, err := t.conn.Write([]byte(text))
	return err
}

var errAnswer = errors.New("the mail server's answer is no SMTP")

// answer reads one (RFC 5321, 4.2): its code and its text, in lines. A code that is not the expected one is a
// *smtp.SMTPError.
func (t *talk) answer(within time.Duration, expected int) (string, error) {
	_ = t.conn.SetDeadline(time.Now().Add(within))
	var said []string
	for range answerLines {
		raw, err := t.in.ReadSlice('\n')
		if err != nil {
			return "", err
		}
		line := strings.TrimRight(string(raw), "\r\n")
		code, err := strconv.Atoi(line[:min(3, len(line))])
		if err != nil || code < 100 || len(line) > 3 && line[3] != ' ' && line[3] != '-' {
			return "", errAnswer
		}
		said = append(said, line[min(4, len(line)):])
		if len(line) > 3 && line[3] == '-' {
			continue
		}
		if code != expected {
			return "", refusal(code, said)
		}
		return strings.Join(said, "\n"), nil
	}
	return "", errAnswer
}

// refusal takes the enhanced code off each line (RFC 2034).
func refusal(code int, said []string) *smtp.SMTPError {
	out := &smtp.SMTPError{Code: code}
	first, _, _ := strings.Cut(said[0], " ")
	var e smtp.EnhancedCode
	if n, err := fmt.Sscanf(first, "%d.%d.%d", &e[0], &e[1], &e[2]); n == 3 && err == nil && first == fmt.Sprintf("%d.%d.%d", e[0], e[1], e[2]) {
		out.EnhancedCode = e
		for i := range said {
			said[i] = strings.TrimPrefix(strings.TrimPrefix(said[i], first), " ")
		}
	}
	out.Message = strings.Join(said, "\n")
	return out
}

// message writes one and its final dot. An error means that the server has not got all of it: the dot is the last that is
// written.
func (t *talk) message(within time.Duration, raw []byte) error {
	_ = t.conn.SetDeadline(time.Now().Add(within))
	t.out = appendDotted(t.out[:0], raw)
	_, err := t.conn.Write(t.out)
	if cap(t.out) > keepOut {
		t.out = nil
	}
	return err
}

// appendDotted appends a message as it is sent: CRLF at the end of lines, a dot before each that begins with one, and the
// final dot (RFC 5321, 4.5.2).
func appendDotted(out, raw []byte) []byte {
	for len(raw) > 0 {
		if raw[0] == '.' {
			out = append(out, '.')
		}
		line := raw
		if end := bytes.IndexByte(raw, '\n'); end >= 0 {
			line = raw[:end+1]
		}
		raw = raw[len(line):]
		out = append(out, bytes.TrimRight(line, "\r\n")...)
		out = append(out, '\r', '\n')
	}
	return append(out, ".\r\n"...)
}

// startTLS encrypts a connection whose server has not been greeted yet. The one that comes back begins with the greeting
// again, for whoever is to greet it.
func (t *talk) startTLS(within time.Duration, hello string) (greeting string, err error) {
	text, err := t.answer(within, 220)
	if err != nil {
		return "", err
	}
	if err = t.say(within, "EHLO "+hello+"\r\n"); err != nil {
		return "", err
	}
	offers, err := t.answer(within, 250)
	if err != nil {
		return "", err
	}
	if !offersTLS(offers) {
		return "", errors.New("the mail server offers no STARTTLS")
	}
	if err = t.say(within, "STARTTLS\r\n"); err != nil {
		return "", err
	}
	if _, err = t.answer(within, 220); err == nil && t.in.Buffered() > 0 {
		err = errors.New("the mail server, or somebody on the way, said something before the connection was encrypted")
	}
	return "220 " + strings.ReplaceAll(text, "\n", " ") + "\r\n", err
}

func offersTLS(offers string) bool {
	for line := range strings.Lines(offers) {
		if strings.EqualFold(strings.TrimSpace(line), "STARTTLS") {
			return true
		}
	}
	return false
}

// greeted is a connection that says its greeting again.
type greeted struct {
	net.Conn
	greeting string
}

func (g *greeted) Read(p []byte) (int, error) {
	if g.greeting == "" {
		return g.Conn.Read(p)
	}
	n := copy(p, g.greeting)
	g.greeting = g.greeting[n:]
	return n, nil
}
