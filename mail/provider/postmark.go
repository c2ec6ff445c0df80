package provider

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/leadflow-dev/leadflow/mail/bounce"
)

// postmarkEvent is what Postmark posts. https://postmarkapp.com/developer/webhooks/webhooks-overview
type postmarkEvent struct {
	RecordType        string
	ID                int64
	Type              string
	Email             string
	Recipient         string
	MessageID         string // Postmark's own
	Description       string
	Details           string
	SuppressSending   bool
	SuppressionReason string
	ChangedAt         string
}

// Kinds of bounce that are for good. https://postmarkapp.com/developer/api/bounce-api#bounce-types
var postmarkHard = map[string]bool{"HardBounce": true, "BadEmailAddress": true, "ManuallyDeactivated": true}

// Kinds of bounce that are none: answers of machines, and what subscribes.
var postmarkNone = map[string]bool{"AutoResponder": true, "Subscribe": true, "ChallengeVerification": true, "OpenRelayTest": true, "AddressChange": true, "DMARCPolicy": true, "TemplateRenderingFailed": true, "SMTPApiError": true, "InboundError": true}

// postmark takes the webhooks of Postmark, which is believed by the user and password of the address it posts to.
func (h *Hooks) postmark(_ context.Context, header http.Header, body []byte) ([]told, error) {
	given, ok := strings.CutPrefix(header.Get("Authorization"), "Basic ")
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(given))
	got, want := sha256.Sum256(raw), sha256.Sum256([]byte(h.secrets.Postmark))
	if !ok || err != nil || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return nil, ErrUnsigned
	}
	var e postmarkEvent
	if json.Unmarshal(body, &e) != nil {
		return nil, ErrBody
	}
	return []told{{Report: e.report(), id: fmt.Sprintf("%s %d %s %s", e.RecordType, e.ID, e.MessageID, e.ChangedAt)}}, nil
}

func (e postmarkEvent) report() bounce.Report {
	switch {
	case e.RecordType == "SpamComplaint", e.RecordType == "Bounce" && (e.Type == "SpamComplaint" || e.Type == "SpamNotification" && e.Details == ""):
		return abuse(e.Email)
	case e.RecordType == "Bounce" && e.Type == "Unsubscribe":
		return optOut(e.Email)
	case e.RecordType == "Bounce" && !postmarkNone[e.Type]:
		r := bounced(e.Email, "", e.Details, postmarkHard[e.Type])
		r.Recipients[0].Ours = r.Recipients[0].Ours || e.Type == "Blocked" || e.Type == "SpamNotification"
		return r
	case e.RecordType == "SubscriptionChange" && e.SuppressSending:
		switch e.SuppressionReason {
		case "HardBounce":
			return bounced(e.Recipient, "", "", true)
		case "SpamComplaint":
			return abuse(e.Recipient)
		case "ManualSuppression":
			return optOut(e.Recipient)
		}
	}
	return bounce.Report{}
}
