package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail"
)

// ledger notes what becomes of one delivery.
type ledger struct {
	Deliveries
	stop    string
	stored  []byte
	sending int
	state   string
	code    string
	retry   time.Duration
	bounced string // hard, soft, ours; empty: nothing was told
	told    record.Returned
}

func (l *ledger) Sending(_ context.Context, d record.Delivery) (string, error) {
	l.sending++
	l.stored = d.Message
	return l.stop, nil
}

func (l *ledger) FinishDelivery(_ context.Context, _ record.Delivery, state, code string) error {
	l.state, l.code = state, code
	return nil
}

func (l *ledger) RetryDelivery(_ context.Context, _ record.Delivery, code string, after time.Duration) error {
	l.state, l.code, l.retry = "queued", code, after
	return nil
}

func (l *ledger) HoldDelivery(_ context.Context, _ record.Delivery, code string, after time.Duration) error {
	l.state, l.code, l.retry = "held", code, after
	return nil
}

func (l *ledger) EndDelivery(_ context.Context, _ record.Delivery, e record.DeliveryEnd) error {
	l.state, l.code, l.retry, l.stored = e.State, e.Code, e.After, e.Message
	return nil
}

func (l *ledger) TakeReturned(_ context.Context, r record.Returned) (string, error) {
	if l.state != "" && l.sending == 0 {
		return "", errors.New("the ledger was closed first: if we die in between, nobody is suppressed")
	}
	if l.state == "" && l.sending > 0 {
		return "", errors.New("a mail that is known to have failed would be unknown if this could not be stored")
	}
	l.bounced = "soft"
	switch {
	case r.Hard:
		l.bounced = "hard"
	case r.Ours:
		l.bounced = "ours"
	}
	l.told = r
	return "", nil
}

type fixed struct{ err error }

func (f fixed) Compose(record.Delivery) (mail.Rendered, error) {
	return mail.Rendered{EnvelopeFrom: "a@x.example", Raw: []byte("fresh")}, f.err
}

func (f fixed) ReturnPath(record.Delivery) (string, error) { return "a@x.example", nil }

// server answers each mail the same way, after asking whether it may still go out.
type server struct {
	answer mail.Outcome
	mu     sync.Mutex // of two sides, several at once
	got    []byte
}

func (s *server) Send(ctx context.Context, _, _ string, raw []byte, beforeData func(context.Context) error) mail.Outcome {
	switch s.answer.Phase {
	case mail.PhaseConnect, mail.PhaseMail, mail.PhaseRcpt:
		return s.answer
	}
	if err := beforeData(ctx); err != nil {
		return mail.Outcome{Kind: mail.NotStarted, Phase: mail.PhaseCommit, Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = raw
	return s.answer
}

func TestMailing_everyOutcomeHasItsPlaceInTheLedger(t *testing.T) {
	t.Parallel()
	young := time.Now()
	for _, tt := range []struct {
		name    string
		give    record.Delivery
		stop    string
		answer  mail.Outcome
		state   string
		code    string
		bounced string
	}{
		{name: "sent", answer: mail.Outcome{Kind: mail.Sent, Enhanced: "2.0.0"}, state: "sent", code: "2.0.0"},
		{name: "nobody knows: parked", answer: mail.Outcome{Kind: mail.Unknown, Phase: mail.PhaseReply}, state: "unknown", code: "lost_at_reply"},
		{name: "an alert nobody knows of is sent again", give: record.Delivery{Lane: record.LaneAlert, MayRepeat: true}, answer: mail.Outcome{Kind: mail.Unknown, Phase: mail.PhaseReply}, state: "queued", code: "unknown"},
		{name: "and so is a step that says so", give: record.Delivery{MayRepeat: true}, answer: mail.Outcome{Kind: mail.Unknown, Phase: mail.PhaseReply}, state: "queued", code: "unknown"},
		{name: "refused for now", answer: mail.Outcome{Kind: mail.Temporary, Enhanced: "4.2.2"}, state: "queued", code: "4.2.2"},
		{name: "the server is down: it waits", answer: mail.Outcome{Kind: mail.NotStarted, Phase: mail.PhaseConnect}, state: "queued", code: "not_started"},
		{name: "down for longer than anybody waits", give: record.Delivery{FailingSince: young.Add(-121 * time.Hour)}, answer: mail.Outcome{Kind: mail.NotStarted, Phase: mail.PhaseConnect}, state: "expired", code: "not_started"},
		{name: "refused for now for longer than that", give: record.Delivery{FailingSince: young.Add(-121 * time.Hour)}, answer: mail.Outcome{Kind: mail.Temporary, Phase: mail.PhaseRcpt, Code: 452, Enhanced: "4.2.2"}, state: "expired", code: "4.2.2", bounced: "soft"},
		{name: "greylisted for longer than that", give: record.Delivery{FailingSince: young.Add(-121 * time.Hour)}, answer: mail.Outcome{Kind: mail.Temporary, Phase: mail.PhaseRcpt, Code: 451, Enhanced: "4.7.1"}, state: "expired", code: "4.7.1", bounced: "ours"},
		{name: "a full mailbox", answer: mail.Outcome{Kind: mail.Permanent, Phase: mail.PhaseRcpt, Code: 552, Enhanced: "5.2.2"}, state: "failed", code: "5.2.2", bounced: "soft"},
		{name: "a full mailbox after the mail", answer: mail.Outcome{Kind: mail.Permanent, Phase: mail.PhaseReply, Code: 552, Reply: "mailbox full"}, state: "failed", code: "permanent", bounced: "soft"},
		{name: "our server is on a blocklist", answer: mail.Outcome{Kind: mail.Permanent, Phase: mail.PhaseRcpt, Code: 550, Reply: "blocked using zen.spamhaus.org"}, state: "failed", code: "permanent", bounced: "ours"},
		{name: "our mail server does not take our mail", answer: mail.Outcome{Kind: mail.Permanent, Phase: mail.PhaseMail, Code: 550, Reply: "no such user"}, state: "failed", code: "permanent"},
		{name: "nobody confirms there", give: record.Delivery{Kind: kindConfirmation}, answer: mail.Outcome{Kind: mail.Permanent, Phase: mail.PhaseRcpt, Code: 550, Enhanced: "5.1.1"}, state: "failed", code: "5.1.1", bounced: "hard"},
		{name: "a rep who is not there is no lead", give: record.Delivery{Kind: "offer"}, answer: mail.Outcome{Kind: mail.Permanent, Phase: mail.PhaseRcpt, Code: 550, Enhanced: "5.1.1"}, state: "failed", code: "5.1.1"},
		{name: "refused for now for four days", give: record.Delivery{FailingSince: young.Add(-96 * time.Hour)}, answer: mail.Outcome{Kind: mail.Temporary, Enhanced: "4.2.2"}, state: "queued", code: "4.2.2"},
		{name: "the house has sent what it may today", stop: "warmup", answer: mail.Outcome{Kind: mail.Sent}, state: "queued", code: "warmup"},
		{name: "held up for long, then refused for now", give: record.Delivery{CreatedAt: young.Add(-800 * time.Hour)}, answer: mail.Outcome{Kind: mail.Temporary, Enhanced: "4.2.2"}, state: "queued", code: "4.2.2"},
		{name: "no such person", answer: mail.Outcome{Kind: mail.Permanent, Phase: mail.PhaseRcpt, Code: 550, Enhanced: "5.1.1"}, state: "failed", code: "5.1.1", bounced: "hard"},
		{name: "the content is refused, not the person", answer: mail.Outcome{Kind: mail.Permanent, Phase: mail.PhaseReply, Code: 554, Enhanced: "5.7.1"}, state: "failed", code: "5.7.1", bounced: "ours"},
		{name: "no such person is asked for a consent", give: record.Delivery{Kind: kindConfirmation}, answer: mail.Outcome{Kind: mail.Permanent, Phase: mail.PhaseRcpt, Code: 550, Enhanced: "5.1.1"}, state: "failed", code: "5.1.1", bounced: "hard"},
		{name: "no such colleague", give: record.Delivery{Kind: kindTest}, answer: mail.Outcome{Kind: mail.Permanent, Phase: mail.PhaseRcpt, Code: 550, Enhanced: "5.1.1"}, state: "failed", code: "5.1.1"},
		{name: "suppressed at the last moment", stop: "suppressed:unsubscribe", answer: mail.Outcome{Kind: mail.Sent}, state: "suppressed", code: "unsubscribe"},
		{name: "paused at the last moment", stop: "paused", answer: mail.Outcome{Kind: mail.Sent}, state: "held", code: "paused"},
		{name: "paused when it was claimed", give: record.Delivery{Hold: true}, answer: mail.Outcome{Kind: mail.Sent}, state: "held", code: "paused"},
		{name: "its lead has another address by now", stop: "moved", answer: mail.Outcome{Kind: mail.Sent}, state: "held", code: "moved"},
		{name: "somebody else has it", stop: "lost", answer: mail.Outcome{Kind: mail.Sent}},
		{name: "stopped when it was claimed", give: record.Delivery{Stop: "expired:stage"}, answer: mail.Outcome{Kind: mail.Sent}, state: "expired", code: "stage"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, s := &ledger{stop: tt.stop}, &server{answer: tt.answer}
			m := &Mailing{Deliveries: l, Bounces: l, Composer: fixed{}, Sender: s, Log: slog.New(slog.DiscardHandler)}
			d := tt.give
			d.ID, d.To = "d", "ada@person.example"
			if d.Kind == "" {
				d.Kind = kindNurture
			}
			if d.Lane == "" {
				d.Lane = record.LaneBulk
			}
			if d.CreatedAt.IsZero() {
				d.CreatedAt = young
			}
			require.NoError(t, m.Carry(t.Context(), d))
			require.Equal(t, tt.state, l.state)
			require.Equal(t, tt.code, l.code)
			require.Equal(t, tt.bounced, l.bounced)
			if tt.bounced != "" {
				require.Equal(t, []any{"d", "ada@person.example", "sending"}, []any{l.told.DeliveryID, l.told.SentTo, l.told.Via})
				require.NotEmpty(t, l.told.Status)
			}
			if tt.stop != "" {
				require.Nil(t, s.got, "nothing may leave the house")
			}
		})
	}
}

func TestMailing_sendsTheStoredBytesAgain(t *testing.T) {
	t.Parallel()
	l, s := &ledger{}, &server{answer: mail.Outcome{Kind: mail.Sent}}
	m := &Mailing{Deliveries: l, Composer: fixed{}, Sender: s}
	require.NoError(t, m.Carry(t.Context(), record.Delivery{ID: "d", Lane: record.LaneBulk, Message: []byte("first")}))
	require.Equal(t, "first", string(s.got))
	require.Equal(t, "first", string(l.stored))
	require.NoError(t, m.Carry(t.Context(), record.Delivery{ID: "d", Lane: record.LaneBulk}))
	require.Equal(t, []string{"fresh", "fresh"}, []string{string(s.got), string(l.stored)}, "what is sent is stored before")
}

// A house without a postal address sends no nurture mail, and loses none.
func TestMailing_nurtureMailWaitsForAPostalAddress(t *testing.T) {
	t.Parallel()
	l, s := &ledger{}, &server{answer: mail.Outcome{Kind: mail.Sent}}
	m := &Mailing{Deliveries: l, Composer: fixed{mail.ErrNoPostal}, Sender: s, Log: slog.New(slog.DiscardHandler)}
	require.NoError(t, m.Carry(t.Context(), record.Delivery{ID: "d", Lane: record.LaneBulk, Kind: kindNurture}))
	require.Equal(t, []string{"held", "no_postal"}, []string{l.state, l.code})
	require.Nil(t, s.got)
}

func TestMailing_aMailThatCannotBeComposedFailsAndIsNotTriedForEver(t *testing.T) {
	t.Parallel()
	l := &ledger{}
	m := &Mailing{Deliveries: l, Composer: fixed{errors.New("no such step")}, Log: slog.New(slog.DiscardHandler)}
	require.NoError(t, m.Carry(t.Context(), record.Delivery{ID: "d"}))
	require.Equal(t, "failed", l.state)
}

// In safe mode what is for others is composed and kept, and its server never hears of it.
func TestMailing_safeModeKeepsWhatIsForOthers(t *testing.T) {
	t.Parallel()
	allow, err := mail.ReadAllow("*@example.com")
	require.NoError(t, err)
	for to, state := range map[string]string{"ada@example.com": "sent", "ada@customer.example": "suppressed"} {
		for _, kind := range []string{kindNurture, "offer"} {
			l, s := &ledger{}, &server{answer: mail.Outcome{Kind: mail.Sent}}
			m := &Mailing{Deliveries: l, Composer: fixed{}, Sender: s, Allow: allow.Allows}
			require.NoError(t, m.Carry(t.Context(), record.Delivery{ID: "d", Kind: kind, To: to}))
			require.Equal(t, state, l.state, "%s to %s", kind, to)
			require.Equal(t, "fresh", string(l.stored), "it is kept as it would have gone")
			if state == "suppressed" {
				require.Equal(t, record.CodeSafeMode, l.code)
				require.Nil(t, s.got)
			}
		}
	}
}

// What fails for now is tried again at once, then ever more seldom, for five days: the schedule that is documented.
func TestMailing_theWaitsBetweenAttempts(t *testing.T) {
	t.Parallel()
	attempts := func(w waits) (at []time.Duration) {
		for failing := time.Duration(0); failing <= giveUp; failing += min(w.most, max(w.least, failing)) {
			at = append(at, failing)
		}
		return at
	}
	minutes := attempts(mailWaits)
	require.Equal(t, []time.Duration{0, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute}, minutes[:6])
	require.Len(t, minutes, 38, "in five days")
	for range 1000 {
		require.InDelta(t, time.Hour, mailWaits.after(time.Hour), float64(6*time.Minute+1))
	}
	require.LessOrEqual(t, attempts(alertWaits)[2], 10*time.Second, "sales waits for it")
	require.LessOrEqual(t, serverWaits.after(100*time.Hour), 11*time.Minute, "a server of ours that is back is found within minutes")
}
