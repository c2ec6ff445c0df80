package bounce

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What machines answer in somebody's name stops nothing (RFC 3834, and what was done before it); what a person writes does, also
// about machines and absences.
func TestWhoAnswersIsAPersonOrAMachine(t *testing.T) {
	t.Parallel()
	const ada = "From: Ada <ada@person.example>\nTo: reply+x@back.acme.example\nSubject: "
	var wrong []string
	for name, raw := range map[string]string{
		"auto-replied":             ada + "Re: Hello\nAuto-Submitted: auto-replied\n\nI am away.\n",
		"auto-replied with reason": ada + "Re: Hello\nAuto-Submitted: auto-replied (vacation)\n\nI am away.\n",
		"auto-replied; parameter":  ada + "Re: Hello\nAuto-Submitted: auto-replied; owner-email=\"ada@person.example\"\n\nI am away.\n",
		"auto-generated":           ada + "Ticket 12 created\nAuto-Submitted: auto-generated\n\nWe got your request.\n",
		"auto-notified":            ada + "Notice\nAUTO-SUBMITTED: Auto-Notified\n\nx\n",
		"null return path":         "Return-Path: <>\n" + ada + "Re: Hello\n\nI am away.\n",
		"precedence bulk":          ada + "Re: Hello\nPrecedence: bulk\n\nI am away.\n",
		"precedence auto_reply":    ada + "Re: Hello\nPrecedence: auto_reply\n\nI am away.\n",
		"x-autoreply":              ada + "Re: Hello\nX-Autoreply: yes\n\nI am away.\n",
		"x-autorespond":            ada + "Re: Hello\nX-Autorespond:\n\nI am away.\n",
		"x-autoresponder":          ada + "Re: Hello\nX-Auto-Responder: 1\n\nI am away.\n",
		"x-auto-reply-from":        ada + "Re: Hello\nX-Auto-Reply-From: ada@person.example\n\nI am away.\n",
		"x-mail-autoreply":         ada + "Re: Hello\nX-Mail-Autoreply: yes\n\nI am away.\n",
		"x-vacation":               ada + "Re: Hello\nX-Vacation: yes\n\nI am away.\n",
		"exchange, oof":            ada + "Automatic reply: Hello\nX-Auto-Response-Suppress: All\nX-MS-Exchange-Inbox-Rules-Loop: ada@person.example\n\nI am away.\n",
		"exchange's header alone":  ada + "Re: Hello\nX-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent\n\nI am away.\n",
		"domino":                   ada + "Ada is out of the office\nX-Mailer: IBM\nAuto-Submitted: auto-generated\n\nBack Monday.\n",
		"gmail vacation":           ada + "Out of office Re: Hello\nPrecedence: bulk\nX-Autoreply: yes\nAuto-Submitted: auto-replied\n\nAway.\n",
		"german":                   ada + "Automatische Antwort: Hallo\n\nIch bin nicht im Büro.\n",
		"german, away":             ada + "Abwesenheitsnotiz: Hallo\n\nIch bin nicht da.\n",
		"french":                   ada + "=?utf-8?Q?R=C3=A9ponse_automatique_:_Bonjour?=\n\nJe suis absent.\n",
		"spanish":                  ada + "Respuesta automática: Hola\n\nEstoy fuera.\n",
		"italian":                  ada + "Risposta automatica: Ciao\n\nSono assente.\n",
		"dutch":                    ada + "Automatisch antwoord: Hallo\n\nAfwezig.\n",
		"portuguese":               ada + "Resposta automática: Olá\n\nFora.\n",
		"swedish":                  ada + "Autosvar: Hej\n\nBorta.\n",
		"polish":                   ada + "Automatyczna odpowiedź: Hej\n\nNie ma mnie.\n",
		"russian":                  ada + "Автоматический ответ: Привет\n\nМеня нет.\n",
		"japanese":                 ada + "自動応答: こんにちは\n\n不在です。\n",
		"from nobody":              "From: Acme Support <no-reply@person.example>\nSubject: Re: Hello\n\nTicket 12 was opened.\n",
		"a daemon's warning":       "From: MAILER-DAEMON@person.example\nSubject: Warning: not yet\n\nYour message has not yet been delivered.\n",
		"list":                     ada + "[list] Hello\nList-Id: <l.person.example>\n\nx\n",
		"read receipt":             "From: ada@person.example\nSubject: Read: Hello\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\nContent-Type: text/plain\n\nYour message was read.\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;ada@person.example\nDisposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n",
	} {
		if kind := Read([]byte(raw)).Kind; kind != Auto {
			wrong = append(wrong, name+": "+string(kind))
		}
	}
	require.Empty(t, wrong, "machines")
	for name, raw := range map[string]string{
		"plain":                      ada + "Re: Hello\n\nCall me on Monday.\n",
		"called nora":                "From: Nora <nora.reply@person.example>\nSubject: Re: Hello\n\nCall me.\n",
		"auto-submitted: no":         ada + "Re: Hello\nAuto-Submitted: no\n\nCall me.\n",
		"about automation":           ada + "Re: Automatic replies in your product\n\nDo you have them?\n",
		"about a vacation":           ada + "Re: Hello\n\nI am on vacation until Monday; call me then.\n",
		"suppresses answers":         ada + "Re: Hello\nX-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply\n\nCall me.\n",
		"precedence normal":          ada + "Re: Hello\nPrecedence: normal\n\nCall me.\n",
		"own signature of a company": ada + "Re: Hello\nX-Mailer: Outlook\n\nI'd like a demo, our mailbox was full.\n",
		"out of office, quoted":      ada + "Re: Out of office tips\n\nGood mail!\n",
	} {
		require.Equal(t, Other, Read([]byte(raw)).Kind, "%s: a person", name)
	}
}

// Shapes of reports that are in no field and name who was meant in their own way.
func TestWhoIsMeantInOddShapes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		raw, address string
		hard         bool
	}{
		"X.400 of Exchange 5.5": {"From: System Administrator <postmaster@other.example>\nTo: b@acme.example\nSubject: Undeliverable: Hello\n\nYour message\n\n  To:      list@acme.example\n  Sent:    Fri, 4 Oct 2002\n\ndid not reach the following recipient(s):\n\nc=US;a= ;p=X;o=Y;dda:SMTP=ada@person.example; on Fri, 4 Oct 2002\n    The recipient name is not recognized\n    MSEXCH:IMS:X:Y:Z 0 (000C05A6) Unknown Recipient\n", "ada@person.example", true},
		"Exim's undisclosed":    {"From: Mail Delivery System <Mailer-Daemon@other.example>\nSubject: Mail delivery failed: returning message to sender\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  an undisclosed address\n    (generated from ada@person.example)\n", "ada@person.example", false},
		"a sentence":            {"From: Mailserver <MAILER-DAEMON@other.example>\nSubject: Your message could not be delivered\n\nYour message to ada@person.example has reached us, but this email\naddress is wrong or no longer valid.\n", "ada@person.example", true},
		"SMTP32":                {"From: Postmaster <postmaster@other.example>\nSubject: Undeliverable Mail\n\nUser mailbox exceeds allowed size: ada@person.example\n\nOriginal message follows.\n", "ada@person.example", false},
		"Sina":                  {"From: MAILER-DAEMON@other.example\nSubject: 邮件传输失败！\n\n邮件无法发送到您指定的地址中。\n\n<ada@person.example>:\n\n---\n", "ada@person.example", false},
		"in Chinese":            {"From: postmaster@other.example\nSubject: 系统退信\n\n收件人 ada@person.example\n550 用户不存在\n", "ada@person.example", true},
		"technical details":     {"From: Mail Delivery System <Mail.Delivery.System@other.example>\nSubject: Delivery status notification\n\nDelevery to the following recipients failed permanently:\n\n   * ada@person.example\n\nTechnical details:\n\nSMTP:RCPT host 192.0.2.1: 553 5.3.0 <ada@person.example>... No such user here\n", "ada@person.example", true},
	} {
		r := Read([]byte(c.raw))
		require.Equal(t, Failed, r.Kind, name)
		require.Equal(t, c.address, r.Recipients[0].Address, name)
		require.Equal(t, c.hard, r.Recipients[0].Hard, name)
	}
}
