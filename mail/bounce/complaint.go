package bounce

import "strings"

// feedbackTypes of RFC 5965 and RFC 6430 that are complaints. A report of a failed authentication (auth-failure) tells of
// forgers, and not-spam is the contrary.
var feedbackTypes = map[string]string{"abuse": "abuse", "fraud": "fraud", "opt-out": "opt-out", "opt-out-list": "opt-out", "virus": "virus", "other": "other", "miscategorized": "other"}

// complaint reads a report of RFC 5965, also where it is no part of its own.
func (m *mail) complaint() (Report, bool) {
	var f fields
	for _, p := range m.feedback {
		f = append(f, readFields(p.body)...)
	}
	if len(m.feedback) == 0 && !strings.Contains(strings.ToLower(m.root.header.get("Content-Type")), "feedback-report") && !m.isSNDS() {
		return Report{}, false
	}
	given := strings.ToLower(f.get("Feedback-Type"))
	kind, known := feedbackTypes[given]
	r := Report{Kind: Complaint, Feedback: kind}
	switch {
	case given == "" && (len(m.feedback) > 0 || m.isSNDS()):
		r.Feedback = "abuse"
	case !known && given != "":
		r.Kind, r.Feedback = Other, given
	}
	seen := map[string]bool{}
	add := func(text string) {
		if a := addressIn(text); a != "" && !seen[a] {
			seen[a] = true
			r.Recipients = append(r.Recipients, Recipient{Address: a})
		}
	}
	for _, one := range f {
		switch strings.ToLower(one.name) {
		case "original-rcpt-to", "removal-recipient":
			add(one.value)
		}
	}
	if o := m.original(); len(r.Recipients) == 0 {
		for _, name := range []string{"X-HmXmrOriginalRecipient", "Delivered-To", "To"} {
			if add(o.get(name)); len(r.Recipients) > 0 {
				break
			}
		}
	}
	if len(r.Recipients) == 0 { // redacted: whose it is the return path of the mail says
		r.Recipients = append(r.Recipients, Recipient{})
	}
	return r, true
}

// optOut reads the mail by which a mail program unsubscribes its owner (RFC 2369, a mailto of List-Unsubscribe): the word is
// its subject, and nobody wrote the rest.
func (m *mail) optOut() (Report, bool) {
	h := m.root.header
	subject := strings.ToLower(strings.TrimSpace(words(h.get("Subject"))))
	from := addressIn(h.get("From"))
	if from == "" || subject != "unsubscribe" && h.get("X-Apple-Unsubscribe") == "" || m.fromDaemon() {
		return Report{}, false
	}
	return Report{Kind: Complaint, Feedback: "opt-out", Recipients: []Recipient{{Address: from}}}, true
}

// isSNDS reports a complaint of the form in which Outlook sends them: the mail, and a field.
func (m *mail) isSNDS() bool {
	o := m.original()
	return o.get("X-HmXmrOriginalRecipient") != "" || strings.HasPrefix(strings.ToLower(m.root.header.get("From")), "staff@hotmail.com")
}
