package worker

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail"
)

// Composer renders a delivery as the mail it is.
type Composer interface {
	Compose(d record.Delivery) (mail.Rendered, error)
}

// Sender is the house's way to a mail server.
type Sender interface {
	Send(ctx context.Context, from, to string, raw []byte, beforeData func(context.Context) error) mail.Outcome
}

// Mailing carries mails. The ledger is the truth: the state sending is committed before DATA, with the bytes that are sent,
// and what nobody knows is parked.
type Mailing struct {
	Deliveries Deliveries
	Bounces    Bounces
	Composer   Composer
	Sender     Sender
	GiveUp     time.Duration // how long a mail is tried that cannot be delivered for now, from its first failure on; 0 is 3 days
	Log        *slog.Logger

	homeless sync.Once
}

// stopped is why a mail must not go out after all.
type stopped string

func (s stopped) Error() string { return string(s) }

// Carry sends one mail.
func (m *Mailing) Carry(ctx context.Context, d record.Delivery) error {
	switch {
	case d.Stop != "":
		return m.stop(ctx, d, d.Stop)
	case d.Hold:
		return m.stop(ctx, d, stopPaused)
	}
	r, err := m.message(d)
	if errors.Is(err, mail.ErrNoPostal) { // the house lacks something, not the mail: it waits until that is mended
		m.homeless.Do(func() { m.Log.Error("nurture mail waits", "error", err) }) // once: there may be thousands
		return m.Deliveries.HoldDelivery(ctx, d, "no_postal", 10*time.Minute)
	}
	if err != nil {
		m.Log.Error("a mail cannot be composed", "delivery", d.ID, "lead", d.LeadID, "step", d.Step, "error", err)
		return m.Deliveries.FinishDelivery(ctx, d, "failed", "compose")
	}
	d.Message, d.MessageID = r.Raw, messageID(d)
	out := m.Sender.Send(ctx, r.EnvelopeFrom, d.To, r.Raw, func(ctx context.Context) error {
		why, err := m.Deliveries.Sending(ctx, d)
		if err == nil && why != "" {
			return stopped(why)
		}
		return err
	})
	return m.conclude(ctx, d, out)
}

// message composes the mail, or takes what was composed before: a second attempt sends identical bytes under the same
// Message-ID.
func (m *Mailing) message(d record.Delivery) (mail.Rendered, error) {
	r, err := m.Composer.Compose(d)
	if err == nil && len(d.Message) > 0 {
		r.Raw = d.Message
	}
	return r, err
}

func (m *Mailing) conclude(ctx context.Context, d record.Delivery, out mail.Outcome) error {
	var why stopped
	if errors.As(out.Err, &why) {
		return m.stop(ctx, d, string(why))
	}
	code := out.Enhanced
	if code == "" {
		code = string(out.Kind)
	}
	switch out.Kind {
	case mail.Sent:
		return m.Deliveries.FinishDelivery(ctx, d, "sent", out.Enhanced)
	case mail.Permanent:
		// First what the refusal means, which may be said twice: if we die in between, the server is asked and refuses again.
		if out.HardBounce() && d.Kind == kindNurture {
			if err := m.Bounces.HardBounce(ctx, d.ID); err != nil {
				return err
			}
		}
		return m.Deliveries.FinishDelivery(ctx, d, "failed", code)
	case mail.Unknown:
		if !d.MayRepeat { // at most once: whoever runs the house decides
			return m.Deliveries.FinishDelivery(ctx, d, "unknown", "lost_at_reply")
		}
	}
	return m.again(ctx, d, code)
}

// again tries later, for days.
func (m *Mailing) again(ctx context.Context, d record.Delivery, code string) error {
	giveUp := m.GiveUp
	if giveUp == 0 {
		giveUp = 72 * time.Hour
	}
	if !d.FailingSince.IsZero() && time.Since(d.FailingSince) > giveUp {
		return m.Deliveries.FinishDelivery(ctx, d, "failed", code)
	}
	return m.Deliveries.RetryDelivery(ctx, d, code, mailBackoff(d.Attempts))
}

// mailBackoff grows from a second to half an hour.
func mailBackoff(attempts int) time.Duration {
	return min(30*time.Minute, time.Second<<min(max(0, attempts), 11))
}

// stop ends a delivery that must not go out, or puts it back when it only has to wait. One that somebody else has is
// left to them.
func (m *Mailing) stop(ctx context.Context, d record.Delivery, why string) error {
	state, code, _ := strings.Cut(why, ":")
	switch state {
	case "suppressed", "expired":
		return m.Deliveries.FinishDelivery(ctx, d, state, code)
	case stopLost:
		return nil
	}
	return m.Deliveries.HoldDelivery(ctx, d, why, time.Minute)
}

const (
	kindNurture = "nurture"
	stopPaused  = "paused"
	stopLost    = "lost"
)
