package provider

import (
	"context"
	"net/http"
	"time"

	"github.com/leadflow-dev/leadflow/mail/bounce"
	"github.com/leadflow-dev/leadflow/mail/inbound"
)

// Refusal is why a post is not taken: the poster's fault.
type Refusal struct{ code, text string }

func (r *Refusal) Error() string { return r.text }

// Refused is the code: none, unsigned or body.
func (r *Refusal) Refused() string { return r.code }

// The ways a post is refused. Doors answer 404, 401 and 400.
var (
	ErrNone     = &Refusal{"none", "no such provider, or none of its secrets is configured"}
	ErrUnsigned = &Refusal{"unsigned", "the signature or secret is missing or wrong, or too old"}
	ErrBody     = &Refusal{"body", "the body is not what this provider posts"}
)

// Reader hands on what a report means.
type Reader interface {
	TakeReport(ctx context.Context, r inbound.Report) ([]string, error)
	DeliveryOf(returnPath, messageID string) string
}

// Tokens binds a token to the body it came with.
type Tokens interface {
	UseHookToken(ctx context.Context, token, body []byte) (same bool, err error)
}

// Secrets are what the providers are believed by. An empty one switches its provider off.
type Secrets struct {
	SESTopics   []string // ARNs of the topics of SNS that may post: every customer of Amazon's can sign
	SendGridKey string   // verification key, base64 of DER
	Postmark    string   // user:password of the address Postmark posts to
	Mailgun     string   // signing key
}

// Hooks takes posts. It is safe for concurrent use.
type Hooks struct {
	reader  Reader
	tokens  Tokens
	secrets Secrets
	count   func(provider, what string) // what was told: bounce, complaint, unknown, ...
	now     func() time.Time
	certs   *certs
	takes   map[string]func(ctx context.Context, h http.Header, body []byte) ([]told, error)
}

// New makes Hooks. Fetch gets what Amazon offers at an address of its own; nil: over the network. Count may be nil.
func New(reader Reader, tokens Tokens, secrets Secrets, fetch Fetch, count func(provider, what string)) (*Hooks, error) {
	key, err := sendGridKey(secrets.SendGridKey)
	if err != nil {
		return nil, err
	}
	if fetch == nil {
		fetch = overNetwork
	}
	if count == nil {
		count = func(string, string) {}
	}
	h := &Hooks{reader: reader, tokens: tokens, secrets: secrets, count: count, now: time.Now, certs: &certs{fetch: fetch}}
	h.takes = map[string]func(context.Context, http.Header, []byte) ([]told, error){}
	if len(secrets.SESTopics) > 0 {
		h.takes["ses"] = h.ses
	}
	if key != nil {
		h.takes["sendgrid"] = sendGrid{h, key}.take
	}
	if secrets.Postmark != "" {
		h.takes["postmark"] = h.postmark
	}
	if secrets.Mailgun != "" {
		h.takes["mailgun"] = h.mailgun
	}
	return h, nil
}

// told is one thing a provider tells of one mail.
type told struct {
	bounce.Report
	id         string // of the event, as the provider knows it
	returnPath string // of the mail; empty: not told
}

// Receive takes one post of a provider and answers how many of the events in it meant something to us. What is not known is
// counted and passed over. ErrNone, ErrUnsigned and ErrBody are the poster's; after any other error it may post again.
func (h *Hooks) Receive(ctx context.Context, provider string, header http.Header, body []byte) (int, error) {
	take := h.takes[provider]
	if take == nil {
		return 0, ErrNone
	}
	all, err := take(ctx, header, body)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, one := range all {
		if one.Kind != bounce.Failed && one.Kind != bounce.Complaint {
			h.count(provider, "unknown")
			continue
		}
		h.count(provider, string(one.Kind))
		n++
		if _, err := h.reader.TakeReport(ctx, inbound.Report{
			Report: one.Report, DeliveryID: h.reader.DeliveryOf(one.returnPath, one.MessageID), ID: provider + " " + one.id, Via: provider,
		}); err != nil {
			return n, err
		}
	}
	return n, nil
}

// optOut, abuse and bounced are the reports of events.
func optOut(address string) bounce.Report {
	return bounce.Report{Kind: bounce.Complaint, Feedback: "opt-out", Recipients: []bounce.Recipient{{Address: bounce.Address(address)}}}
}

func abuse(address string) bounce.Report {
	return bounce.Report{Kind: bounce.Complaint, Feedback: "abuse", Recipients: []bounce.Recipient{{Address: bounce.Address(address)}}}
}

func bounced(address, status, said string, hard bool) bounce.Report {
	r := bounce.Recipient{Address: bounce.Address(address), Status: status, Diagnostic: said}
	r.Judge()
	r.Hard, r.Ours = hard, r.Ours && !hard
	return bounce.Report{Kind: bounce.Failed, Recipients: []bounce.Recipient{r}}
}
