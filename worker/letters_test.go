package worker_test

import (
	"bytes"
	"maps"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail"
	"github.com/leadflow-dev/leadflow/mail/token"
	"github.com/leadflow-dev/leadflow/worker"
)

const someLead = "0190b0a0-0000-7000-8000-00000000000a"

func letters(t testing.TB, change func(*worker.House)) *worker.Letters {
	t.Helper()
	tokens, err := token.NewSigner(token.Key{ID: 1, Secret: []byte(strings.Repeat("k", 32))})
	require.NoError(t, err)
	l := &worker.Letters{
		House:    worker.House{From: netmail.Address{Name: "Acme", Address: "hello@acme.example"}, PublicURL: "https://leads.acme.example", Postal: "1 Main Street"},
		Composer: mail.NewComposer(), Tokens: tokens,
	}
	if change != nil {
		change(&l.House)
	}
	return l
}

func TestLetters_aHouseThatCanWriteToNobodyIsToldAtOnce(t *testing.T) {
	t.Parallel()
	require.NoError(t, letters(t, nil).Check())
	require.NoError(t, letters(t, func(h *worker.House) { h.Postal = "" }).Check(), "it goes on alerting sales")
	require.Error(t, letters(t, func(h *worker.House) { h.Brand.Colour = "red" }).Check())
	require.ErrorContains(t, letters(t, func(h *worker.House) { h.PublicURL = "http://leads.acme.com" }).Check(), "must be https")
	require.Error(t, letters(t, func(h *worker.House) { h.From.Address = "hello@müller.example" }).Check(), "a message id is ASCII")
	require.Error(t, letters(t, func(h *worker.House) { h.Links = map[string]string{"product": "javascript:x"} }).Check())
}

// A profile holds what strangers typed. Nothing in it makes a header, a second recipient or a line of its own, and a lead
// without a profile gets a whole mail.
func TestLetters_ofAnyProfile(t *testing.T) {
	t.Parallel()
	document := []byte(`{"name": "s", "steps": [{"id": "a", "mail": {"subject": "Hi {{ first_name | default: \"friend\" | truncate: 100 }}",
		"body": "Hello {{ first_name | default: \"there\" }}{% if company %} of {{ company }}{% endif %}, [see]({{ links.nowhere }})."}}]}`)
	l := letters(t, nil)
	compose := func(profile map[string]any) mail.Rendered {
		to := "ada@person.example"
		d := record.Delivery{
			ID: someLead, Kind: "nurture", Sequence: "s", Step: "a", LeadID: someLead, To: to, CreatedAt: time.Unix(1_700_000_000, 0),
			Document: document, Lead: &record.Lead{ID: someLead, Email: &to, Profile: profile},
		}
		r, err := l.Compose(d)
		require.NoError(t, err)
		again, err := l.Compose(d)
		require.NoError(t, err)
		require.True(t, bytes.Equal(r.Raw, again.Raw), "date and message id are those of the ledger's row")
		return r
	}
	headers := func(r mail.Rendered) (names []string) {
		m, err := netmail.ReadMessage(bytes.NewReader(r.Raw))
		require.NoError(t, err)
		return slices.Sorted(maps.Keys(m.Header))
	}
	empty := compose(nil)
	require.Contains(t, string(empty.Raw), "Subject: Hi friend\r\n")
	require.Contains(t, string(empty.Raw), "Date: Tue, 14 Nov 2023 22:13:20")
	hostile := compose(map[string]any{
		"first_name": "Eve\r\nBcc: all@evil.example\r\n\r\n<script>alert(1)</script>", "company": strings.Repeat("ß", 900) + "\n.\nQUIT\n",
		"custom": map[string]any{"x": 1},
	})
	require.Equal(t, headers(empty), headers(hostile))
	require.NotContains(t, hostile.HTML, "<script>")
	require.Equal(t, strings.Count(empty.Text, "\n"), strings.Count(hostile.Text, "\n"))
	for line := range bytes.SplitSeq(hostile.Raw, []byte("\r\n")) {
		require.NotEqual(t, ".", string(line))
		require.LessOrEqual(t, len(line), 998)
	}
}

// What an alert says depends on what it is about.
func TestLetters_alerts(t *testing.T) {
	t.Parallel()
	lead := &record.Lead{ID: someLead, Score: 120, Band: "hot", Grade: "A", Profile: map[string]any{"first_name": "Eve\r\nX-Evil: 1", "company": "Acme"}}
	payload := []byte(`{"type": "x", "data": {"due_at": "2026-03-04T12:00:00Z"}}`)
	for kind, want := range map[string][]string{
		"offer":        {"A lead is offered to you", "Accept or reject it by Wed, 4 Mar 2026 12:00 UTC.", "leadflow lead accept"},
		"reminder":     {"Reminder: a lead waits", "Accept or reject it by", "leadflow lead accept"},
		"escalation":   {"Escalation", "It was to be accepted by"},
		"idle_manager": {"A lead of your team lies idle"},
		"meeting":      {"A meeting with a lead of yours was booked", "A meeting was booked for Thu, 5 Mar 2026 09:30 UTC. It counts as first contact.\n\nAccept or reject it by Wed, 4 Mar"},
		"new_kind":     {"About a lead: new kind"},
		"sequence":     {"came to a step", "Call them\n\nSequence tour, step tell."},
	} {
		d := record.Delivery{ID: someLead, Kind: kind, LeadID: someLead, To: "ann@sales.example", ToName: "Ann\r\nBcc: x@evil.example", Lead: lead, CreatedAt: time.Unix(1, 0)}
		if kind != "idle_manager" && kind != "new_kind" {
			d.Payload = payload
		}
		if kind == "meeting" {
			d.Payload = []byte(`{"type": "handoff.meeting_booked", "data": {"due_at": "2026-03-04T12:00:00Z", "starts_at": "2026-03-05T09:30:00Z"}}`)
		}
		if kind == "sequence" {
			d.Payload = []byte(`{"type": "sequence.notified", "data": {"sequence": "tour", "step": "tell", "message": "Call them"}}`)
		}
		r, err := letters(t, nil).Compose(d)
		require.NoError(t, err)
		all := r.Subject + "\n" + r.Text
		for _, w := range want {
			require.Contains(t, all, w, kind)
		}
		require.Equal(t, len(want) > 2, strings.Contains(all, "lead accept"), kind)
		require.NotContains(t, string(r.Raw), "\nX-Evil")
		require.NotContains(t, string(r.Raw), "\nBcc")
	}
}

// What comes back of a nurture mail names its delivery; where we have no domain for it, it is as it was.
func TestLetters_whereMailComesBackTo(t *testing.T) {
	t.Parallel()
	document := []byte(`{"name": "s", "steps": [{"id": "a", "mail": {"subject": "Hi", "body": "Hello"}}]}`)
	to := "ada@person.example"
	d := record.Delivery{
		ID: someLead, Kind: "nurture", Sequence: "s", Step: "a", LeadID: someLead, To: to, CreatedAt: time.Unix(1_700_000_000, 0),
		Document: document, Lead: &record.Lead{ID: someLead, Email: &to},
	}
	r, err := letters(t, nil).Compose(d)
	require.NoError(t, err)
	require.Equal(t, "hello@acme.example", r.EnvelopeFrom)
	require.NotContains(t, string(r.Raw), "Reply-To:")

	l := letters(t, func(h *worker.House) { h.BackDomain = "back.acme.example" })
	require.NoError(t, l.Check())
	r, err = l.Compose(d)
	require.NoError(t, err)
	p, delivery, err := l.Tokens.ReadAddress(r.EnvelopeFrom, "back.acme.example")
	require.NoError(t, err)
	require.Equal(t, []any{token.Bounce, someLead}, []any{p, uuid.UUID(delivery).String()})
	m, err := netmail.ReadMessage(bytes.NewReader(r.Raw))
	require.NoError(t, err)
	reply, err := netmail.ParseAddress(m.Header.Get("Reply-To"))
	require.NoError(t, err)
	p, delivery, err = l.Tokens.ReadAddress(reply.Address, "back.acme.example")
	require.NoError(t, err)
	require.Equal(t, []any{token.Reply, someLead, "Acme"}, []any{p, uuid.UUID(delivery).String(), reply.Name})

	alert, err := l.Compose(record.Delivery{ID: someLead, Kind: "reply", LeadID: someLead, To: "rep@acme.example", CreatedAt: time.Unix(1_700_000_000, 0), Payload: []byte(`{"text": "Call me.\n\n<b>Now</b>"}`)})
	require.NoError(t, err)
	require.Equal(t, "hello@acme.example", alert.EnvelopeFrom, "an alert is not a delivery that is told of")
	require.Contains(t, alert.Text, "Call me.\n\n<b>Now</b>")
	require.Contains(t, alert.HTML, "&lt;b&gt;Now")
}
