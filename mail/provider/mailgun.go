package provider

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/leadflow-dev/leadflow/mail/bounce"
)

// mailgunWindow is how old a post of Mailgun may be: it tries for eight hours.
const mailgunWindow = 9 * time.Hour

// mailgunPost is what Mailgun posts. https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhooks
type mailgunPost struct {
	Signature struct {
		Timestamp string `json:"timestamp"`
		Token     string `json:"token"`
		Signature string `json:"signature"`
	} `json:"signature"`
	Data struct {
		Event     string `json:"event"`
		ID        string `json:"id"`
		Severity  string `json:"severity"`
		Reason    string `json:"reason"`
		Recipient string `json:"recipient"`
		Status    struct {
			Code        int    `json:"code"`
			Message     string `json:"message"`
			Description string `json:"description"`
			Enhanced    string `json:"enhanced-code"`
		} `json:"delivery-status"`
		Message struct {
			Headers struct {
				ID string `json:"message-id"`
			} `json:"headers"`
		} `json:"message"`
	} `json:"event-data"`
}

// mailgun takes the webhooks of Mailgun. Its signature covers a time and a token, not the body: so each token is good for the
// body it came with first, and no other.
func (h *Hooks) mailgun(ctx context.Context, _ http.Header, body []byte) ([]told, error) {
	var p mailgunPost
	if json.Unmarshal(body, &p) != nil {
		return nil, ErrUnsigned
	}
	mac := hmac.New(sha256.New, []byte(h.secrets.Mailgun))
	mac.Write([]byte(p.Signature.Timestamp + p.Signature.Token))
	given, err := hex.DecodeString(p.Signature.Signature)
	if err != nil || p.Signature.Token == "" || !hmac.Equal(given, mac.Sum(nil)) || !within(p.Signature.Timestamp, h.now(), mailgunWindow) {
		return nil, ErrUnsigned
	}
	token, content := sha256.Sum256([]byte("mailgun "+p.Signature.Timestamp+" "+p.Signature.Token)), sha256.Sum256(body)
	same, err := h.tokens.UseHookToken(ctx, token[:], content[:])
	if err != nil {
		return nil, err
	}
	if !same {
		return nil, ErrUnsigned
	}
	return []told{{Report: p.report(), id: p.Data.ID}}, nil
}

func (p mailgunPost) report() (r bounce.Report) {
	d := p.Data
	switch d.Event {
	case "failed":
		if d.Severity != "permanent" { // it is tried again
			break
		}
		said := d.Status.Message
		if said == "" {
			said = d.Status.Description
		}
		if d.Status.Code > 0 {
			said = strconv.Itoa(d.Status.Code) + " " + said
		}
		one := bounce.Recipient{Status: d.Status.Enhanced, Diagnostic: said}
		one.Judge()
		hard := one.Hard || d.Reason == "suppress-bounce" || d.Reason == "bounce" && d.Status.Message == "" && d.Status.Description == ""
		switch d.Reason {
		case "suppress-complaint":
			r = abuse(d.Recipient)
		case "suppress-unsubscribe":
			r = optOut(d.Recipient)
		default:
			r = bounced(d.Recipient, d.Status.Enhanced, said, hard)
		}
	case "complained":
		r = abuse(d.Recipient)
	case "unsubscribed":
		r = optOut(d.Recipient)
	}
	r.MessageID = d.Message.Headers.ID
	return r
}
