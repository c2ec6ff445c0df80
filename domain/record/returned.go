package record

// Kinds of what comes back of a mail.
const (
	ReturnedBounce      = "bounce"
	ReturnedComplaint   = "complaint"
	ReturnedUnsubscribe = "unsubscribe" // by a mail, or told by a provider
	ReturnedReply       = "reply"
)

// Returned is what came back of one mail about one recipient.
type Returned struct {
	Kind       string
	Hard       bool   // of a bounce: nobody is there
	Ours       bool   // of one that is not hard: it was about us or the mail, and is not counted against the address
	Status     string // of a bounce: enhanced status, else reply code; of a complaint: its type. Codes only
	DeliveryID string // which mail, by the token of an address or by its Message-ID; empty: only the address is known
	Email      string // normalised; needed without a delivery
	Report     string // which report this is: the same text comes with the same report again. Needed without a delivery, and of a reply
	SentTo     string // the address we sent it to, where we know it ourselves; else that of the kept mail
	Via        string // sending: the server's answer; smtp, file, ses, sendgrid, postmark, mailgun: told later
	Text       string // of a reply: what was written, at most 10,000 characters
}

// What follows of something that came back.
const (
	AsHard         = "hard"         // suppressed: nobody is there, or it bounced too often
	AsSoft         = "soft"         // counted
	AsComplaint    = "complaint"    // suppressed
	AsUnsubscribed = "unsubscribed" // suppressed
	AsReplied      = "replied"      // the sequence ends, sales are told
	AsDuplicate    = "duplicate"    // told before: nothing follows
	AsUnknown      = "unknown"      // nobody of ours: nothing follows
	AsIgnored      = "ignored"      // an answer by machine, a delay, something unreadable: nothing follows
)
