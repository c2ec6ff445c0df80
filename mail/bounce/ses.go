package bounce

import (
	"bytes"
	"encoding/json"
	"strings"
)

// sesNotice is what Amazon SES tells of a mail, by mail, over SNS or over an event destination.
// https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
type sesNotice struct {
	Type             string // of the envelope of SNS, which holds the notice as Message
	Message          string
	NotificationType string `json:"notificationType"`
	EventType        string `json:"eventType"`
	Bounce           struct {
		Type       string `json:"bounceType"`
		SubType    string `json:"bounceSubType"`
		Recipients []struct {
			Address    string `json:"emailAddress"`
			Action     string `json:"action"`
			Status     string `json:"status"`
			Diagnostic string `json:"diagnosticCode"`
		} `json:"bouncedRecipients"`
	} `json:"bounce"`
	Complaint struct {
		Feedback   string `json:"complaintFeedbackType"`
		Recipients []struct {
			Address string `json:"emailAddress"`
		} `json:"complainedRecipients"`
	} `json:"complaint"`
	Delivery struct {
		Recipients []string `json:"recipients"`
	} `json:"delivery"`
	Mail struct {
		ID      string `json:"messageId"`
		Source  string `json:"source"`
		Headers []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"headers"`
	} `json:"mail"`
}

// oursToSES are the passing bounces that are about the mail.
var oursToSES = map[string]bool{"ContentRejected": true, "AttachmentRejected": true, "MessageTooLarge": true}

// ReadSES reads a notice of Amazon SES: one JSON object, by itself or in the envelope of SNS. False: it is none. The return path of the mail it is about is Source.
func ReadSES(body []byte) (r Report, source string, ok bool) {
	var n sesNotice
	if json.NewDecoder(bytes.NewReader(body)).Decode(&n) != nil {
		return r, "", false
	}
	if n.Type == "Notification" && n.Message != "" {
		if body = []byte(n.Message); json.NewDecoder(bytes.NewReader(body)).Decode(&n) != nil {
			return r, "", false
		}
	}
	kind := n.NotificationType
	if kind == "" {
		kind = n.EventType
	}
	switch kind {
	case "Bounce":
		r.Kind = Failed
		for _, one := range n.Bounce.Recipients {
			a := Recipient{Address: addressIn(one.Address), Action: strings.ToLower(one.Action), Status: statusIn.FindString(one.Status), Diagnostic: withoutType(one.Diagnostic)}
			a.judge(a.Diagnostic, phaseNamed(a.Diagnostic))
			switch { // what SES itself knows: an address it gave up, one that passes
			case n.Bounce.Type == "Transient":
				a.Hard = false
			case n.Bounce.Type == "Permanent" && a.Diagnostic == "", strings.HasSuffix(n.Bounce.SubType, "uppressed"), n.Bounce.SubType == "OnAccountSuppressionList", n.Bounce.SubType == "NoEmail":
				a.Hard = true
			}
			a.Ours = !a.Hard && (a.Ours || oursToSES[n.Bounce.SubType])
			r.Recipients = append(r.Recipients, a)
		}
	case "Complaint":
		r.Kind, r.Feedback = Complaint, "abuse"
		if given := n.Complaint.Feedback; given != "" {
			known, is := feedbackTypes[given]
			if !is {
				return Report{Kind: Other, Feedback: given}, n.Mail.Source, true
			}
			r.Feedback = known
		}
		for _, one := range n.Complaint.Recipients {
			r.Recipients = append(r.Recipients, Recipient{Address: addressIn(one.Address)})
		}
	case "Delivery":
		r.Kind = Delivered
	default:
		return r, "", false
	}
	for _, h := range n.Mail.Headers {
		if strings.EqualFold(h.Name, "Message-ID") {
			r.MessageID = withoutBrackets(h.Value)
		}
	}
	return r, n.Mail.Source, true
}

// ses reads a notice that came as a mail.
func (m *mail) ses() (Report, bool) {
	for _, p := range m.texts {
		if at := bytes.TrimLeft(p.body, " \n"); bytes.HasPrefix(at, []byte("{")) {
			// Lines of a mail may have been folded where a JSON string goes on.
			if r, _, ok := ReadSES(bytes.ReplaceAll(at, []byte("\n"), nil)); ok {
				return r, true
			}
		}
	}
	return Report{}, false
}
