package inbound

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail/bounce"
	"github.com/leadflow-dev/leadflow/mail/token"
)

// Ledger does what follows of something that came back, and answers what did (record.As...).
type Ledger interface {
	TakeReturned(ctx context.Context, r record.Returned) (string, error)
}

// Addresses reads the addresses that were made for deliveries; token.ErrNotOurs for any other.
type Addresses interface {
	ReadAddress(address, domain string) (token.Purpose, [16]byte, error)
}

// Reader reads what came back.
type Reader struct {
	Ledger    Ledger
	Addresses Addresses
	Domain    string               // of the addresses; empty: there are none
	Count     func(via, as string) // counts what followed; nil: nobody counts
}

// Mail is one mail that came.
type Mail struct {
	To   string // of the envelope; empty: as its header has it
	Null bool   // the envelope names no sender: nobody wrote it
	Raw  []byte
	Via  string // how it came: smtp, file
}

// Known reports an address that was made for a delivery.
func (r *Reader) Known(address string) bool {
	_, _, err := r.Addresses.ReadAddress(address, r.Domain)
	return err == nil
}

// Take reads a mail and answers what followed, for each recipient it speaks of. On an error nothing is lost by taking it
// again: what was done before is a duplicate then.
func (r *Reader) Take(ctx context.Context, m Mail) ([]string, error) {
	report := bounce.Read(m.Raw)
	to := report.Mail.To
	if m.To != "" {
		to = []string{m.To}
	}
	purpose, delivery := r.delivery(to)
	if delivery == "" {
		delivery = deliveryOf(report.MessageID)
	}
	answer := purpose == token.Reply && !m.Null
	if answer && report.InWords() { // somebody who answers may speak of what failed
		report.Kind = bounce.Other
	}
	id := report.Mail.ID
	if id == "" {
		id = string(m.Raw)
	}
	return r.TakeReport(ctx, Report{Report: report, Answer: answer, DeliveryID: delivery, ID: id, Via: m.Via})
}

// TakeMail is Take for mails out of files.
func (r *Reader) TakeMail(ctx context.Context, to string, raw []byte) ([]string, error) {
	return r.Take(ctx, Mail{To: to, Raw: raw, Via: "file"})
}

// Report is what somebody told, and of which mail.
type Report struct {
	bounce.Report
	Answer     bool   // it came to an address for answers
	DeliveryID string // empty: not told
	ID         string // any text by which the same report is known again
	Via        string
}

// TakeReport hands on what a report means.
func (r *Reader) TakeReport(ctx context.Context, report Report) ([]string, error) {
	var out []string
	for _, one := range report.returned() {
		as, err := r.Ledger.TakeReturned(ctx, one)
		if err != nil {
			return out, err
		}
		out = append(out, as)
	}
	if len(out) == 0 {
		out = []string{record.AsIgnored}
	}
	if r.Count != nil {
		for _, as := range out {
			r.Count(report.Via, as)
		}
	}
	return out, nil
}

// delivery is the first that one of the addresses was made for.
func (r *Reader) delivery(addresses []string) (token.Purpose, string) {
	for _, a := range addresses {
		if p, id, err := r.Addresses.ReadAddress(a, r.Domain); err == nil {
			return p, uuidText(id)
		}
	}
	return 0, ""
}

// DeliveryOf is the delivery of a mail with this return path or Message-ID; empty: none of ours.
func (r *Reader) DeliveryOf(returnPath, messageID string) string {
	if _, id := r.delivery([]string{returnPath}); id != "" {
		return id
	}
	return deliveryOf(messageID)
}

// returned is what a report means for each recipient. It means nothing where nobody was missed for good or for now: delays,
// receipts, machines that answer.
func (r Report) returned() []record.Returned {
	digest := sha256.Sum256([]byte(r.ID))
	base := record.Returned{DeliveryID: r.DeliveryID, Report: hex.EncodeToString(digest[:16]), Via: r.Via}
	switch r.Kind {
	case bounce.Failed:
		base.Kind = record.ReturnedBounce
		return r.bounced(base)
	case bounce.Complaint:
		base.Kind, base.Status = record.ReturnedComplaint, r.Feedback
		if r.Feedback == "opt-out" {
			base.Kind, base.Status = record.ReturnedUnsubscribe, ""
		}
		return r.each(base)
	case bounce.Other:
		if !r.Answer || r.Feedback != "" {
			return nil
		}
		base.Kind, base.Text = record.ReturnedReply, r.Mail.Text
		return []record.Returned{base}
	}
	return nil
}

// bounced are the recipients that were missed. A mail of ours has one recipient: where its delivery is known, further ones are
// those it was passed on to, and it is missed for good only if all of them are.
func (r Report) bounced(base record.Returned) (out []record.Returned) {
	for _, one := range r.Recipients {
		switch one.Action {
		case "delayed", "delivered", "relayed", "expanded":
			continue
		}
		next := base
		next.Hard, next.Ours, next.Email, next.Status = one.Hard, one.Ours, one.Address, one.Code
		if status.MatchString(one.Status) {
			next.Status = one.Status
		}
		if base.DeliveryID != "" && len(out) > 0 {
			if out[0].Hard && !next.Hard {
				out[0] = next
			}
			continue
		}
		out = append(out, next)
	}
	return out
}

func (r Report) each(base record.Returned) (out []record.Returned) {
	if base.DeliveryID != "" {
		return []record.Returned{base}
	}
	for _, one := range r.Recipients {
		if base.Email = one.Address; base.Email != "" {
			out = append(out, base)
		}
	}
	return out
}

var status = regexp.MustCompile(`^[245](?:\.\d{1,3}){2}$`)

var ourID = regexp.MustCompile(`^lf\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@`)

// deliveryOf is the delivery whose mail has this Message-ID; empty: it is none of ours.
func deliveryOf(messageID string) string {
	if found := ourID.FindStringSubmatch(strings.ToLower(strings.Trim(messageID, "<> "))); found != nil {
		return found[1]
	}
	return ""
}

func uuidText(id [16]byte) string {
	h := hex.EncodeToString(id[:])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
