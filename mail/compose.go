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
	drawn    memo[drawing]
}

// NewComposer makes a Composer.
func NewComposer() *Composer {
	return &Composer{markdown: newMarkdown(), frame: newFrame()}
}

// Compose renders a nurture mail: one text and one HTML part from the same Markdown, List-Unsubscribe with one-click, a
// visible unsubscribe link, one to the preferences, and the postal footer. The same message gives the same bytes. Mistakes in a template are
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
	th := m.Brand.theme()
	body, plain, err := c.body(m.Body, vars, th, m.Track)
	if err != nil {
		return Rendered{}, err
	}
	p := page{m.Language, subject, preheader, template.HTML(body), m.Unsubscribe, m.Preferences, splitLines(m.Postal), m.Pixel, m.Trap, m.Brand, th} //nolint:gosec // rendered and escaped by body
	l := letter{m.From, m.To, m.ReplyTo, subject, m.MessageID, m.ReturnPath, m.Date, map[string]string{}}
	for name, value := range m.Headers {
		l.headers[name] = value
	}
	l.unsubscribe(m)
	return c.finish(l, p, plain+m.footer())
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
	if m.Preferences != "" {
		if _, err := checkLink(m.Preferences); err != nil {
			return fmt.Errorf("the address of the preferences %w", err)
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
	return c.parsed.of(source, func() (*liquid.Template, error) { return liquid.Parse(source) })
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

// body renders the Markdown template to HTML and plain text.
func (c *Composer) body(source string, vars liquid.Vars, th theme, track func(string) string) (html, plain string, err error) {
	source = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(source)
	t, err := c.parse(source)
	if err != nil {
		return "", "", fmt.Errorf("body: %w", err)
	}
	s := newSlots(source)
	s.track = track
	markdown, err := t.RenderWith(vars, s.encode)
	if err != nil {
		return "", "", fmt.Errorf("body: %w", err)
	}
	html, plain, err = c.draw(th.Accent+"\n"+markdown, s, func() (string, string, error) { return render(c.markdown, markdown, s, th) })
	if err == nil && strings.TrimSpace(plain) == "" {
		err = errors.New("body: it is empty: write a text that does not depend on a condition alone")
	}
	return html, plain, err
}

func (m *Message) footer() string {
	text := "\n\n-- \nUnsubscribe: " + m.Unsubscribe + "\n"
	if m.Preferences != "" {
		text += "Preferences: " + m.Preferences + "\n"
	}
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

// finish puts the page into the frame and renders the whole mail.
func (c *Composer) finish(l letter, p page, plain string) (Rendered, error) {
	if err := l.check(); err != nil {
		return Rendered{}, err
	}
	var html bytes.Buffer
	if err := c.frame.Execute(&html, p); err != nil {
		return Rendered{}, fmt.Errorf("frame: %w", err)
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
	msg.SetBodyString(gomail.TypeTextPlain, plain)
	msg.AddAlternativeString(gomail.TypeTextHTML, html.String())
	var raw bytes.Buffer
	if _, err := msg.WriteTo(&raw); err != nil {
		return Rendered{}, fmt.Errorf("render the mail: %w", err)
	}
	return Rendered{
		EnvelopeFrom: l.returnPath, EnvelopeTo: l.to.Address, Raw: unfolded(raw.Bytes()),
		Subject: l.subject, Preheader: p.Preheader, Text: plain, HTML: html.String(),
	}, nil
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
