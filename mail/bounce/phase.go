package bounce

import (
	"regexp"
	"strings"
)

// phase is how far the dialogue had come when the server said no.
type phase int

const (
	somewhere  phase = iota // the report does not tell
	beforeRcpt              // greeting, HELO, MAIL FROM: it was about us
	atRcpt                  // RCPT TO: it was about the recipient
	afterRcpt               // DATA and its end: it was about the mail, the recipient had been taken
)

// Where reports say it: each with the command in a group. Postfix, Courier and Sendmail, Exim, qmail, and appliances.
var phases = regexp.MustCompile(`(?i)in reply to (?:the )?((?:end of )?[a-z ]{3,12}?) command|>>> (?:\S+ )??([a-z]{4})\b|(?:error|reject\w*)[^.]{0,60} after (?:pipelined )?((?:end of )?(?:rcpt|mail|data|ehlo|helo|initial|sending|connect)\w*)|(did not like our rcpt|does not like recipient|failed after i sent the message|but sender was rejected|but my name was rejected)|smtp command[ :]+([a-z]{4})|\[(rcpt_to|mail_from|data)\]`)

func phaseNamed(said string) phase {
	if len(said) > 8000 {
		said = said[:8000]
	}
	all := phases.FindAllStringSubmatch(said, 100)
	if len(all) == 0 {
		return somewhere
	}
	return commandPhase(strings.ToLower(strings.Join(all[len(all)-1][1:], "")))
}

func commandPhase(command string) phase {
	switch {
	case strings.Contains(command, "rcpt"), strings.Contains(command, "recipient"):
		return atRcpt
	case strings.Contains(command, "data"), strings.Contains(command, "message"):
		return afterRcpt
	case strings.HasPrefix(command, "mail"), strings.Contains(command, "sender"), strings.Contains(command, "name"), strings.HasPrefix(command, "ehlo"), strings.HasPrefix(command, "helo"), strings.HasPrefix(command, "initial"), strings.HasPrefix(command, "connect"):
		return beforeRcpt
	}
	return somewhere
}

// phaseOf finds in what is said the words of a recipient's diagnosis, and what command they answered: in a transcript the one
// before them, else one named after them.
func phaseOf(said string, r Recipient, all []Recipient) phase {
	if p := phaseNamed(r.Diagnostic); p != somewhere {
		return p
	}
	if r.Diagnostic != "" {
		if at := strings.Index(said, "<<< "+r.Diagnostic); at >= 0 {
			return phaseNamed(said[max(0, at-2000):at])
		}
	}
	return phaseNamed(about(said, r.Address, all))
}

// about are the words of a report about one of its recipients: from where it is named to where the next one is.
func about(said, address string, all []Recipient) string {
	if address == "" || len(all) == 1 {
		return said
	}
	lower := strings.ToLower(said)
	if len(lower) != len(said) { // letters that change their size: places would not fit
		return said
	}
	at := strings.Index(lower, address)
	if at < 0 {
		return said
	}
	end := len(said)
	for _, other := range all {
		if other.Address == "" || other.Address == address {
			continue
		}
		if i := strings.Index(lower[at+len(address):], other.Address); i >= 0 {
			end = min(end, at+len(address)+i)
		}
	}
	return said[at:end]
}
