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
	options := &smtp.MailOptions{Size: int64(len(a.raw))}
	if !ascii(a.from) || !ascii(a.to) {
		if ok, _ := c.client.Extension("SMTPUTF8"); !ok {
			return Outcome{
				Kind: Permanent, Phase: PhaseMail, Enhanced: "5.6.7", // RFC 6531, 3.5
				Err: errors.New("the mail server cannot take an address outside ASCII (no SMTPUTF8)"),
			}, true
		}
		options.UTF8 = true
	}
	if err := c.client.Mail(a.from, options); err != nil {
		return refused(PhaseMail, err), true
	}
	if err := c.client.Rcpt(a.to, nil); err != nil {
		return refused(PhaseRcpt, err), true
	}
	if a.beforeData != nil {
		if err := a.beforeData(ctx); err != nil {
			return Outcome{Kind: NotStarted, Phase: PhaseCommit, Err: err}, true
		}
	}
	return Outcome{Phase: PhaseCommit}, false
}

// data says DATA, writes the message and waits for the answer.
func (a *attempt) data(c *session) Outcome {
	w, err := c.client.Data()
	if err != nil {
		return refused(PhaseData, err) // without 354 nothing of the message was written
	}
	_ = c.conn.SetDeadline(time.Now().Add(a.sender.options.BodyTimeout))
	if _, err := w.Write(a.raw); err != nil {
		// The final dot was not written, so a server that keeps to RFC 5321 4.1.1.4 discards what it has.
		return Outcome{
			Kind: Temporary, Phase: PhaseBody,
			Err: fmt.Errorf("the connection was lost while the message was being written: %w", plainError(err)),
		}
	}
	response, err := w.CloseWithResponse() // writes the final dot: from here only an answer tells
	if err != nil {
		return concluded("", err)
	}
	return concluded(response.StatusText, nil)
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
