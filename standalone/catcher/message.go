package catcher

import (
	"bytes"
	"io"
	"net/textproto"
	"strings"
	"time"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // mails in other charsets than UTF-8
	"github.com/emersion/go-message/mail"
)

// Message is one mail as it came.
type Message struct {
	ID         string            `json:"id"`
	From       string            `json:"from"` // of the envelope
	To         string            `json:"to"`   // of the envelope, several by comma
	Subject    string            `json:"subject"`
	ReceivedAt time.Time         `json:"received_at"`
	Headers    map[string]string `json:"headers"` // repeated ones by line
	Text       string            `json:"text"`
	HTML       string            `json:"html"`

	raw []byte
}

// Sender is who wrote it, as people call them.
func (m *Message) Sender() string {
	from := m.Headers["From"]
	if a, err := mail.ParseAddress(from); err == nil && a.Name != "" {
		return a.Name
	}
	return from
}

// read takes a mail apart. What cannot be read is left out: the bytes are kept all the same.
func (m *Message) read() {
	m.Headers = map[string]string{}
	r, err := mail.CreateReader(bytes.NewReader(m.raw))
	if err != nil && !message.IsUnknownCharset(err) {
		return
	}
	defer func() { _ = r.Close() }()
	for fields := r.Header.Fields(); fields.Next(); {
		value, err := fields.Text()
		if err != nil {
			value = fields.Value()
		}
		name := textproto.CanonicalMIMEHeaderKey(fields.Key())
		if before, repeated := m.Headers[name]; repeated {
			value = before + "\n" + value
		}
		m.Headers[name] = value
	}
	m.Subject = m.Headers["Subject"]
	for {
		p, err := r.NextPart()
		if err != nil && !message.IsUnknownCharset(err) {
			return
		}
		h, inline := p.Header.(*mail.InlineHeader)
		if !inline {
			continue
		}
		kind, _, _ := h.ContentType()
		body, _ := io.ReadAll(p.Body)
		switch text := strings.ReplaceAll(string(body), "\r\n", "\n"); {
		case kind == "text/html" && m.HTML == "":
			m.HTML = text
		case m.Text == "" && kind != "text/html":
			m.Text = text
		}
	}
}
