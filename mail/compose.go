package mail

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"html/template"
	netmail "net/mail"
	"strings"
	"time"
	"unicode/utf8"

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
	l := letter{m.From, m.To, m.ReplyTo, subject, m.MessageID, m.ReturnPath, m.Date, map[string]string{}}
	for name, value := range m.Headers {
		l.headers[name] = value
	}
	l.unsubscribe(m)
	if err := l.check(); err != nil {
		return Rendered{}, err
	}
	both, err := c.body(m, page{
		Language: m.Language, Subject: subject, Preheader: preheader, Unsubscribe: m.Unsubscribe, Preferences: m.Preferences,
		Postal: splitLines(m.Postal), Pixel: m.Pixel, Trap: m.Trap, Brand: m.Brand,
	}, vars)
	if err != nil {
		return Rendered{}, err
	}
	r := l.render(both)
	if r.Preheader = preheader; !m.RawOnly {
		r.Text, r.HTML = both.plain.fill(both.slots, asIs), both.html.fill(both.slots, html.EscapeString)
	}
	return r, nil
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

// body renders the Markdown template in the frame, to HTML and plain text.
func (c *Composer) body(m Message, p page, vars liquid.Vars) (faces, error) {
	source := m.Body
	if strings.Contains(source, "\r") {
		source = lineEnds.Replace(source)
	}
	t, err := c.parse(source)
	if err != nil {
		return faces{}, fmt.Errorf("body: %w", err)
	}
	s := newSlots(source, m.Postal, m.Brand.Name)
	s.track = m.Track
	markdown, err := t.RenderWith(vars, s.encode)
	if err != nil {
		return faces{}, fmt.Errorf("body: %w", err)
	}
	both, err := c.draw(markdown, p, s)
	if err == nil && both.bare != nil && strings.TrimSpace(both.bare.fill(s, asIs)) == "" {
		err = errors.New("body: it is empty: write a text that does not depend on a condition alone")
	}
	return both.faces, err
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

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

// render writes the whole mail. The boundary follows from the message id, so that the same mail has the same bytes.
func (l *letter) render(f faces) Rendered {
	sum := sha256.Sum256([]byte(l.messageID))
	boundary := "lf-" + hex.EncodeToString(sum[:16])
	raw := l.appendHead(make([]byte, 0, f.size()+1<<11), boundary)
	return Rendered{EnvelopeFrom: l.returnPath, EnvelopeTo: l.to.Address, Raw: f.appendTo(raw, boundary), Subject: l.subject}
}
