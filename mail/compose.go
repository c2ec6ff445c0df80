package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	netmail "net/mail"
	"strings"
	"time"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
	"github.com/yuin/goldmark"

	"github.com/leadflow-dev/leadflow/mail/liquid"
)

// Composer renders mails. It is safe for concurrent use.
type Composer struct {
	markdown goldmark.Markdown
	frame    *template.Template
	parsed   memo[*liquid.Template]
	sheets   memo[*sheet]
}

// NewComposer makes a Composer.
func NewComposer() *Composer {
	return &Composer{markdown: newMarkdown(), frame: newFrame()}
}

// Compose renders a nurture mail: one text and one HTML part from the same Markdown, List-Unsubscribe with one-click, a
// visible unsubscribe link and the postal footer. The same message gives the same bytes. Mistakes in a template are
// *liquid.Error, wrapped with the part they are in; no error holds the value of a variable or an address.
func (c *Composer) Compose(m Message) (Rendered, error) {
	if err := m.check(); err != nil {
		return Rendered{}, err
	}
	vars, err := m.vars()
	if err != nil {
		return Rendered{}, err
	}
	subject, err := c.line("subject", m.Subject, vars)
	if err != nil {
		return Rendered{}, err
	}
	preheader, err := c.line("preheader", m.Preheader, vars)
	if err != nil {
		return Rendered{}, err
	}
	html, text, err := c.parts(m, vars, subject, preheader)
	if err != nil {
		return Rendered{}, err
	}
	l := letter{m.From, m.To, m.ReplyTo, subject, m.MessageID, m.ReturnPath, m.Date, map[string]string{}}
	for name, value := range m.Headers {
		l.headers[name] = value
	}
	l.unsubscribe(m)
	return l.seal(preheader, html, text)
}

// ErrNoPostal: a nurture mail must say where its sender can be found.
var ErrNoPostal = errors.New("no postal address is set, and nurture mail must carry one (CAN-SPAM and most other laws): set LEADFLOW_MAIL_POSTAL")

// check refuses what would make a mail that cannot be sent or answered. Vars and templates are checked by rendering.
func (m *Message) check() error {
	if len(splitLines(m.Postal)) == 0 {
		return ErrNoPostal
	}
	if err := m.Brand.Check(); err != nil {
		return err
	}
	if err := checkHeaders(m.Headers); err != nil {
		return err
	}
	if _, err := checkLink(m.Unsubscribe); err != nil {
		return fmt.Errorf("the unsubscribe address %w", err)
	}
	for _, link := range []string{m.Pixel, m.Trap} {
		if _, err := checkLink(link); link != "" && err != nil {
			return fmt.Errorf("an address of the mail's own %w", err)
		}
	}
	if m.OneClick != "" {
		if err := checkOneClick(m.OneClick); err != nil {
			return err
		}
	}
	if m.UnsubscribeMailto != "" && CheckAddress(m.UnsubscribeMailto) != nil {
		return errors.New("the address for unsubscribe mails is malformed")
	}
	if m.Language == "" {
		m.Language = "en"
	}
	if !languageForm.MatchString(m.Language) {
		return errors.New("the mail's language is no language tag, such as en or pt-BR")
	}
	return nil
}

// vars is Vars with the links in them, as the type that is trusted.
func (m *Message) vars() (liquid.Vars, error) {
	if _, taken := m.Vars["links"]; taken {
		return nil, errors.New(`the variable "links" is reserved: give links as Links`)
	}
	links := make(liquid.Vars, len(m.Links))
	for name, link := range m.Links {
		if _, err := checkLink(link); err != nil {
			return nil, fmt.Errorf("the link %s %w", name, err)
		}
		links[name] = liquid.Link(link)
	}
	vars := liquid.Vars{"links": links}
	for name, value := range m.Vars {
		vars[name] = value
	}
	return vars, nil
}

func (c *Composer) parse(source string) (*liquid.Template, error) {
	return c.parsed.of(source, func() (*liquid.Template, bool, error) {
		t, err := liquid.Parse(source)
		return t, true, err
	})
}

// line renders a template that makes one line of plain text.
func (c *Composer) line(part, source string, vars liquid.Vars) (string, error) {
	t, err := c.parse(source)
	if err != nil {
		return "", fmt.Errorf("%s: %w", part, err)
	}
	out, err := t.Render(vars)
	if err != nil {
		return "", fmt.Errorf("%s: %w", part, err)
	}
	return strings.TrimSpace(liquid.Line(out)), nil
}

// parts makes the HTML and the text of a mail.
func (c *Composer) parts(m Message, vars liquid.Vars, subject, preheader string) (html, text part, err error) {
	source := m.Body
	if strings.IndexByte(source, '\r') >= 0 {
		source = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(source)
	}
	t, err := c.parse(source)
	if err != nil {
		return html, text, fmt.Errorf("body: %w", err)
	}
	s := newSlots(source, m.Brand.Name, m.Brand.Logo, m.Postal)
	markdown, err := t.RenderWith(vars, s.encode)
	if err != nil {
		return html, text, fmt.Errorf("body: %w", err)
	}
	sheet, err := c.sheet(m, markdown, s, preheader != "")
	if err != nil {
		return html, text, err
	}
	html, text = sheet.fill(append(s.values, subject, preheader, m.Unsubscribe, m.Trap, m.Pixel))
	if written := text.plain[:len(text.plain)-len(m.footer())]; strings.TrimSpace(written) == "" {
		err = errors.New("body: it is empty: write a text that does not depend on a condition alone")
	}
	return html, text, err
}

func (m *Message) footer() string {
	text := "\n\n-- \nUnsubscribe: " + m.Unsubscribe + "\n"
	for _, l := range splitLines(m.Postal) {
		text += l + "\n"
	}
	return text
}

func splitLines(text string) []string {
	var all []string
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(liquid.Line(l)); l != "" {
			all = append(all, l)
		}
	}
	return all
}

// letter is the head of a mail of any kind.
type letter struct {
	from, to, replyTo     netmail.Address
	subject               string
	messageID, returnPath string
	date                  time.Time
	headers               map[string]string
}

func (l *letter) unsubscribe(m Message) {
	var ways []string
	if m.OneClick != "" {
		ways = append(ways, "<"+m.OneClick+">")
		l.headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
	}
	if m.UnsubscribeMailto != "" {
		ways = append(ways, "<mailto:"+m.UnsubscribeMailto+"?subject=unsubscribe>")
	}
	if len(ways) > 0 {
		l.headers["List-Unsubscribe"] = strings.Join(ways, ", ")
	}
}

func (l *letter) check() error {
	for name, address := range map[string]netmail.Address{"From": l.from, "To": l.to, "Reply-To": l.replyTo} {
		if address.Address == "" && name == "Reply-To" {
			continue
		}
		if err := CheckAddress(address.Address); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if l.returnPath != "" {
		if err := CheckAddress(l.returnPath); err != nil {
			return fmt.Errorf("return path: %w", err)
		}
	}
	switch n := utf8.RuneCountInString(l.subject); {
	case n == 0:
		return errors.New("the subject is empty: give it a text that does not depend on a variable alone")
	case n > 255:
		return fmt.Errorf("the subject has %d characters: shorten it to 255, with truncate where a variable makes it long", n)
	case !messageIDForm.MatchString(l.messageID):
		return errors.New("the message id is malformed: write left@right without angle brackets")
	case l.date.IsZero():
		return errors.New("the mail has no date")
	}
	return nil
}

// part is a part of a mail, and how it is sent.
type part struct {
	plain  string
	quoted []byte
}

func newPart(text string) part { return part{text, appendQuoted(nil, text)} }

// framed puts a page into the frame.
func (c *Composer) framed(p page) (string, error) {
	var html bytes.Buffer
	if err := c.frame.Execute(&html, p); err != nil {
		return "", fmt.Errorf("frame: %w", err)
	}
	return html.String(), nil
}

// What go-mail writes stands in the place of the parts, which are encoded already.
const textPlace, htmlPlace = "lf-text-part", "lf-html-part"

// seal renders the whole mail.
func (l *letter) seal(preheader string, html, text part) (Rendered, error) {
	if err := l.check(); err != nil {
		return Rendered{}, err
	}
	sum := sha256.Sum256([]byte(l.messageID))
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary("lf-"+hex.EncodeToString(sum[:16])))
	msg.FromMailAddress(displayed(l.from))
	msg.ToMailAddress(displayed(l.to))
	if l.replyTo.Address != "" {
		msg.ReplyToMailAddress(displayed(l.replyTo))
	}
	msg.Subject(unencoded(l.subject))
	msg.SetMessageIDWithValue(l.messageID)
	msg.SetDateWithValue(l.date)
	for name, value := range l.headers {
		msg.SetGenHeader(gomail.Header(name), value)
	}
	msg.SetBodyString(gomail.TypeTextPlain, textPlace)
	msg.AddAlternativeString(gomail.TypeTextHTML, htmlPlace)
	var envelope bytes.Buffer
	if _, err := msg.WriteTo(&envelope); err != nil {
		return Rendered{}, fmt.Errorf("render the mail: %w", err)
	}
	raw, err := placed(unfolded(envelope.Bytes()), text.quoted, html.quoted)
	return Rendered{
		EnvelopeFrom: l.returnPath, EnvelopeTo: l.to.Address, Raw: raw,
		Subject: l.subject, Preheader: preheader, Text: text.plain, HTML: html.plain,
	}, err
}

// placed puts the parts in their places. They are the last of their lines: what a header says before them is no place.
func placed(envelope, text, html []byte) ([]byte, error) {
	at := bytes.LastIndex(envelope, []byte("\r\n\r\n"+textPlace+"\r\n"))
	then := bytes.LastIndex(envelope, []byte("\r\n\r\n"+htmlPlace+"\r\n"))
	if at < 0 || then < at {
		return nil, errors.New("render the mail: a part has no place")
	}
	at, then = at+4, then+4
	raw := make([]byte, 0, len(envelope)+len(text)+len(html))
	raw = append(append(raw, envelope[:at]...), text...)
	raw = append(append(raw, envelope[at+len(textPlace):then]...), html...)
	return append(raw, envelope[then+len(htmlPlace):]...), nil
}

// displayed is an address whose display name is one harmless line of at most 120 characters. A backslash becomes a slash:
// net/mail would leave it bare in an encoded word, and then nobody can read the address.
func displayed(a netmail.Address) *netmail.Address {
	name := []rune(strings.ReplaceAll(strings.TrimSpace(liquid.Line(a.Name)), `\`, "/"))
	return &netmail.Address{Name: unencoded(string(name[:min(len(name), 120)])), Address: a.Address}
}

// unencoded breaks what a mail program would take for an encoded word (RFC 2047): a value means what it says.
func unencoded(s string) string { return strings.ReplaceAll(s, "=?", "= ?") }

// unfolded joins a header name with a value that was moved to the next line whole: some receivers read neither a message
// id nor an unsubscribe address there.
func unfolded(raw []byte) []byte {
	for _, name := range []string{"Message-ID", "List-Unsubscribe"} {
		raw = bytes.Replace(raw, []byte("\r\n"+name+":\r\n <"), []byte("\r\n"+name+": <"), 1)
		if rest, ok := bytes.CutPrefix(raw, []byte(name+":\r\n <")); ok {
			raw = append([]byte(name+": <"), rest...)
		}
	}
	return raw
}
