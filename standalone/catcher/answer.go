package catcher

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-smtp"
)

// What a mail can be answered with, as the other side would: {id}/{bounce|complain|reply|away}.
var answers = map[string]func(m *Message, r *http.Request) (from, to, raw string){
	"bounce":   bounce,
	"complain": complain,
	"reply":    reply,
	"away":     away,
}

// answer sends what the other side of a mail would: a report that it bounced (kind=soft: for now), a complaint, an answer
// (text=...), or the note of somebody who is away, to the address such go to.
func (c *Catcher) answer(r *http.Request) (status int, err error) {
	m := c.box.get(r.PathValue("id"))
	with := answers[r.PathValue("answer")]
	if m == nil || with == nil {
		return http.StatusNotFound, errors.New("there is no such mail, or no such answer: bounce, complain, reply, away")
	}
	if c.options.Answers == "" {
		return http.StatusConflict, errors.New("nothing listens for what comes back")
	}
	from, to, raw := with(m, r)
	if to == "" {
		return http.StatusConflict, errors.New("the mail names no address such would go to")
	}
	s, err := smtp.Dial(c.options.Answers)
	if err != nil {
		return http.StatusBadGateway, err
	}
	defer s.Close()
	if err := s.SendMail(from, []string{to}, strings.NewReader(strings.ReplaceAll(raw, "\n", "\r\n"))); err != nil {
		return http.StatusConflict, fmt.Errorf("%s was not taken: %w", to, err)
	}
	return http.StatusNoContent, nil
}

// header is the beginning of the mail, as reports give it back.
func (m *Message) header() string {
	head, _, _ := bytes.Cut(bytes.ReplaceAll(m.raw, []byte("\r\n"), []byte("\n")), []byte("\n\n"))
	return string(head)
}

func freshID() string { return rand.Text() + "@catcher.example" }

func bounce(m *Message, r *http.Request) (from, to, raw string) {
	status, said := "5.1.1", "550 5.1.1 no such user here"
	if r.FormValue("kind") == "soft" {
		status, said = "5.2.2", "552 5.2.2 mailbox full"
	}
	return "", m.From, fmt.Sprintf(`From: Mail Delivery System <MAILER-DAEMON@catcher.example>
To: <%[1]s>
Subject: Undelivered Mail Returned to Sender
Date: %[2]s
Message-ID: <%[3]s>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

<%[4]s>: host mx.catcher.example said: %[6]s (in reply to RCPT TO command)

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; catcher.example

Final-Recipient: rfc822; %[4]s
Action: failed
Status: %[5]s
Diagnostic-Code: smtp; %[6]s

--b
Content-Type: text/rfc822-headers

%[7]s

--b--
`, m.From, time.Now().Format(time.RFC1123Z), freshID(), m.To, status, said, m.header())
}

func complain(m *Message, _ *http.Request) (from, to, raw string) {
	return "", m.From, fmt.Sprintf(`From: <fbl@catcher.example>
To: <%[1]s>
Subject: complaint
Date: %[2]s
Message-ID: <%[3]s>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is a complaint about a mail.

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Leadflow-Catcher/1.0
Version: 1
Original-Rcpt-To: <%[4]s>

--b
Content-Type: text/rfc822-headers

%[5]s

--b--
`, m.From, time.Now().Format(time.RFC1123Z), freshID(), m.To, m.header())
}

func reply(m *Message, r *http.Request) (from, to, raw string) {
	return answered(m, "Re: your mail", "", r.FormValue("text"))
}

// away is what a machine answers for somebody who does not read: to the address that people answer to, as many do.
func away(m *Message, _ *http.Request) (from, to, raw string) {
	return answered(m, "Out of office", "Auto-Submitted: auto-replied (vacation)\n", "I am away until Monday.")
}

func answered(m *Message, subject, more, text string) (from, to, raw string) {
	for _, name := range []string{"Reply-To", "From"} {
		if a, err := mail.ParseAddress(m.Headers[name]); err == nil {
			to = a.Address
			break
		}
	}
	if text == "" {
		text = "Thank you, please call me."
	}
	return m.To, to, fmt.Sprintf(`From: <%[1]s>
To: <%[2]s>
Subject: %[7]s
Date: %[3]s
Message-ID: <%[4]s>
In-Reply-To: %[5]s
%[8]sMIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

%[6]s
`, m.To, to, time.Now().Format(time.RFC1123Z), freshID(), m.Headers["Message-Id"], text, subject, more)
}

func (c *Catcher) apiAnswer(w http.ResponseWriter, r *http.Request) {
	status, err := c.answer(r)
	if err != nil {
		http.Error(w, err.Error(), status)
		return
	}
	w.WriteHeader(status)
}

// pageAnswer is a button of a mail's page.
func (c *Catcher) pageAnswer(w http.ResponseWriter, r *http.Request) {
	if status, err := c.answer(r); err != nil {
		http.Error(w, err.Error(), status)
		return
	}
	http.Redirect(w, r, "/messages/"+r.PathValue("id"), http.StatusSeeOther)
}
