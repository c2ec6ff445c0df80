package mail

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/emersion/go-smtp"
)

// talk hands messages over to a server that takes commands in a row (PIPELINING, RFC 2920): MAIL and RCPT are one trip, and so is a
// message of any length. What comes before and after a message is said by the client, over the same connection.
type talk struct {
	conn net.Conn // encrypted where the session is
	in   *textproto.Reader
	tail string // what every MAIL ends with
	utf8 bool
	size bool
	line []byte // kept for the next message
}

// newTalk is nil where the server wants every command by itself.
func newTalk(conn net.Conn, client *smtp.Client) *talk {
	has := func(extension string) bool { ok, _ := client.Extension(extension); return ok }
	if !has("PIPELINING") {
		return nil
	}
	t := &talk{conn: conn, in: textproto.NewReader(bufio.NewReader(conn)), size: has("SIZE"), utf8: has("SMTPUTF8")}
	if has("8BITMIME") {
		t.tail = " BODY=8BITMIME"
	}
	return t
}

// envelope says MAIL and RCPT, and reads all that is answered, so that the connection can be used again. The phase is that of the
// first refusal.
func (t *talk) envelope(from, to string, size int) (phase Phase, err error) {
	t.line = append(append(append(t.line[:0], "MAIL FROM:<"...), from...), '>')
	t.line = append(t.line, t.tail...)
	if t.size {
		t.line = strconv.AppendInt(append(t.line, " SIZE="...), int64(size), 10)
	}
	if t.utf8 && (!ascii(from) || !ascii(to)) {
		t.line = append(t.line, " SMTPUTF8"...)
	}
	t.line = append(append(append(t.line, "\r\nRCPT TO:<"...), to...), ">\r\n"...)
	if _, err := t.conn.Write(t.line); err != nil {
		return PhaseMail, err
	}
	if _, err := t.reply(250); err != nil {
		if !lost(err) {
			_, _ = t.reply(25) // of a recipient without a sender
		}
		return PhaseMail, err
	}
	_, err = t.reply(25)
	return PhaseRcpt, err
}

// data asks whether the message may come.
func (t *talk) data() error {
	if _, err := t.conn.Write([]byte("DATA\r\n")); err != nil {
		return err
	}
	_, err := t.reply(354)
	return err
}

// message writes the lines and the dot that ends them.
func (t *talk) message(raw []byte) error {
	if !bytes.HasPrefix(raw, []byte(".")) && !bytes.Contains(raw, []byte("\n.")) {
		t.line = append(t.line[:0], raw...)
	} else {
		t.line = stuffed(t.line[:0], raw)
	}
	if !bytes.HasSuffix(t.line, []byte("\r\n")) {
		t.line = append(t.line, "\r\n"...)
	}
	t.line = append(t.line, ".\r\n"...)
	_, err := t.conn.Write(t.line)
	return err
}

// stuffed doubles the dots that lines begin with (RFC 5321, 4.5.2).
func stuffed(to, raw []byte) []byte {
	for line := range bytes.Lines(raw) {
		if line[0] == '.' {
			to = append(to, '.')
		}
		to = append(to, line...)
	}
	return to
}

// reply reads one answer, as the client does: an error of the server is a *smtp.SMTPError.
func (t *talk) reply(want int) (text string, err error) {
	_, text, err = t.in.ReadResponse(want)
	var refusal *textproto.Error
	if errors.As(err, &refusal) {
		return "", smtpError(refusal)
	}
	return text, err
}

// smtpError reads the enhanced status code, which begins every line (RFC 2034).
func smtpError(refusal *textproto.Error) *smtp.SMTPError {
	out := &smtp.SMTPError{Code: refusal.Code, Message: refusal.Msg}
	status, text, ok := strings.Cut(refusal.Msg, " ")
	var code smtp.EnhancedCode
	if n, err := fmt.Sscanf(status+" ", "%d.%d.%d ", &code[0], &code[1], &code[2]); !ok || n != 3 || err != nil {
		return out
	}
	out.EnhancedCode, out.Message = code, strings.ReplaceAll(text, "\n"+status+" ", "\n")
	return out
}

// lost reports that the connection is of no use any more: it broke, or the server goes down.
func lost(err error) bool {
	var refusal *smtp.SMTPError
	return err != nil && (!errors.As(err, &refusal) || refusal.Code == 421)
}
