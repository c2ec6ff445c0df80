package bounce

import (
	"bytes"
	"cmp"
	"regexp"
	"strings"
)

// limit is how much of a mail is looked at: what a report has to say stands before the mail that it gives back.
const limit = 2 << 20

// mostRecipients bounds how many one report is believed to be about.
const mostRecipients = 50

// Read tells what a mail is that came to an address reports come to. It takes any bytes.
func Read(raw []byte) Report {
	raw = bytes.ReplaceAll(raw[:min(len(raw), limit)], []byte("\r\n"), []byte("\n"))
	raw = bytes.ReplaceAll(raw, []byte("\r"), []byte("\n"))
	left := most
	m := mail{root: readPart(raw, 0, &left)}
	m.root.walk(m.sort)
	r := m.report()
	if len(r.Recipients) > mostRecipients {
		r.Recipients = r.Recipients[:mostRecipients]
	}
	r.MessageID = cmp.Or(r.MessageID, m.returnedID())
	r.Mail = Mail{ID: withoutBrackets(m.root.header.get("Message-ID")), To: m.cameTo()}
	if r.Kind == Other && m.byMachine() {
		r.Kind = Auto
	}
	if r.Kind == Other || r.InWords() {
		r.Mail.Text = m.written()
	}
	return r
}

// cameTo are the addresses the mail came to, at most a few.
func (m *mail) cameTo() (out []string) {
	for _, one := range m.root.header {
		switch strings.ToLower(one.name) {
		case "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc":
			for _, a := range address.FindAllString(one.value, 10) {
				out = append(out, strings.ToLower(a))
			}
		}
		if len(out) > 20 {
			break
		}
	}
	return out
}

// byMachine reports a mail nobody wrote, whatever it is (RFC 3834, section 2; what lists and bulk mail say of themselves).
func (m *mail) byMachine() bool {
	h := m.root.header
	submitted := strings.ToLower(firstWord(h.get("Auto-Submitted")))
	switch strings.ToLower(h.get("Precedence")) {
	case "bulk", "junk", "list", "auto_reply":
		return true
	}
	return submitted != "" && submitted != "no" || h.get("List-Id") != "" || strings.TrimSpace(h.get("Return-Path")) == "<>" || nobodyWrites.MatchString(addressIn(h.get("From")))
}

// nobodyWrites are addresses that only machines write from.
var nobodyWrites = regexp.MustCompile(`^(?:mailer-daemon|no[-_.]?reply|do[-_.]?not[-_.]?reply|donotreply|auto(?:[-_.]?re)?(?:ply|sponder))(?:[-+_.][^@]*)?@`)

// mail is one that came back, and what of it means something to us.
type mail struct {
	root      part
	delivery  []*part // reports of delivery
	feedback  []*part // reports of complaint
	texts     []*part // words for people
	originals []*part // the mail that did not arrive, or its header
	saying    string  // what the words say, once they were put together
	heard     bool
	receipt   bool   // it tells that a mail was shown (RFC 8098)
	returned  fields // of original, once it was looked for
	looked    bool
}

func (m *mail) sort(p *part) bool {
	switch {
	case p.kind == "message/delivery-status", p.kind == "message/global-delivery-status":
		m.delivery = append(m.delivery, p)
	case p.kind == "message/feedback-report":
		m.feedback = append(m.feedback, p)
	case p.kind == "message/disposition-notification":
		m.receipt = true
	case p.kind == "message/rfc822", p.kind == "text/rfc822-headers", p.kind == "message/rfc822-headers", p.kind == "message/global", p.kind == "message/global-headers":
		m.originals = append(m.originals, p)
	case len(p.parts) == 0 && (strings.HasPrefix(p.kind, "text/") || p.kind == "message/notification"):
		m.texts = append(m.texts, p)
	}
	return true
}

// report asks one reader after the other, the surest first.
func (m *mail) report() Report {
	if r, ok := m.complaint(); ok {
		return r
	}
	if r, ok := m.optOut(); ok {
		return r
	}
	if r, ok := m.ses(); ok {
		return r
	}
	if m.auto() {
		return Report{Kind: Auto}
	}
	r, ok := m.status()
	if !ok && m.suspicious() {
		r = m.words()
	}
	m.fill(&r)
	return r
}

func (m *mail) fromDaemon() bool {
	from := strings.ToLower(m.root.header.get("From") + " " + m.root.header.get("Return-Path"))
	for _, name := range []string{"mailer-daemon", "postmaster", "mail delivery", "<>", "maildelivery", "mail.delivery"} {
		if strings.Contains(from, name) {
			return true
		}
	}
	return false
}

// returnedID is the id of the mail that did not arrive.
func (m *mail) returnedID() string {
	id := ""
	if o := m.original(); o != nil {
		id = o.get("Message-ID")
	}
	return withoutBrackets(id)
}

func withoutBrackets(id string) string {
	id = strings.TrimSpace(id)
	if from := strings.IndexByte(id, '<'); from >= 0 {
		if to := strings.IndexByte(id[from:], '>'); to > 0 {
			return id[from+1 : from+to]
		}
	}
	if strings.ContainsAny(id, " \t") {
		return ""
	}
	return id
}

// original is the header of the mail that did not arrive: of a part of its own, or below a line that says so.
func (m *mail) original() fields {
	if !m.looked {
		m.returned, m.looked = m.findOriginal(), true
	}
	return m.returned
}

func (m *mail) findOriginal() fields {
	for _, p := range m.originals {
		head, _ := split(bytes.TrimLeft(p.body, "\n "))
		if f := readFields(head); len(f) > 0 {
			return f
		}
	}
	for _, p := range m.texts {
		if _, below := cutReturned(p.body); below != nil {
			head, _ := split(bytes.TrimLeft(below, "\n "))
			if f := readFields(head); f.get("To") != "" || f.get("Message-ID") != "" || f.get("From") != "" {
				return f
			}
		}
	}
	return nil
}
