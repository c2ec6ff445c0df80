package worker

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail"
)

// Composer renders a delivery as the mail it is.
type Composer interface {
	Compose(d record.Delivery) (mail.Rendered, error)
	// ReturnPath is the envelope sender of a delivery, the same at each attempt.
	ReturnPath(d record.Delivery) (string, error)
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
	Allow      func(address string) bool // safe mode: whom mail may go to; what is for others is composed and kept. nil: everybody
	Throttle   *Throttle                 // of nurture mail; nil: as fast as it goes
	GiveUp     time.Duration             // how long a mail is tried that cannot be delivered for now, from its first failure on; 0 is 5 days
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
	wait, leave := m.Throttle.Enter(domainOf(d.To), d.HasTurn)
	if wait > 0 {
		return m.Deliveries.EndDelivery(ctx, d, record.DeliveryEnd{State: stateQueued, Code: "paced", After: wait, Turn: true})
	}
	defer leave()
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
	if m.Allow != nil && !m.Allow(d.To) {
		return m.Deliveries.EndDelivery(ctx, d, record.DeliveryEnd{State: "suppressed", Code: record.CodeSafeMode, Message: d.Message})
	}
	if err := m.Throttle.All(ctx); err != nil { // its time is over before it could begin, which is no failure of its own
		return m.Deliveries.EndDelivery(context.WithoutCancel(ctx), d, record.DeliveryEnd{State: stateQueued, Code: "paced", Turn: true})
	}
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
	if len(d.Message) == 0 {
		return m.Composer.Compose(d)
	}
	from, err := m.Composer.ReturnPath(d)
	return mail.Rendered{EnvelopeFrom: from, EnvelopeTo: d.To, Raw: d.Message}, err
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
		if out.HardBounce() && toItsLead(d) {
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
	if out.Kind == mail.NotStarted {
		return m.later(ctx, d, code, serverWaits)
	}
	return m.again(ctx, d, code)
}

// again tries later, for days.
func (m *Mailing) again(ctx context.Context, d record.Delivery, code string) error {
	if d.Kind != kindNurture {
		return m.later(ctx, d, code, alertWaits)
	}
	return m.later(ctx, d, code, mailWaits)
}

// waits are between attempts: as long as it has failed for, within bounds, so that each wait doubles the time. RFC 5321,
// 4.5.4.1, wants retries for four or five days, and soon ones at first: greylisting lets through who comes back after minutes.
type waits struct{ least, most time.Duration }

var (
	mailWaits   = waits{time.Minute, 4 * time.Hour}    // the recipient's server refused for now
	alertWaits  = waits{5 * time.Second, time.Hour}    // sales waits for it
	serverWaits = waits{time.Second, 10 * time.Minute} // our own server is away, which says nothing about the recipient
)

// after is how long to wait, a tenth more or less: what failed together need not come back together.
func (w waits) after(failing time.Duration) time.Duration {
	return time.Duration(float64(min(w.most, max(w.least, failing))) * (0.9 + 0.2*rand.Float64()))
}

func (m *Mailing) later(ctx context.Context, d record.Delivery, code string, w waits) error {
	var failing time.Duration
	if !d.FailingSince.IsZero() {
		failing = time.Since(d.FailingSince)
	}
	if failing > cmp.Or(m.GiveUp, giveUp) {
		return m.Deliveries.FinishDelivery(ctx, d, "expired", code)
	}
	return m.Deliveries.RetryDelivery(ctx, d, code, w.after(failing))
}

const giveUp = 5 * 24 * time.Hour

// stop ends a delivery that must not go out, or puts it back when it only has to wait. One that somebody else has is
// left to them.
func (m *Mailing) stop(ctx context.Context, d record.Delivery, why string) error {
	state, code, _ := strings.Cut(why, ":")
	switch state {
	case "suppressed", "expired":
		return m.Deliveries.FinishDelivery(ctx, d, state, code)
	case stopLost, stopGone:
		return nil
	case stopWarm: // it has begun no attempt; nothing is claimed until tomorrow
		return m.Deliveries.EndDelivery(ctx, d, record.DeliveryEnd{State: stateQueued, Code: why, After: time.Minute, Turn: true})
	}
	return m.Deliveries.HoldDelivery(ctx, d, why, time.Minute)
}

const (
	kindNurture = "nurture"
	stopPaused  = "paused"
	stopLost    = "lost"
	stopGone    = "gone"
	stopWarm    = "warmup"
	stateQueued = "queued"
)
