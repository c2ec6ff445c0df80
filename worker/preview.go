package worker

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/mail"
)

const (
	kindTest    = record.KindTest
	kindPreview = "preview" // never stored
)

// inertToken stands where a lead's own token would: the page behind it says that the link does not work.
const inertToken = "preview"

// inert reports a mail that is only looked at, or goes to a colleague: it must not carry the lead's own links, and tells
// nothing of what is done with it.
func inert(d record.Delivery) bool { return d.Kind == kindTest || d.Kind == kindPreview }

// leave is where the links lead by which a person leaves, or chooses.
func (l *Letters) leave(d record.Delivery, leadID string) (unsubscribe, preferences string, err error) {
	if inert(d) {
		return l.House.PublicURL + "/u/" + inertToken, l.House.PublicURL + "/p/" + inertToken, nil
	}
	if unsubscribe, err = l.unsubscribe(leadID); err != nil {
		return "", "", err
	}
	preferences, err = l.preferences(leadID)
	return unsubscribe, preferences, err
}

// marked is a subject as it goes out: who gets a test sees that it is one.
func marked(d record.Delivery, subject string) string {
	if d.Kind == kindTest {
		return "[Test] " + subject
	}
	return subject
}

// Refuses is why this house sends no nurture mail; nil where it does.
func (l *Letters) Refuses() error {
	if strings.TrimSpace(l.House.Postal) == "" {
		return mail.ErrNoPostal
	}
	return nil
}

// CheckSequence finds what the mails of a sequence would show otherwise than they were meant.
func (l *Letters) CheckSequence(s sequence.Sequence) []sequence.Problem {
	var out []sequence.Problem
	for i, step := range s.Steps {
		if step.Mail == nil {
			continue
		}
		for _, f := range l.Composer.Lint(step.Mail.Body) {
			if f.Severe {
				out = append(out, sequence.Problem{Path: fmt.Sprintf("steps[%d].mail.body", i), Message: f.Detail})
			}
		}
	}
	return out
}

// Preview is a mail of a sequence as a lead would get it. It goes the way of a mail that is sent, and is not stored.
func (l *Letters) Preview(document json.RawMessage, step string, lead record.Lead, raw bool) record.MailPreview {
	p := record.MailPreview{Step: step, Headers: map[string]string{}, Findings: []record.Finding{}}
	to := "nobody@example.com"
	if lead.Email != nil {
		to = *lead.Email
	}
	d := record.Delivery{ID: uuid.Nil.String(), Kind: kindPreview, Step: step, LeadID: lead.ID, To: to, CreatedAt: time.Now(), Document: document, Lead: &lead}
	house := &Letters{House: l.House, Composer: l.Composer, Tokens: l.Tokens, DKIM: l.DKIM}
	if l.Refuses() != nil {
		house.House.Postal = "(the postal address of this house)"
		p.Findings = append(p.Findings, record.Finding{Code: "no_postal", Severe: true, Detail: mail.ErrNoPostal.Error()})
	}
	r, err := house.Compose(d)
	if err != nil {
		p.Findings = append(p.Findings, record.Finding{Code: "not_composable", Severe: true, Detail: "this lead would not get the mail: " + err.Error()})
		return p
	}
	p.Subject, p.Preheader, p.HTML, p.Text, p.Size = r.Subject, r.Preheader, r.HTML, r.Text, len(r.Raw)
	if p.Headers, err = headersOf(r.Raw); err != nil {
		p.Findings = append(p.Findings, record.Finding{Code: "not_composable", Severe: true, Detail: err.Error()})
	}
	if raw {
		p.Raw = string(r.Raw)
	}
	if m, ok := mailOf(document, step); ok {
		p.Findings = append(p.Findings, l.Composer.Lint(m.Body)...)
	}
	p.Findings = append(p.Findings, mail.Inspect(r)...)
	return p
}

func mailOf(document json.RawMessage, step string) (sequence.Mail, bool) {
	var doc sequence.Sequence
	if json.Unmarshal(document, &doc) != nil {
		return sequence.Mail{}, false
	}
	return mailStep(doc, step)
}

// headersOf are the headers of a mail as people read them.
func headersOf(raw []byte) (map[string]string, error) {
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return map[string]string{}, errors.New("the headers of the mail cannot be read")
	}
	out := make(map[string]string, len(m.Header))
	var words mime.WordDecoder
	for name, values := range m.Header {
		value := strings.Join(values, ", ")
		if plain, err := words.DecodeHeader(value); err == nil {
			value = plain
		}
		out[name] = value
	}
	return out, nil
}
