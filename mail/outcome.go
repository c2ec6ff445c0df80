package mail

import (
	"errors"
	"fmt"

	"github.com/emersion/go-smtp"

	"github.com/leadflow-dev/leadflow/mail/bounce"
)

// Kind is what is known about one attempt to send.
type Kind string

// The kinds of outcome. They are exhaustive: every attempt ends in exactly one.
const (
	Sent       Kind = "sent"        // the server took responsibility for the message
	Temporary  Kind = "temporary"   // refused for now, or lost before its end was sent: not delivered, may be tried again
	Permanent  Kind = "permanent"   // refused for good: not delivered, trying again is useless
	Unknown    Kind = "unknown"     // lost between the final dot and the server's answer: delivered or not, nobody knows
	NotStarted Kind = "not_started" // nothing of the message left the house: safe to try again, says nothing about the recipient
)

// Phase is where in the dialogue an attempt ended.
type Phase string

// The phases, in order.
const (
	PhaseConnect Phase = "connect" // dialing, TLS, greeting, login, waiting for a free connection
	PhaseMail    Phase = "mail"    // MAIL FROM
	PhaseRcpt    Phase = "rcpt"    // RCPT TO: a permanent refusal here is about the recipient
	PhaseCommit  Phase = "commit"  // the caller's beforeData
	PhaseData    Phase = "data"    // the DATA command
	PhaseBody    Phase = "body"    // the message was being written, its final dot was not
	PhaseReply   Phase = "reply"   // the final dot was being written or its answer awaited
)

// Outcome is the end of one attempt.
type Outcome struct {
	Kind  Kind
	Phase Phase
	// Code is the SMTP reply code, 0 where the server gave none.
	Code int
	// Enhanced is the enhanced status code such as "5.1.1", or "".
	Enhanced string
	// Reply is what the server said after the code. It may quote an address: keep it with the mail, out of logs.
	Reply string
	// Err is nil when sent. Its text holds no personal data.
	Err error
}

// Bounce is what a refusal of the server says of the recipient, for good or for now, by the rules that reports are read by; false:
// it says nothing, for it was not asked about them, or gave no answer.
func (o Outcome) Bounce() (bounce.Recipient, bool) {
	if o.Code == 0 || o.Kind != Permanent && o.Kind != Temporary {
		return bounce.Recipient{}, false
	}
	switch o.Phase {
	case PhaseRcpt, PhaseData, PhaseBody, PhaseReply:
		return bounce.Refused(o.Code, o.Enhanced, o.Reply, o.Phase != PhaseRcpt), true
	}
	return bounce.Recipient{}, false
}

// refused is the outcome of an error at a phase where the server cannot have accepted the message.
func refused(phase Phase, err error) Outcome {
	var reply *smtp.SMTPError
	if !errors.As(err, &reply) {
		return Outcome{Kind: NotStarted, Phase: phase, Err: fmt.Errorf("the connection to the mail server was lost at %s: %w", phase, plainError(err))}
	}
	out := answered(phase, reply)
	switch {
	case reply.Code == 421, reply.Code >= 530 && reply.Code <= 538 && phase != PhaseRcpt:
		out.Kind = NotStarted // the server goes down, or wants a login: not about this message
	case reply.Code >= 500 && reply.Code < 600:
		out.Kind = Permanent
	default:
		out.Kind = Temporary
	}
	return out
}

// answered fills in what the server said. The error names the codes only.
func answered(phase Phase, reply *smtp.SMTPError) Outcome {
	out := Outcome{Phase: phase, Code: reply.Code, Reply: reply.Message}
	said := fmt.Sprint(reply.Code)
	if e := reply.EnhancedCode; e[0] > 0 {
		out.Enhanced = fmt.Sprintf("%d.%d.%d", e[0], e[1], e[2])
		said += " " + out.Enhanced
	}
	out.Err = fmt.Errorf("the mail server answered %s at %s", said, phase)
	return out
}

// concluded is the outcome after the final dot.
func concluded(text string, err error) Outcome {
	if err == nil {
		return Outcome{Kind: Sent, Phase: PhaseReply, Code: 250, Reply: text}
	}
	var reply *smtp.SMTPError
	if !errors.As(err, &reply) {
		return Outcome{
			Kind: Unknown, Phase: PhaseReply,
			Err: fmt.Errorf("the connection was lost before the mail server answered the end of the message: %w", plainError(err)),
		}
	}
	out := answered(PhaseReply, reply)
	switch reply.Code / 100 {
	case 2:
		out.Kind, out.Err = Sent, nil
	case 4:
		out.Kind = Temporary
	case 5:
		out.Kind = Permanent
	default:
		out.Kind = Unknown
	}
	return out
}
