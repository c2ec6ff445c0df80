package bounce

import (
	"regexp"
	"strings"
)

var (
	statusIn        = regexp.MustCompile(`\b([245]\.\d{1,3}\.\d{1,3})\b`)
	statusAfterCode = regexp.MustCompile(`\b[45]\d\d[ \-]'?([45]\.\d{1,3}\.\d{1,3})\b`)
	codeIn          = regexp.MustCompile(`(?:^|[^\d.])([2345]\d\d)(?:[ \-#:]|$)`)
)

// statusSaid is the enhanced status that a server said itself: after its reply code, else the first.
func statusSaid(text string) string {
	if after := statusAfterCode.FindStringSubmatch(text); after != nil {
		return after[1]
	}
	return statusIn.FindString(text)
}

// status reads reports of RFC 3464: a group of fields about the mail, then one about each recipient.
func (m *mail) status() (Report, bool) {
	var r Report
	from := m.delivery
	if len(from) == 0 { // some write the same fields into a text
		from = m.texts
	}
	for _, p := range from {
		for _, g := range groups(p.body) {
			if one, ok := recipientOf(g); ok && len(r.Recipients) < mostRecipients {
				r.Recipients = append(r.Recipients, one)
			}
		}
	}
	if len(r.Recipients) == 0 {
		return r, false
	}
	r.Kind = kindOf(r.Recipients)
	return r, true
}

func recipientOf(g fields) (Recipient, bool) {
	r := Recipient{Action: strings.ToLower(firstWord(g.get("Action"))), Status: statusIn.FindString(g.get("Status"))}
	for _, name := range []string{"Original-Recipient", "Final-Recipient", "X-Actual-Recipient"} {
		value := g.get(name)
		if _, after, typed := strings.Cut(value, ";"); typed {
			value = after
		}
		if a := addressIn(value); a != "" && r.Address == "" {
			r.Address = a
		}
	}
	if g.get("Final-Recipient")+g.get("Original-Recipient") == "" || r.Action == "" && r.Status == "" {
		return r, false
	}
	r.Diagnostic = withoutType(g.get("Diagnostic-Code"))
	if c := codeIn.FindStringSubmatch(r.Diagnostic); c != nil {
		r.Code = c[1]
	}
	return r, true
}

// withoutType is a diagnosis without what says whose words it has, such as "smtp;".
func withoutType(diagnosis string) string {
	if kind, words, typed := strings.Cut(diagnosis, ";"); typed && !strings.ContainsAny(strings.TrimSpace(kind), " ") {
		return strings.TrimSpace(words)
	}
	return diagnosis
}

func firstWord(text string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	return word
}

// kindOf is what all recipients together make of a report: one who was not reached makes it a failure.
func kindOf(all []Recipient) Kind {
	kind := Delivered
	for _, r := range all {
		switch r.Action {
		case "delivered", "relayed", "expanded", "deliverable":
		case "delayed":
			if kind == Delivered {
				kind = Delayed
			}
		default:
			kind = Failed
		}
	}
	return kind
}
