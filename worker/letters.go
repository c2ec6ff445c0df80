package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/mail"
	"github.com/leadflow-dev/leadflow/mail/liquid"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// House is what every mail of the house carries.
type House struct {
	From       netmail.Address
	Postal     string            // shown in the footer; nurture mail does not go out without
	Brand      mail.Brand        // how mails look
	BackDomain string            // of the addresses bounces and answers come to; empty: none
	PublicURL  string            // of the API's public routes, without a slash at its end
	Links      map[string]string // links.<name> in templates
	Tracking
	Topics map[string]string // what purposes are called
}

// Letters composes deliveries.
type Letters struct {
	House    House
	Composer *mail.Composer
	Tokens   *token.Signer
	DKIM     *mail.DKIM // nil: mails are not signed
	RawOnly  bool       // what is composed is sent, and nobody looks at it but as bytes

	mu        sync.RWMutex
	sequences map[string]sequence.Sequence // by document: thousands of mails are of one
	parsed    sync.Once
	host      string // of House.PublicURL
}

func (l *Letters) sequence(document []byte) (sequence.Sequence, error) {
	l.mu.RLock()
	doc, ok := l.sequences[string(document)]
	l.mu.RUnlock()
	if ok {
		return doc, nil
	}
	err := json.Unmarshal(document, &doc)
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.sequences == nil {
			l.sequences = map[string]sequence.Sequence{}
		}
		l.sequences[string(document)] = doc
	}
	return doc, err
}

// Compose renders a mail to a lead or an alert, and signs it. The same delivery is always the same mail, but for the time of
// its signature.
func (l *Letters) Compose(d record.Delivery) (r mail.Rendered, err error) {
	switch d.Kind {
	case kindNurture, kindTest, kindPreview:
		r, err = l.nurture(d)
	case kindConfirmation:
		r, err = l.confirmation(d)
	case record.KindQuestion:
		r, err = l.question(d)
	default:
		r, err = l.alert(d)
	}
	if err == nil {
		r.Raw, err = l.DKIM.Sign(r.Raw)
	}
	return r, err
}

// Check composes a mail to nobody. What is wrong with the house itself - an address outside ASCII, a public URL no mailbox
// would post to - is told when the program starts, and not by every mail that fails.
func (l *Letters) Check() error {
	const to = "nobody@example.com"
	postal := &Letters{House: l.House, Composer: l.Composer, Tokens: l.Tokens} // a house without an address composes nothing to leads, and still its alerts
	postal.House.Postal = "1 Example Street"
	_, err := postal.compose(record.Delivery{ID: uuid.Nil.String(), To: to, CreatedAt: time.Unix(1, 0)}, sequence.Mail{Subject: "Hello", Body: "Hello"},
		&record.Lead{ID: uuid.Max.String()}, false)
	return err
}

// ReturnPath is the envelope sender: where bounces go.
func (l *Letters) ReturnPath(d record.Delivery) (string, error) {
	if !toItsLead(d) {
		return l.House.From.Address, nil
	}
	returnPath, _, err := l.back(d)
	return returnPath, err
}

func (l *Letters) nurture(d record.Delivery) (mail.Rendered, error) {
	doc, err := l.sequence(d.Document)
	if err != nil {
		return mail.Rendered{}, fmt.Errorf("the sequence %s: %w", d.Sequence, err)
	}
	step, ok := mailStep(doc, d.Step)
	if !ok || d.Lead == nil {
		return mail.Rendered{}, fmt.Errorf("the sequence %s has no mail %s", d.Sequence, d.Step)
	}
	return l.compose(d, step, d.Lead, doc.Untracked)
}

func (l *Letters) compose(d record.Delivery, step sequence.Mail, lead *record.Lead, untracked bool) (mail.Rendered, error) {
	unsubscribe, preferences, err := l.leave(d, lead.ID)
	if err != nil {
		return mail.Rendered{}, err
	}
	links := map[string]string{"preferences": preferences, "unsubscribe": unsubscribe}
	for name, url := range l.House.Links {
		links[name] = url
	}
	returnPath, reply, err := l.back(d)
	if err != nil {
		return mail.Rendered{}, err
	}
	tracked, err := l.track(d, lead, untracked)
	if err != nil {
		return mail.Rendered{}, err
	}
	return l.Composer.Compose(mail.Message{
		From: l.House.From, To: netmail.Address{Address: d.To}, ReplyTo: reply,
		Subject: marked(d, step.Subject), Preheader: step.Preheader, Body: step.Body, Vars: vars(lead), Links: links,
		Track: tracked.link, Unsubscribe: unsubscribe, Preferences: preferences, OneClick: unsubscribe, Postal: l.House.Postal, Brand: l.House.Brand, Pixel: tracked.pixel, Trap: tracked.trap,
		MessageID: messageID(d) + "@" + domainOf(l.House.From.Address), ReturnPath: returnPath, Date: d.CreatedAt, RawOnly: l.RawOnly,
	})
}

func mailStep(doc sequence.Sequence, id string) (sequence.Mail, bool) {
	for _, s := range doc.Steps {
		if s.ID == id && s.Mail != nil {
			return *s.Mail, true
		}
	}
	return sequence.Mail{}, false
}

// unsubscribe is the address of the page behind the footer's link; a mailbox may POST to it (RFC 8058), and only a POST
// does anything.
func (l *Letters) unsubscribe(leadID string) (string, error) {
	lead, err := uuid.Parse(leadID)
	if err != nil {
		return "", errors.New("the delivery has no lead")
	}
	t, err := l.Tokens.Sign(token.Unsubscribe, token.Claims{Lead: lead})
	return l.House.PublicURL + "/u/" + t, err
}

// preferences is the address of the page on which a person chooses what they get; only a POST does anything.
func (l *Letters) preferences(leadID string) (string, error) {
	lead, err := uuid.Parse(leadID)
	if err != nil {
		return "", errors.New("the delivery has no lead")
	}
	t, err := l.Tokens.Sign(token.Preferences, token.Claims{Lead: lead})
	return l.House.PublicURL + "/p/" + t, err
}

// vars are what a template may show of a lead.
func vars(lead *record.Lead) liquid.Vars {
	v := liquid.Vars{"score": lead.Score, "band": lead.Band, "stage": string(lead.Stage)}
	for field, value := range lead.Profile {
		v[field] = value
	}
	if lead.Email != nil {
		v["email"] = *lead.Email
	}
	return v
}

// messageID is stable over retries: the ledger's row.
func messageID(d record.Delivery) string { return "lf." + d.ID }

func domainOf(address string) string {
	if _, domain, ok := strings.Cut(address, "@"); ok {
		return domain
	}
	return "localhost"
}
