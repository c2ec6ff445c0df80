package bounce

import "slices"

// Kind is what a mail that came back is.
type Kind string

// Kinds of mail.
const (
	Other     Kind = ""          // no report: a reply, a newsletter, anything
	Failed    Kind = "bounce"    // somebody was not reached, for good or for now
	Delayed   Kind = "delayed"   // somebody was not reached yet, and will be tried again
	Delivered Kind = "delivered" // everybody was reached: a report that was asked for
	Complaint Kind = "complaint" // somebody called it spam
	Auto      Kind = "auto"      // an answer by machine: away, on holiday
)

// Report is what a mail tells. A mail that is no report has no recipients.
type Report struct {
	Kind       Kind
	Feedback   string // type of a complaint as RFC 5965 names it: abuse fraud opt-out virus other
	MessageID  string // of the mail that did not arrive, without brackets; empty: not told
	Recipients []Recipient
	Mail       Mail
}

// InWords reports a bounce that is one by its words only: no field says so. A person may have written it.
func (r Report) InWords() bool {
	return r.Kind == Failed && !slices.ContainsFunc(r.Recipients, func(one Recipient) bool { return one.Action != "" })
}

// Mail is the mail itself that was read.
type Mail struct {
	ID   string   // its Message-ID, without brackets; empty: none
	To   []string // addresses it came to, of the envelope where somebody noted it, else of its header, in lower case
	Text string   // of Other: what was written, without what it quotes
}

// Recipient is one address that a report speaks of.
type Recipient struct {
	Address    string // lower case; empty: the report does not say
	Action     string // failed delayed delivered relayed expanded; empty: told in words
	Status     string // enhanced status (RFC 3463), such as 5.1.1; empty: none was told
	Code       string // reply code of SMTP, such as 550; empty: none was told
	Diagnostic string // in the words of the server
	Ours       bool   // not Hard: it was about us or the mail, such as a blocklist or a size, and says nothing of them
	Hard       bool   // nobody is there and nobody will be: unknown user, unknown domain, moved away
}
