package bounce

import (
	"regexp"
	"strings"
)

// fill gives each recipient what its diagnosis says: codes where no field had them, and whether they can be reached again.
func (m *mail) fill(r *Report) {
	if r.Kind != Failed && r.Kind != Delayed {
		return
	}
	said := ""
	for i := range r.Recipients {
		one := &r.Recipients[i]
		text := one.Diagnostic
		if !tellsWhy(text) {
			if said == "" {
				said = m.said()
			}
			text += "\n" + said
		}
		if s := statusIn.FindString(text); one.Status == "" || vague(one.Status) && s != "" {
			if s != "" {
				one.Status = s
			}
		}
		if c := codeIn.FindStringSubmatch(text); one.Code == "" && c != nil {
			one.Code = c[1]
		}
		one.Hard = one.Action != "delayed" && hard(*one, text)
		one.Diagnostic = strings.TrimSpace(one.Diagnostic)
	}
}

// vague are statuses that say no more than "failed".
func vague(status string) bool { return strings.HasSuffix(status, ".0.0") }

// Phrases are of what servers say, in lower case, spaces as one.
var (
	gone = phrases(
		`user unknown`, `unknown user`, `no such user`, `no such recipient`, `no such mailbox`, `no such address`, `unknown recipient`, `recipient unknown`, `unknown address`, `address unknown`, `unknown mailbox`,
		`user not found`, `user doesn'?t exist`, `(?:mailbox|account|address|recipient|user|alias|addressee|e-?mail)\b.{0,90}?(?:does not exist|doesn'?t exist|do not exist|not exist|not found|could not be found|couldn'?t be found|wasn'?t found|is unknown|unknown|no longer exists|is invalid|not a valid|not listed|not known|has been disabled for|is not a known)`,
		`invalid (?:recipient|mailbox|user|address|rcpt)`, `(?:recipient|mailbox|user|address) (?:address )?(?:was )?invalid`, `no mailbox (?:here )?(?:by that|with that|found)`, `not a valid (?:user|mailbox|recipient)`, `(?:that|this) user isn'?t`, `not our customer`, `no account by that name`,
		`can'?t find (?:that|this|the) (?:user|address|mailbox)`, `unrouteable address`, `mailbox unavailable or not local`, `doesn'?t have (?:a|an) .{0,30}account`, `doesn'?t handle mail for that user`, `there is no one at this address`, `does not like recipient.{0,80}(?:unknown|no such)`,
		`user .{0,60}is not listed`, `not listed in (?:domino|public)`, `recipnotfound`, `recipientnotfound`, `no such person`, `unknown or illegal alias`, `undeliverable address`, `bad destination mailbox`, `email address could not be found`, `delivery failed.{0,40}unknown`, `account (?:has been )?(?:deleted|closed)`, `addressee unknown`,
		`mailbox not found`, `nobody by that name`, `no valid recipients`, `no local user`, `not a known user`, `user .{0,40}unknown`,
	)
	noHost = phrases(
		`host unknown`, `unknown host`, `no such host`, `host not found`, `host or domain name not found`, `domain (?:name )?not found`, `unknown domain`, `domain .{0,80}(?:does not exist|doesn'?t exist|not exist|unknown|is invalid|couldn'?t be found|not found)`, `couldn'?t find any host`, `name or service not known`,
		`nxdomain`, `no such domain`, `dns domain .{0,80}does not exist`, `unrouteable mail domain`, `invalid domain`, `bad destination (?:host|system)`, `illegal host/domain`, `all relevant mx records point to non-existent hosts`, `non-?existent domain`, `responsible for the domain .{0,60}not exist`, `resolving to illegal`, `recipient domain must exist`, `domain must exist`,
	)
	moved     = phrases(`has moved`, `moved to`, `new address is`, `address has changed`, `mailbox .{0,60}moved`, `user has moved`, `has been replaced by`, `no longer valid.{0,60}(?:use|new)`)
	noService = phrases(`null ?mx`, `does not accept (?:any )?(?:e-?)?mail`, `doesn'?t accept (?:any )?(?:e-?)?mail`, `do not accept (?:any )?mail`, `service not accepting`, `domain does not accept`, `no mail exchanger`, `couldn'?t find a mail exchanger`, `couldn'?t find any mail exchanger`)
	// What may be over tomorrow, or is about us and not about them, whatever else is said.
	passing = phrases(
		`mailbox (?:is )?full`, `over ?quota`, `quota exceeded`, `exceed(?:ed|s|ing)? .{0,30}quota`, `disk quota`, `mailbox .{0,40}(?:exceed|full)`, `user is over`, `not enough (?:disk|storage|space)`, `insufficient (?:disk|system) `, `too much mail`, `allotted to their mailbox`,
		`temporar`, `timed? ?out`, `try again`, `retry timeout`, `deferred`, `too many (?:connections|messages|recipients)`, `rate limit`, `greylist`, `graylist`, `try later`,
		`spam`, `blocked`, `blacklist`, `blocklist`, `block list`, `black list`, `listed (?:by|at|in) (?:the )?(?:[a-z0-9.-]*\.)?(?:spamhaus|sorbs|spamcop|dnsbl|rbl)`, `spf`, `dkim`, `dmarc`, `reverse dns`, `ptr record`, `reputation`, `policy`, `virus`, `relay(?:ing)? (?:access )?(?:denied|not permitted|is denied|not allowed)`, `not (?:allowed|permitted) to relay`,
		`message (?:size|too large|too big)`, `too large`, `size limit`, `maximum size`, `suspended`, `account (?:is )?(?:disabled|inactive|locked|expired)`, `disabled`, `inactive`, `not authori[sz]ed`, `authentication`, `sender .{0,60}(?:rejected|denied|unknown|not exist|verify|invalid)`, `access denied`, `bounce address`,
	)
)

func phrases(all ...string) *regexp.Regexp {
	return regexp.MustCompile(`(?is)(?:` + strings.Join(all, "|") + `)`)
}

var space = regexp.MustCompile(`\s+`)

// hard is what status and words say together: words are the surer, where there are any.
func hard(r Recipient, text string) bool {
	text = space.ReplaceAllString(text, " ")
	if len(text) > 4000 {
		text = text[:4000]
	}
	status := r.Status
	words := r.Diagnostic
	if words == "" {
		words = text
	}
	switch {
	case strings.HasPrefix(status, "4."), strings.HasPrefix(r.Code, "4") && !strings.HasPrefix(status, "5."):
		return noHost.MatchString(text) && !passing.MatchString(text)
	case moved.MatchString(text), noService.MatchString(text):
		return true
	case passing.MatchString(text) && !strings.HasPrefix(status, "5.1."):
		return false
	case gone.MatchString(text), noHost.MatchString(text):
		return true
	}
	switch status {
	case "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.0", "5.1.10", "5.0.911":
		return true
	}
	return false
}

// tellsWhy reports a diagnosis that says more than a number.
func tellsWhy(text string) bool {
	return len(strings.Fields(text)) > 2
}

var failing = phrases(`fail`, `unable`, `could ?n[o']t`, `cannot`, `can'?t`, `not (?:be )?deliver`, `undeliver`, `reject`, `returned`, `unknown`, `no such`, `error`, `refused`, `denied`, `not found`, `does not exist`, `full`, `exceed`, `disabled`, `delayed`, `malformed`, `not member`, `not accept`, `存在しない`, `届か`, `invalid`, `blocked`, `was not`, `wasn't`, `expired`, `\b[45]\d\d[ -]`, `不達`, `配信`, `送信でき`, `届け`, `не `)

// tellsOfFailure keeps a mail of a daemon that reports nothing from being a report.
func tellsOfFailure(said string) bool { return failing.MatchString(said) }
