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
