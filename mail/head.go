package mail

import (
	"mime"
	netmail "net/mail"
	"slices"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/mail/liquid"
)

// appendHead appends the header of a mail and the empty line behind it (RFC 5322).
func (l *letter) appendHead(out []byte, boundary string) []byte {
	out = appendField(out, "Date", l.date.Format(time.RFC1123Z))
	out = appendField(out, "Message-ID", "<"+l.messageID+">")
	out = appendField(out, "MIME-Version", "1.0")
	out = appendField(out, "Subject", mime.QEncoding.Encode("UTF-8", unencoded(l.subject)))
	names := make([]string, 0, len(l.headers))
	for name := range l.headers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		out = appendField(out, name, mime.QEncoding.Encode("UTF-8", l.headers[name]))
	}
	out = appendField(out, "From", displayed(l.from))
	out = appendField(out, "To", displayed(l.to))
	if l.replyTo.Address != "" {
		out = appendField(out, "Reply-To", displayed(l.replyTo))
	}
	out = append(out, "Content-Type: multipart/alternative;\r\n boundary="...)
	out = append(out, boundary...)
	return append(out, "\r\n\r\n"...)
}

// appendField appends a field in lines of at most 76 characters, where its words are no longer. The first word stays beside the
// name: some receivers read neither a message id nor an unsubscribe address on the next line.
func appendField(out []byte, name, value string) []byte {
	out = append(out, name...)
	out = append(out, ':')
	column := len(name) + 1
	for i, word := range strings.Split(strings.TrimSpace(value), " ") {
		if i > 0 && word != "" && column+1+len(word) > 76 {
			out = append(out, "\r\n"...)
			column = 0
		}
		out = append(out, ' ')
		out = append(out, word...)
		column += 1 + len(word)
	}
	return append(out, "\r\n"...)
}

// displayed is an address as a header shows it, its display name one harmless line of at most 120 characters. A backslash becomes a
// slash: net/mail would leave it bare in an encoded word, and then nobody can read the address.
func displayed(a netmail.Address) string {
	name := []rune(strings.ReplaceAll(strings.TrimSpace(liquid.Line(a.Name)), `\`, "/"))
	shown := netmail.Address{Name: unencoded(string(name[:min(len(name), 120)])), Address: a.Address}
	return shown.String()
}

// unencoded breaks what a mail program would take for an encoded word (RFC 2047): a value means what it says.
func unencoded(s string) string { return strings.ReplaceAll(s, "=?", "= ?") }
