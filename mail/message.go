package mail

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/mail/liquid"
)

// Message is a nurture mail before it is rendered. Subject, Preheader and Body are templates (package liquid), the body is
// Markdown.
type Message struct {
	From    netmail.Address
	To      netmail.Address
	ReplyTo netmail.Address // none when zero

	Subject   string // at most 255 characters when rendered
	Preheader string // what a mailbox shows beside the subject; may be empty
	Body      string

	// Vars are what the templates know about the person. Whatever they hold stays literal text in every part of the mail.
	// "links" is reserved.
	Vars liquid.Vars
	// Links are the addresses we made, {{ links.name }} in the templates: http or https. They alone may lead a link to
	// another host than the template names.
	Links map[string]string

	// Track gives the address by which a link of the body leads to its target, an http(s) address as it would stand in the
	// mail; the target itself where the link is not tracked. nil: none is. Links with the word untracked in their title, and
	// those that show an address themselves, are left alone.
	Track func(target string) string

	Unsubscribe       string // the page behind the visible link; required
	Preferences       string // the page where a person chooses what they get; none when empty
	OneClick          string // the address mailboxes POST to (RFC 8058); none when empty
	UnsubscribeMailto string // an address that takes unsubscribe mails; none when empty
	Pixel             string // an image of one by one that tells that the mail was shown; none when empty
	Trap              string // a link that people do not see: who follows it is a machine; none when empty
	Postal            string // the sender's postal address, in lines; required
	Brand             Brand
	Language          string // the HTML language such as "en"; "en" when empty

	MessageID  string    // without angle brackets; the same at every attempt
	ReturnPath string    // the envelope sender
	Date       time.Time // of the header; required
	Headers    map[string]string

	RawOnly bool // Text and HTML of what is rendered are not wanted: it is sent, and nobody looks at it
}

// Rendered is a mail as it is stored and sent.
type Rendered struct {
	EnvelopeFrom string
	EnvelopeTo   string
	Raw          []byte // RFC 5322, CRLF lines
	Subject      string
	Preheader    string
	Text         string // the plain part, before its transfer encoding
	HTML         string // the HTML part, before its transfer encoding
}

var (
	messageIDForm = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~.-]{1,180}@[A-Za-z0-9.-]{1,120}$`)
	headerForm    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,60}$`)
	languageForm  = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)
)

// ours are the headers Compose sets; extra headers cannot replace them, nor smuggle in a recipient or a signature.
var ours = map[string]bool{
	"from": true, "to": true, "cc": true, "bcc": true, "sender": true, "reply-to": true, "subject": true, "date": true,
	"message-id": true, "mime-version": true, "content-type": true, "content-transfer-encoding": true, "return-path": true,
	"list-unsubscribe": true, "list-unsubscribe-post": true, "received": true, "dkim-signature": true,
}

// checkHeaders refuses extra headers that could change the meaning or the frame of a mail.
func checkHeaders(headers map[string]string) error {
	for name, value := range headers {
		if !headerForm.MatchString(name) || ours[strings.ToLower(name)] {
			return fmt.Errorf("the header %q cannot be set: choose a name of letters, digits and - that mails do not use yet", clip(name))
		}
		if len(value) > 900 || liquid.Line(value) != value {
			return fmt.Errorf("the header %s holds a line break, a control character or more than 900 bytes", name)
		}
	}
	return nil
}

// checkLink accepts an absolute http(s) address that can stand in HTML, in a header and in a plain text as it is.
func checkLink(link string) (*url.URL, error) {
	const problem = "is no http or https address: write it in full, with spaces and letters outside ASCII percent-encoded"
	if len(link) > 2000 || strings.ContainsAny(link, "\"<>\\^`{|}") {
		return nil, errors.New(problem)
	}
	for i := range len(link) {
		if link[i] <= ' ' || link[i] > '~' {
			return nil, errors.New(problem)
		}
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return nil, errors.New(problem)
	}
	return u, nil
}

// checkOneClick asks for https, as RFC 8058 does, except for hosts that no mailbox provider could reach anyhow.
func checkOneClick(link string) error {
	u, err := checkLink(link)
	if err != nil {
		return fmt.Errorf("the one-click unsubscribe address %w", err)
	}
	if u.Scheme == "https" || private(u.Hostname()) {
		return nil
	}
	return errors.New("the one-click unsubscribe address must be https (RFC 8058): set the public address of this installation to https://…")
}

func private(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsPrivate()
	}
	top := host[strings.LastIndexByte(host, '.')+1:]
	switch top {
	case host, "localhost", "local", "internal", "test", "example", "lan":
		return true
	}
	return false
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
