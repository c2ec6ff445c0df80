package provider

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/leadflow-dev/leadflow/mail/bounce"
)

// sendGridWindow is how old a post of SendGrid may be: it tries for a day.
const sendGridWindow = 26 * time.Hour

// sendGridKey reads the verification key; nil: none is configured.
func sendGridKey(text string) (*ecdsa.PublicKey, error) {
	if text == "" {
		return nil, nil
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err == nil {
		if key, err := x509.ParsePKIXPublicKey(der); err == nil {
			if key, ok := key.(*ecdsa.PublicKey); ok {
				return key, nil
			}
		}
	}
	return nil, errors.New("the verification key of SendGrid is no ECDSA key: copy it from Mail Settings, Event Webhook, Signature Verification")
}

// sendGrid takes the event webhook of SendGrid. https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
type sendGrid struct {
	*Hooks
	key *ecdsa.PublicKey
}

type sendGridEvent struct {
	Event   string `json:"event"`
	Email   string `json:"email"`
	ID      string `json:"sg_event_id"`
	SMTPID  string `json:"smtp-id"`
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Classed string `json:"bounce_classification"`
}

func (s sendGrid) take(_ context.Context, h http.Header, body []byte) ([]told, error) {
	stamp := h.Get("X-Twilio-Email-Event-Webhook-Timestamp")
	signature, err := base64.StdEncoding.DecodeString(h.Get("X-Twilio-Email-Event-Webhook-Signature"))
	if err != nil || len(signature) == 0 || !within(stamp, s.now(), sendGridWindow) {
		return nil, ErrUnsigned
	}
	digest := sha256.New()
	digest.Write([]byte(stamp))
	digest.Write(body)
	if !ecdsa.VerifyASN1(s.key, digest.Sum(nil), signature) {
		return nil, ErrUnsigned
	}
	var events []sendGridEvent
	if json.Unmarshal(body, &events) != nil {
		return nil, ErrBody
	}
	out := make([]told, 0, len(events))
	for _, e := range events {
		out = append(out, told{Report: e.report(), id: e.ID})
	}
	return out, nil
}

func (e sendGridEvent) report() (r bounce.Report) {
	switch e.Event {
	case "bounce":
		said := bounce.Recipient{Status: e.Status, Diagnostic: e.Reason}
		said.Judge()
		hard := said.Hard || e.Reason == "" || e.Classed == "Invalid Address"
		r = bounced(e.Email, e.Status, e.Reason, hard && e.Type != "blocked")
		if e.Type == "blocked" { // it would be refused to anybody there
			r.Recipients[0].Ours = true
		}
	case "dropped":
		switch e.Reason {
		case "Bounced Address", "Invalid":
			r = bounced(e.Email, e.Status, "", true)
		case "Spam Reporting Address":
			r = abuse(e.Email)
		case "Unsubscribed Address":
			r = optOut(e.Email)
		}
	case "spamreport":
		r = abuse(e.Email)
	case "unsubscribe", "group_unsubscribe":
		r = optOut(e.Email)
	}
	r.MessageID = e.SMTPID
	return r
}

// within reports seconds since 1970 that are near enough.
func within(stamp string, now time.Time, window time.Duration) bool {
	n, err := strconv.ParseInt(stamp, 10, 64)
	return err == nil && near(time.Unix(n, 0), now, window)
}

// near reports a time that is not longer ago than a window, and hardly in the future.
func near(at, now time.Time, window time.Duration) bool {
	return now.Sub(at) < window && at.Sub(now) < 5*time.Minute
}
