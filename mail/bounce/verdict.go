package bounce

import (
	"regexp"
	"strconv"
	"strings"
)

// fill gives each recipient what its diagnosis says: codes where no field had them, and whether they can be reached again.
func (m *mail) fill(r *Report) {
	if r.Kind != Failed && r.Kind != Delayed {
		return
	}
	said := space.ReplaceAllString(m.said(), " ")
	for i := range r.Recipients {
		one := &r.Recipients[i]
		if one.Address == "" && len(r.Recipients) == 1 {
			one.Address = m.guess() // a field held something else: a file, a host
		}
		one.Diagnostic = strings.TrimSpace(space.ReplaceAllString(one.Diagnostic, " "))
		text := one.Diagnostic
		if !tellsWhy(text) {
			text = strings.TrimSpace(text + " " + about(said, one.Address, r.Recipients))
			if one.Status == "" && !known(text) {
				text += " " + words(m.root.header.get("Subject"))
			}
		}
		one.judge(text, phaseOf(said, *one, r.Recipients))
	}
}

// judge takes from what was said of a recipient its codes, and whether it can be reached again.
func (r *Recipient) judge(text string, at phase) {
	text = text[:min(len(text), 4000)]
	if s := statusSaid(text); s != "" {
		r.Status = s // of the server that refused; the field may be what another made of it
	}
	if c := codeIn.FindStringSubmatch(text); r.Code == "" && c != nil {
		r.Code = c[1]
	}
	r.Hard = r.Action != "delayed" && hard(*r, text, at)
	r.Ours = !r.Hard && aboutUs(*r, text, at)
}

// aboutUs reports a refusal that says nothing of the recipient: subject 7 of RFC 3463 (security or policy), 6 (what the mail is
// made of), its size, the sender's address, or words that say so. A full mailbox is theirs,
// whatever else is said.
func aboutUs(r Recipient, text string, at phase) bool {
	switch {
	case strings.HasSuffix(r.Status, ".2.2"), full.MatchString(text):
		return false
	case at == beforeRcpt, r.Status == "5.1.7", r.Status == "5.1.8", ofClass(r.Status, "7"), ofClass(r.Status, "6"), r.Status == "5.3.4":
		return true
	}
	return ofUs.MatchString(text) || ours.MatchString(text) || senderTakesNone.MatchString(text)
}

// ofClass reports a status of a subject of RFC 3463, such as 7 of 5.7.1.
func ofClass(status, subject string) bool {
	parts := strings.Split(status, ".")
	return len(parts) == 3 && parts[1] == subject
}

// Refused judges what a server answered us itself: the reply code, the enhanced status ("" where there was none) and its words.
// Later: it had taken the recipient before.
func Refused(code int, status, said string, later bool) Recipient {
	r := Recipient{Action: "failed", Code: strconv.Itoa(code), Status: status, Diagnostic: said}
	at := atRcpt
	if later {
		at = afterRcpt
	}
	text := strings.TrimSpace(space.ReplaceAllString(r.Code+" "+status+" "+said, " "))
	r.judge(text, at)
	return r
}

// Judge takes codes and Hard from the diagnosis of a server, as it was told.
func (r *Recipient) Judge() { r.judge(r.Diagnostic, phaseNamed(r.Diagnostic)) }

// Phrases are of what servers say, in lower case, spaces as one.
var (
	gone = phrases(
		`user unknown`, `unknown user`, `no such user`, `no such recipient`, `no such mailbox`, `no such address`, `unknown recipient`, `recipient unknown`, `unknown address`, `address unknown`, `unknown mailbox`,
		`user not found`, `user doesn'?t exist`, `(?:mailbox|account|address|recipient|user|alias|addressee|e-?mail)\b.{0,90}?(?:does not exist|doesn'?t exist|do not exist|not exist|not found|could not be found|couldn'?t be found|wasn'?t found|is unknown|unknown|no longer exists|is invalid|not a valid|not listed|not known|has been disabled for|is not a known)`,
		`invalid (?:recipient|mailbox|user|address|rcpt)`, `(?:recipient|mailbox|user|address) (?:address )?(?:was )?invalid`, `no mailbox (?:here )?(?:by that|with that|found)`, `not a valid (?:user|mailbox|recipient)`, `(?:that|this) user isn'?t`, `not our customer`, `no account by that name`,
		`can'?t find (?:that|this|the) (?:user|address|mailbox)`, `unrouteable address`, `mailbox unavailable or not local`, `doesn'?t have (?:a|an) .{0,30}account`, `doesn'?t handle mail for that user`, `there is no one at this address`, `does not like recipient.{0,80}(?:unknown|no such)`,
		`user .{0,60}is not listed`, `not listed in (?:domino|public)`, `recipnotfound`, `recipientnotfound`, `no such person`, `unknown or illegal alias`, `undeliverable address`, `bad destination mailbox`, `email address could not be found`, `delivery failed.{0,40}unknown`, `account (?:has been )?(?:deleted|closed)`, `addressee unknown`,
		`mailbox not found`, `nobody by that name`, `invalid final delivery userid`, `recipient address rejected\.`, `no valid recipients`, `no local user`, `not a known user`, `user .{0,40}unknown`,
		`(?:mailbox|account|address|recipient|user)\b.{0,40}?\bno longer (?:valid|in use|here|exist)`, `address is wrong`,
		`user not local`, `non-?existent (?:account|user|mailbox|address|recipient)`,
		// In other languages of large providers.
		`(?:usuario|destinatario|cuenta|buz[oó]n) (?:no existe|desconocid[oa]|inexistente)`, `no existe (?:el|la|ese|esa) (?:usuario|cuenta|direcci[oó]n|buz[oó]n)`, `(?:usu[aá]rio|destinat[aá]rio|conta) (?:n[aã]o existe|desconhecid[oa]|inexistente)`,
		`(?:utilisateur|destinataire|adresse) (?:inconnue?|inexistante?|n'existe pas)`, `(?:benutzer|empf(?:ä|ae)nger|adresse|postfach) (?:ist )?(?:unbekannt|existiert nicht|nicht gefunden|nicht vorhanden)`, `unbekannter? (?:benutzer|empf(?:ä|ae)nger|adresse)`,
		`(?:utente|destinatario|casella) (?:sconosciut[oa]|inesistente|non esiste)`, `(?:gebruiker|ontvanger) (?:onbekend|bestaat niet)`, `(?:пользователь|адресат|получатель|ящик) (?:не найден|не существует|неизвестен)`,
		`(?:用户|收件人|邮箱|账号|帐号|地址|使用者|信箱).{0,10}不存在`, `不存在的(?:用户|邮箱|收件人)`, `无此用户`, `查无此人`, `(?:수신자|사용자|주소).{0,20}존재하지 않`,
	)
	noHost = phrases(
		`host unknown`, `unknown host`, `no such host`, `host not found`, `dns lookup failure: host \S+ not found`, `domain is not reachable`, `host or domain name not found`, `domain (?:name )?not found`, `unknown domain`, `domain .{0,80}(?:does not exist|doesn'?t exist|not exist|unknown|is invalid|couldn'?t be found|not found)`, `couldn'?t find any host`, `name or service not known`,
		`nxdomain`, `no such domain`, `dns domain .{0,80}does not exist`, `unrouteable mail domain`, `invalid domain`, `bad destination (?:host|system)`, `illegal host/domain`, `all relevant mx records point to non-existent hosts`, `non-?existent domain`, `responsible for the domain .{0,60}not exist`, `resolving to illegal`, `recipient domain must exist`, `domain must exist`,
	)
	moved     = phrases(`has moved`, `moved to`, `new address is`, `address has changed`, `mailbox .{0,60}moved`, `user has moved`, `has been replaced by`, `no longer valid.{0,60}(?:use|new)`)
	noService = phrases(`null ?mx`, `no mx (?:record )?found for domain`, `indicated no smtp service`, `system not accepting network messages`, `does not accept (?:any )?(?:e-?)?mail`, `doesn'?t accept (?:any )?(?:e-?)?mail`, `do not accept (?:any )?mail`, `service not accepting`, `domain does not accept`, `no mail exchanger`, `couldn'?t find a mail exchanger`, `couldn'?t find any mail exchanger`)
	full      = phrases(
		`mailbox (?:is )?full`, `over ?quota`, `quota exceeded`, `exceed(?:ed|s|ing)? .{0,30}quota`, `disk quota`, `mailbox .{0,60}(?:exceed|full)`, `user is over`, `not enough (?:disk|storage|space)`, `insufficient (?:disk|system) `, `too much mail`, `procmail: couldn'?t create`, `allotted to their mailbox`,
	)
	ofUs = phrases(
		`sender (?:address )?(?:was )?(?:rejected|denied|verif|refused)`, `domain of sender`, `valid from:`, `(?:has|have) sent to too many`, `due to recipient preferences`,
	)
	// RFC 7505, 4.2: our own domain would take no answer. Some say 5.7.27 of a recipient's.
	senderTakesNone = phrases(`sender\b.{0,60}null ?mx`)
	// KDDI's filter refuses a mail at the end of DATA as if nobody were there; the address it would name is empty.
	ofMail = phrases(`\b550:? : user unknown`)
	// What large mail systems say of nobody and of nothing else, whatever else stands beside it, also after the mail: Exchange Online's
	// directory, Hotmail, Yahoo, Gmail, Symantec, La Poste, cPanel.
	surelyGone = phrases(
		`recipient address rejected: access denied`, `requested action not taken: mailbox unavailable`, `this user doesn'?t have an? \S+ account`, `the account or domain may not exist`, `address not found`, `because the address couldn'?t be found`, `inactive email address`, `adresse (?:du |de )?destinataire invalide`, `\b542 \S+ rejected`,
	)
	// What is about us, our mail, or how it came: it would be refused to anybody there.
	ours = phrases(
		`spam`, `blocked`, `blacklist`, `blocklist`, `block list`, `black list`, `listed (?:by|at|in) (?:the )?(?:[a-z0-9.-]*\.)?(?:spamhaus|sorbs|spamcop|dnsbl|rbl)`, `spf`, `dkim`, `dmarc`, `reverse dns`, `ptr record`, `reputation`, `policy`, `virus`, `relay(?:ing)? (?:access )?(?:denied|not permitted|is denied|not allowed)`, `not (?:allowed|permitted) to relay`,
		`message (?:size|too large|too big)`, `too large`, `size limit`, `maximum size`, `not authori[sz]ed`, `authentication`, `sender .{0,60}(?:rejected|denied|unknown|not exist|verify|invalid)`, `access denied`, `bounce address`,
	)
	// What may be over tomorrow, whatever else is said.
	passing = phrases(
		`temporar`, `timed? ?out`, `try again (?:later|in)`, `host not found, try again`, `retry timeout`, `deferred`, `too many (?:connections|messages|recipients)`, `rate limit`, `greylist`, `graylist`, `try later`,
		`suspended`, `disabled`, `inactive`, `account (?:is )?(?:locked|expired)`,
	)
)

func phrases(all ...string) *regexp.Regexp {
	return regexp.MustCompile(`(?is)(?:` + strings.Join(all, "|") + `)`)
}

var space = regexp.MustCompile(`\s+`)

// hard is what status, words and the moment of the refusal say together.
//
// What is said of their mailbox being full, or of us, is soft, whatever code comes with it. "User unknown" is hard, but for
// where the server took the recipient and said so of the mail: filters of several providers answer the end of DATA so. Of
// the statuses of RFC 3463 those are hard that say that nobody is there: see goneStatus.
func hard(r Recipient, text string, at phase) bool {
	address := strings.HasPrefix(r.Status, "5.1.") || strings.HasPrefix(r.Status, "4.1.")
	unknown := gone.MatchString(text)
	switch {
	case r.Status == "5.1.7", r.Status == "5.1.8", senderTakesNone.MatchString(text): // RFC 3463, RFC 7505
		return false
	case moved.MatchString(text):
		return true
	case noService.MatchString(text):
		return !strings.HasPrefix(r.Status, "4.")
	case at == beforeRcpt, strings.HasSuffix(r.Status, ".2.2"), full.MatchString(text), ofUs.MatchString(text):
		return false
	case surelyGone.MatchString(text):
		return true
	case (passing.MatchString(text) || ours.MatchString(text)) && !(unknown && address):
		return false
	case unknown && strings.HasPrefix(r.Status, "5.1."):
		return true
	case unknown && (at == afterRcpt || ofMail.MatchString(text)):
		return false
	case unknown && (strings.HasPrefix(r.Status, "5.2.") || strings.HasPrefix(r.Status, "5.7.")):
		return at == atRcpt
	case unknown:
		return true
	case strings.HasPrefix(r.Status, "4."), strings.HasPrefix(r.Code, "4"):
		return false
	case noHost.MatchString(text):
		return true
	}
	return goneStatus[r.Status]
}

// goneStatus are the enhanced statuses (RFC 3463, RFC 7505, RFC 7504) of somebody who is not there: bad mailbox, bad host, bad
// syntax, moved, a host that takes no mail. 5.1.4 (ambiguous), 5.1.7 and 5.1.8 (of the sender) are not; neither is
// 5.2.1 (disabled, which may end), nor anything of 5.3 to 5.7.
var goneStatus = map[string]bool{"5.1.0": true, "5.1.1": true, "5.1.2": true, "5.1.3": true, "5.1.6": true, "5.1.10": true}

// known reports words that one of the phrases is among.
func known(text string) bool {
	for _, some := range []*regexp.Regexp{gone, surelyGone, noHost, noService, moved, full, ofUs, ours, passing} {
		if some.MatchString(text) {
			return true
		}
	}
	return false
}

// tellsWhy reports a diagnosis that says more than a number.
func tellsWhy(text string) bool {
	return len(strings.Fields(text)) > 2 || passing.MatchString(text) || ours.MatchString(text)
}

var failing = phrases(`fail`, `unable`, `could ?n[o']t`, `cannot`, `can'?t`, `not (?:be )?deliver`, `undeliver`, `reject`, `returned`, `unknown`, `no such`, `error`, `refused`, `denied`, `not found`, `does not exist`, `full`, `exceed`, `disabled`, `delayed`, `malformed`, `not member`, `not accept`, `存在しない`, `届か`, `失败`, `失敗`, `无法`, `無法`, `退信`, `退回`, `不存在`, `실패`, `반송`, `존재하지 않`, `invalid`, `blocked`, `was not`, `wasn't`, `expired`, `\b[45]\d\d[ -]`, `不達`, `配信`, `送信でき`, `届け`, `не `, `no longer`, `is wrong`)

// tellsOfFailure keeps a mail of a daemon that reports nothing from being a report.
func tellsOfFailure(said string) bool { return failing.MatchString(said) }
