package mail

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/emersion/go-smtp"
)

// attempt is one message on its way.
type attempt struct {
	sender     *Sender
	from, to   string
	raw        []byte
	beforeData func(context.Context) error
}

// run plays the dialogue over c and reports whether c may be used again.
func (a *attempt) run(ctx context.Context, c *session) (out Outcome, keep bool) {
	c.used++
	stop := context.AfterFunc(ctx, func() { _ = c.conn.Close() })
	out, done := a.envelope(ctx, c)
	if !stop() { // ctx ended and the connection is gone, whatever the server said before
		return Outcome{Kind: NotStarted, Phase: out.Phase, Err: fmt.Errorf("sending was called off: %w", context.Cause(ctx))}, false
	}
	if done {
		return out, a.reset(c, out)
	}
	settled := make(chan struct{})
	stop = context.AfterFunc(ctx, func() { callOff(c, a.sender.options.Grace, settled) })
	out = a.data(c)
	close(settled)
	stop()
	inStep := out.Code != 0 && out.Code != 421 && c.talk.in.Buffered() == 0
	return out, inStep && c.used < a.sender.options.MaxMessages && (out.Kind == Sent || a.reset(c, out))
}

// envelope says MAIL and RCPT and asks the caller; done means the attempt ended there.
func (a *attempt) envelope(ctx context.Context, c *session) (out Outcome, done bool) {
	wide := !ascii(a.from) || !ascii(a.to)
	if ok, _ := c.client.Extension("SMTPUTF8"); wide && !ok {
		return Outcome{
			Kind: Permanent, Phase: PhaseMail,
			Err: errors.New("the mail server cannot take an address outside ASCII (no SMTPUTF8)"),
		}, true
	}
	if out, done := a.invite(c, a.mail(c, wide), "RCPT TO:<"+a.to+">\r\n"); done {
		return out, true
	}
	if a.beforeData != nil {
		if err := a.beforeData(ctx); err != nil {
			return Outcome{Kind: NotStarted, Phase: PhaseCommit, Err: err}, true
		}
	}
	return Outcome{Phase: PhaseCommit}, false
}

// mail is the command that begins a message.
func (a *attempt) mail(c *session, wide bool) string {
	command := "MAIL FROM:<" + a.from + ">"
	if ok, _ := c.client.Extension("8BITMIME"); ok {
		command += " BODY=8BITMIME"
	}
	if ok, _ := c.client.Extension("SIZE"); ok {
		command += " SIZE=" + strconv.Itoa(len(a.raw))
	}
	if wide {
		command += " SMTPUTF8"
	}
	return command + "\r\n"
}

// invite says MAIL and RCPT, together where the server takes both at once. Its answer to the second is read also where it
// refused the first.
func (a *attempt) invite(c *session, mail, rcpt string) (out Outcome, done bool) {
	within := a.sender.options.CommandTimeout
	together, _ := c.client.Extension("PIPELINING")
	first := mail
	if together {
		first += rcpt
	}
	err := c.talk.say(within, first)
	if err == nil {
		_, err = c.talk.answer(within, 250)
	}
	if err != nil {
		out = refused(PhaseMail, err)
		if together && out.Code != 0 && out.Code != 421 {
			_, err = c.talk.answer(within, 250)
			c.lost = err != nil && !isAnswer(err)
		}
		return out, true
	}
	if !together {
		err = c.talk.say(within, rcpt)
	}
	if err == nil {
		_, err = c.talk.answer(within, 250)
	}
	if err != nil {
		return refused(PhaseRcpt, err), true
	}
	return out, false
}

func isAnswer(err error) bool {
	var reply *smtp.SMTPError
	return errors.As(err, &reply)
}

// data says DATA, writes the message and waits for the answer.
func (a *attempt) data(c *session) Outcome {
	o := a.sender.options
	err := c.talk.say(o.CommandTimeout, "DATA\r\n")
	if err == nil {
		_, err = c.talk.answer(o.CommandTimeout, 354)
	}
	if err != nil {
		return refused(PhaseData, err) // without 354 nothing of the message was written
	}
	if err := c.talk.message(o.BodyTimeout, a.raw); err != nil {
		// The final dot was not written, so a server that keeps to RFC 5321 4.1.1.4 discards what it has.
		return Outcome{
			Kind: Temporary, Phase: PhaseBody,
			Err: fmt.Errorf("the connection was lost while the message was being written: %w", plainError(err)),
		}
	}
	text, err := c.talk.answer(o.ReplyTimeout, 250) // the final dot is written: from here only an answer tells
	return concluded(text, err)
}

// reset makes a connection ready for another message after a refusal; false when it cannot be.
func (a *attempt) reset(c *session, out Outcome) bool {
	lost := c.lost || out.Code == 0 && out.Phase != PhaseCommit || out.Code == 421
	if lost || c.used >= a.sender.options.MaxMessages {
		return false
	}
	return c.client.Reset() == nil
}

// callOff gives a message under way its grace, then cuts it off.
func callOff(c *session, grace time.Duration, settled <-chan struct{}) {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-settled:
	case <-timer.C:
		_ = c.conn.Close()
	}
}
