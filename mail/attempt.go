package mail

import (
	"context"
	"errors"
	"fmt"
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
	go callOff(ctx, c, a.sender.options.Grace, settled)
	out = a.data(c)
	close(settled)
	answered := out.Code != 0 && out.Code != 421
	return out, answered && c.used < a.sender.options.MaxMessages && (out.Kind == Sent || a.reset(c, out))
}

// envelope says MAIL and RCPT and asks the caller; done means the attempt ended there.
func (a *attempt) envelope(ctx context.Context, c *session) (out Outcome, done bool) {
	if a.needsUTF8() && !c.utf8 {
		return Outcome{
			Kind: Permanent, Phase: PhaseMail, Enhanced: "5.6.7", // RFC 6531, 3.5
			Err: errors.New("the mail server cannot take an address outside ASCII (no SMTPUTF8)"),
		}, true
	}
	if phase, err := a.addresses(c); err != nil {
		return refused(phase, err), true
	}
	if a.beforeData != nil {
		if err := a.beforeData(ctx); err != nil {
			return Outcome{Kind: NotStarted, Phase: PhaseCommit, Err: err}, true
		}
	}
	return Outcome{Phase: PhaseCommit}, false
}

func (a *attempt) needsUTF8() bool { return !ascii(a.from) || !ascii(a.to) }

// addresses says MAIL and RCPT; the phase is that of a failure.
func (a *attempt) addresses(c *session) (Phase, error) {
	if c.talk != nil {
		_ = c.conn.SetDeadline(time.Now().Add(a.sender.options.CommandTimeout))
		return c.talk.envelope(a.from, a.to, len(a.raw))
	}
	if err := c.client.Mail(a.from, &smtp.MailOptions{Size: int64(len(a.raw)), UTF8: a.needsUTF8()}); err != nil {
		return PhaseMail, err
	}
	return PhaseRcpt, c.client.Rcpt(a.to, nil)
}

// data says DATA, writes the message and waits for the answer.
func (a *attempt) data(c *session) Outcome {
	write, end, err := a.begin(c)
	if err != nil {
		return refused(PhaseData, err) // without 354 nothing of the message was written
	}
	_ = c.conn.SetDeadline(time.Now().Add(a.sender.options.BodyTimeout))
	if err := write(); err != nil {
		// The final dot was not written, so a server that keeps to RFC 5321 4.1.1.4 discards what it has.
		return Outcome{
			Kind: Temporary, Phase: PhaseBody,
			Err: fmt.Errorf("the connection was lost while the message was being written: %w", plainError(err)),
		}
	}
	return concluded(end()) // from the final dot on only an answer tells
}

// begin says DATA, and tells how to write the message and how it ends.
func (a *attempt) begin(c *session) (write func() error, end func() (string, error), err error) {
	if t := c.talk; t != nil {
		_ = c.conn.SetDeadline(time.Now().Add(a.sender.options.CommandTimeout))
		return func() error { return t.message(a.raw) }, func() (string, error) {
			_ = c.conn.SetDeadline(time.Now().Add(a.sender.options.ReplyTimeout))
			return t.reply(250)
		}, t.data()
	}
	w, err := c.client.Data()
	return func() error { _, err := w.Write(a.raw); return err }, func() (string, error) {
		response, err := w.CloseWithResponse() // writes the final dot
		if err != nil {
			return "", err
		}
		return response.StatusText, nil
	}, err
}

// reset makes a connection ready for another message after a refusal; false when it cannot be.
func (a *attempt) reset(c *session, out Outcome) bool {
	lost := out.Code == 0 && out.Phase != PhaseCommit || out.Code == 421
	if lost || c.used >= a.sender.options.MaxMessages {
		return false
	}
	return c.client.Reset() == nil
}

// callOff gives a message under way its grace after ctx has ended, then cuts it off.
func callOff(ctx context.Context, c *session, grace time.Duration, settled <-chan struct{}) {
	select {
	case <-settled:
		return
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-settled:
	case <-timer.C:
		_ = c.conn.Close()
	}
}
