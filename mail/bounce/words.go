package bounce

import (
	"bytes"
	"regexp"
	"strings"
)

// returnedMarks begin the copy of the mail that did not arrive, in lower case.
var returnedMarks = []string{
	"--- below this line is a copy of the message", "------ this is a copy of", "--- this is a copy of", "original message follows", "----- original message", "--- original message",
	"----- unsent message", "--- the header of the original", "the header of the original message is following", "- transcript of session follows -\n\n----- ", "-----original message",
	"------ original message", "here is your returned mail", "received: from", "the following is the original message", "this is the original message", "----- message header follows", "----- message headers follow",
	"--- undelivered message follows", "return-path:", "message from yahoo", "--- header of the original", "original e-mail header", "message headers follow", "your original message headers", "*** original message", "------ returned message", "--- forwarded message",
}

// cutReturned parts what a report says from the mail it gives back below; nil: it gives none back.
func cutReturned(text []byte) (said, below []byte) {
	lower := bytes.ToLower(text)
	at := -1
	for _, mark := range returnedMarks {
		for from := 0; ; {
			i := bytes.Index(lower[from:], []byte(mark))
			if i < 0 {
				break
			}
			if i += from; i == 0 || lower[i-1] == '\n' || lower[i-1] == ' ' || lower[i-1] == '-' || lower[i-1] == '|' {
				if lineBegins(lower, i) && (at < 0 || i < at) {
					at = i
				}
				break
			}
			from = i + 1
		}
	}
	if at < 0 {
		return text, nil
	}
	below = text[at:]
	if !bytes.HasPrefix(lower[at:], []byte("received: from")) && !bytes.HasPrefix(lower[at:], []byte("return-path:")) {
		if i := bytes.IndexByte(below, '\n'); i >= 0 {
			below = below[i+1:]
		}
	}
	return text[:at], below
}

// lineBegins reports that nothing but marks stands before a place in its line.
func lineBegins(text []byte, at int) bool {
	from := bytes.LastIndexByte(text[:at], '\n') + 1
	return len(bytes.Trim(text[from:at], " \t-*=>|")) == 0
}

// suspicious reports a mail that a mail system wrote to say that something went wrong: only then its words are read.
func (m *mail) suspicious() bool {
	h := m.root.header
	subject := strings.ToLower(words(h.get("Subject")))
	for _, s := range []string{
		"failure", "failed", "undeliver", "returned mail", "return to sender", "delivery status", "delivery report", "non-delivery", "nondeliver", "not deliver", "could not", "couldn't", "mail error", "delivery error", "bounce",
		"warning: message", "mail system", "rejected", "unknown user", "user unknown", "delivery notification", "undelivered", "delivery problem", "rebound", "problème", "unzustellbar", "ошибка", "不達", "配信", "error", "エラー", "mail delivery", "deferred", "delayed", "delivery incomplete", "does not exist", "unable to deliver", "退信", "失败", "失敗", "invalid address", "message you sent blocked",
	} {
		if strings.Contains(subject, s) {
			return true
		}
	}
	if m.fromDaemon() || strings.Contains(strings.ToLower(h.get("From")), "post_master") {
		return true
	}
	return h.get("X-Failed-Recipients") != "" || strings.HasPrefix(strings.ToLower(h.get("Auto-Submitted")), "auto-generated") && len(m.originals) > 0 ||
		strings.Contains(strings.ToLower(h.get("Content-Type")), "delivery-status")
}

// Where a text names who was not reached: each with the address in its first group.
var recipientLines = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\b(?:dda:)?SMTP=<?` + addr), // an address of X.400, as old Exchange writes it
	regexp.MustCompile(`(?mi)^[45]\d\d (?:[45]\.\d+\.\d+ )?<` + addr + `>\.\.\. (.*)`),
	regexp.MustCompile(`(?mi)^\s*<?` + addr + `>?\s+(?:on \w{3},? \d|on \d|\[|invalid|unknown|no such|user)`),
	regexp.MustCompile(`(?mi)^\s*[*|\-]?\s*<?` + addr + `>?\s*[:)]`),
	regexp.MustCompile(`(?mi)^\s*[*\-•|]?\s*(?:to:|recipient(?: address)?:|user:|name:|address:|rcpt to:|>>> rcpt to:|<<<.*?[ <]|e-?mail address:?|original recipient:|final-recipient:.*;|sent to:?|intended recipient:|受信者:?|宛先:?)\s*"?<?` + addr),
	regexp.MustCompile(`(?mi)^\s*[*\-•|]?\s*<?` + addr + `>?\s*$`),
	regexp.MustCompile(`(?i)<` + addr + `>\.{0,3}[,:]?\s*(?:user|unknown|recipient|no such|mailbox|does|is|was|has|host|access|address|delivery|relay|not|addressee)`),
	regexp.MustCompile(`(?i)(?:delivery to|undeliverable to|attempts?:|delivered to|recipient|recipients|deliver (?:mail )?to|address|addressee|user|mailbox|account|message to|mail to|email to|sent to|rcpt to:|for|an)[\s:'"]+<?` + addr),
	regexp.MustCompile(`(?i)<` + addr + `>`),
	regexp.MustCompile(`(?mi):[ \t]*<?` + addr + `>?[ \t]*$`),
	regexp.MustCompile(`(?i)\(generated from <?` + addr), // Exim keeps the address itself to itself
}

const addr = `([A-Za-z0-9.!#$%&'*+/=?^_{|}~\-\x80-\xff]+@[A-Za-z0-9.\-\x80-\xff]*[A-Za-z0-9\x80-\xff])`

// words reads what a mail system says in words. It is surely about the addresses it names before the mail it gives back;
// where it names none, about whom that mail was for.
func (m *mail) words() Report {
	said := m.said()
	r := Report{Kind: Failed}
	seen := map[string]bool{}
	add := func(a, why string) {
		a = strings.ToLower(strings.Trim(a, "'"))
		if !seen[a] && !m.ourOwn(a) {
			seen[a] = true
			r.Recipients = append(r.Recipients, Recipient{Address: a, Diagnostic: why})
		}
	}
	for _, a := range strings.Split(m.root.header.get("X-Failed-Recipients"), ",") {
		if a = addressIn(a); a != "" {
			add(a, "")
		}
	}
	if len(r.Recipients) > 0 { // a field of its own is no figure of speech
		return r
	}
	for _, line := range recipientLines {
		if len(r.Recipients) > 0 {
			break
		}
		for _, found := range line.FindAllStringSubmatch(said, 50) {
			why := ""
			if len(found) > 2 { // the line says it as well
				why = strings.TrimSpace(found[0])
			}
			add(found[1], why)
		}
	}
	if len(r.Recipients) == 0 && (m.fromDaemon() || m.original() != nil) {
		r.Recipients = append(r.Recipients, Recipient{Address: m.guess()})
	}
	if len(r.Recipients) == 0 || !tellsOfFailure(said) {
		return Report{}
	}
	return r
}

// guess is whom a report is about that names nobody else: to whom the mail it gives back was, or the one it came to, which it
// names as well. Empty: the return path says whose it is.
func (m *mail) guess() string {
	if o := m.original(); o != nil {
		for _, name := range []string{"X-Envelope-To", "Delivered-To", "To"} {
			if a := addressIn(o.get(name)); a != "" {
				return a
			}
		}
	}
	for _, line := range recipientLines {
		for _, found := range line.FindAllStringSubmatch(m.said(), 5) {
			if a := strings.ToLower(found[1]); a != addressIn(m.root.header.get("From")) {
				return a
			}
		}
	}
	return m.onlyOne()
}

// onlyOne is the one address that the words name, whatever stands around it; empty: they name none, or several.
func (m *mail) onlyOne() (one string) {
	for _, a := range address.FindAllString(m.said(), 20) {
		a = addressIn(a)
		switch {
		case a == one, m.ourOwn(a), a == addressIn(m.root.header.get("From")), strings.HasPrefix(a, "postmaster@"):
		case one != "":
			return ""
		default:
			one = a
		}
	}
	return one
}

// mostSaid bounds what is read of a report's words, in bytes: what it has to say stands at its beginning.
const mostSaid = 64 << 10

// said is all that the report says in words.
func (m *mail) said() string {
	if m.heard {
		return m.saying
	}
	var b strings.Builder
	for _, p := range m.texts {
		text, _ := cutReturned(p.body)
		if p.kind == "text/html" {
			if b.Len() > 0 {
				continue
			}
			text = []byte(stripped(string(text)))
		}
		b.Write(text[:min(len(text), mostSaid-min(b.Len(), mostSaid))])
		b.WriteByte('\n')
	}
	m.saying, m.heard = b.String(), true
	return m.saying
}

// ourOwn reports the address that the report itself came to or from, which it may name as well.
func (m *mail) ourOwn(a string) bool {
	h := m.root.header
	for _, name := range []string{"To", "From", "Return-Path"} {
		if addressIn(h.get(name)) == a {
			return true
		}
	}
	local, _, _ := strings.Cut(a, "@")
	return local == "mailer-daemon" || local == "postmaster"
}

var tag = regexp.MustCompile(`(?s)<[^@<>]*>`)

func stripped(html string) string {
	html = tag.ReplaceAllString(html, "\n")
	return strings.NewReplacer("&nbsp;", " ", "&lt;", "<", "&gt;", ">", "&amp;", "&", "&quot;", `"`, "&#39;", "'").Replace(html)
}
