package inbound

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/mail/token"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
	"github.com/leadflow-dev/leadflow/store"
)

const domain = "back.acme.example"

// house is a store with somebody to whom a mail was sent, and the server in front of it.
type house struct {
	t        *testing.T
	store    *store.Store
	pool     *pgxpool.Pool
	tokens   *token.Signer
	at       string
	lead     string
	delivery uuid.UUID
	mu       sync.Mutex
	counted  []string
}

func newHouse(t *testing.T) *house {
	t.Helper()
	url := pgtest.New(t, pgtest.Template{Name: "inbound", Migrate: func(ctx context.Context, url string) error {
		_, err := store.Migrate(ctx, url)
		return err
	}})
	s, err := store.Open(t.Context(), url, store.Options{SuppressionKey: bytes.Repeat([]byte("k"), 32)})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	model := json.RawMessage(`{"mql": {"score": 100}, "bands": {"hot": 100, "warm": 40}, "engagement": [{"id": "bounce", "on": "email_bounce", "points": -20}]}`)
	m, err := s.CreateModel(t.Context(), record.Model{Source: "x", Document: model})
	require.NoError(t, err)
	_, err = s.PublishModel(t.Context(), m.Version)
	require.NoError(t, err)
	tokens, err := token.NewSigner(token.Key{ID: 1, Secret: bytes.Repeat([]byte("s"), 32)})
	require.NoError(t, err)
	h := &house{t: t, store: s, pool: pool, tokens: tokens}
	h.lead, h.delivery = h.mailed("ada@person.example")
	h.at = h.serve(s)
	return h
}

// mailed is somebody new and the mail they were sent.
func (h *house) mailed(email string) (string, uuid.UUID) {
	c, err := h.store.Capture(h.t.Context(), record.Capture{Email: email, Via: "api"})
	require.NoError(h.t, err)
	id := uuid.Must(uuid.NewV7())
	_, err = h.pool.Exec(h.t.Context(), `INSERT INTO deliveries (id, key, lane, channel, kind, state, lead_id, cycle) VALUES ($1, $2, 'bulk', 'mail', 'nurture', 'sent', $3, 1)`,
		id, id.String(), c.LeadID)
	require.NoError(h.t, err)
	return c.LeadID, id
}

func (h *house) serve(ledger Ledger) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(h.t, err)
	server := NewServer(&Reader{Ledger: ledger, Addresses: h.tokens, Domain: domain, Count: func(via, as string) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.counted = append(h.counted, via+" "+as)
	}}, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	h.t.Cleanup(func() {
		require.NoError(h.t, server.Shutdown(context.Background()))
		require.NoError(h.t, <-done)
	})
	return l.Addr().String()
}

func (h *house) address(p token.Purpose, delivery uuid.UUID) string {
	a, err := h.tokens.Address(p, delivery, domain)
	require.NoError(h.t, err)
	return a
}

// send says a mail at the server and answers how it ended.
func (h *house) send(from, to, raw string) error {
	c, err := smtp.Dial(h.at)
	require.NoError(h.t, err)
	defer c.Close()
	return c.SendMail(from, []string{to}, strings.NewReader(strings.ReplaceAll(raw, "\n", "\r\n")))
}

func (h *house) count(sql string, args ...any) (n int) {
	require.NoError(h.t, h.pool.QueryRow(h.t.Context(), sql, args...).Scan(&n))
	return n
}

func code(t *testing.T, err error) int {
	t.Helper()
	var said *smtp.SMTPError
	require.ErrorAs(t, err, &said)
	return said.Code
}

const dsn = `From: MAILER-DAEMON@other.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn-%s@other.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

<ada@person.example>: host mx.person.example said: %s (in reply to RCPT TO command)

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; other.example

Final-Recipient: rfc822; ada@person.example
Action: %s
Status: %s
Diagnostic-Code: smtp; %s

--b--
`

func bounced(id, action, status, said string) string {
	return fmt.Sprintf(dsn, id, said, action, status, said)
}

func TestABounceIsTakenForOurAddressesOnly(t *testing.T) {
	h := newHouse(t)
	hard := bounced("1", "failed", "5.1.1", "550 5.1.1 no such user")
	verp := h.address(token.Bounce, h.delivery)
	for _, to := range []string{"ada@person.example", "postmaster@" + domain, "bounce+aaaa@" + domain, strings.Replace(verp, "bounce+", "bounce+a", 1), strings.Replace(verp, domain, "other.example", 1)} {
		require.Equal(t, 550, code(t, h.send("", to, hard)), to)
	}
	require.Zero(t, h.count("SELECT count(*) FROM mail_returns"))
	require.NoError(t, h.send("", strings.ToUpper(verp), hard))
	require.Equal(t, 1, h.count("SELECT count(*) FROM suppressions WHERE email = 'ada@person.example' AND reason = 'hard_bounce'"))
	require.Equal(t, 1, h.count("SELECT count(*) FROM outbox WHERE lead_id = $1 AND triggers ? 'bounce'", h.lead))
	require.NoError(t, h.send("", verp, hard), "the same again is taken")
	require.Equal(t, 1, h.count("SELECT count(*) FROM events WHERE type = 'email_bounce'"))
	h.mu.Lock()
	defer h.mu.Unlock()
	require.Equal(t, []string{"smtp hard", "smtp duplicate"}, h.counted)
}

func TestWhatIsNoBounceOfOurs(t *testing.T) {
	h := newHouse(t)
	verp, reply := h.address(token.Bounce, h.delivery), h.address(token.Reply, h.delivery)
	for name, m := range map[string][3]string{
		"delayed":    {"", verp, bounced("1", "delayed", "4.4.1", "450 4.4.1 try again later")},
		"delivered":  {"", verp, bounced("2", "delivered", "2.0.0", "250 ok")},
		"vacation":   {"ada@person.example", reply, "From: ada@person.example\nSubject: Out of office\nAuto-Submitted: auto-replied\n\nI am away.\n"},
		"newsletter": {"news@other.example", reply, "From: news@other.example\nSubject: News\nList-Id: <news.other.example>\n\nBuy.\n"},
		"null":       {"", reply, "From: x@other.example\nSubject: Re: Hello\n\nDone.\n"},
		"person":     {"ada@person.example", verp, "From: ada@person.example\nSubject: Re: Hello\n\nHi.\n"},
		"receipt":    {"", reply, "From: ada@person.example\nSubject: Read: Hello\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\nContent-Type: text/plain\n\nIt was read.\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;ada@person.example\nDisposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n"},
		"in German":  {"ada@person.example", reply, "From: ada@person.example\nSubject: Automatische Antwort: Hello\n\nIch bin nicht da.\n"},
		"a loop":     {"ada@person.example", verp, "From: ada@person.example\nSubject: Re: Re: Re: Hello\nAuto-Submitted: auto-replied\nIn-Reply-To: <lf." + h.delivery.String() + "@acme.example>\n\nThank you for your mail. Ticket 1.\n"},
		"our own":    {"hello@acme.example", reply, "From: Acme <hello@acme.example>\nTo: rep@acme.example\nSubject: A lead answered a mail\nAuto-Submitted: auto-generated\n\nThey wrote:\nCall me.\n"},
		"empty":      {"x@other.example", verp, "\n"},
	} {
		require.NoError(t, h.send(m[0], m[1], m[2]), name)
	}
	require.Zero(t, h.count("SELECT count(*) FROM mail_returns"))
	require.Zero(t, h.count("SELECT count(*) FROM events"))
	require.NoError(t, h.send("", verp, bounced("3", "failed", "5.2.2", "552 5.2.2 mailbox full")))
	require.Equal(t, 1, h.count("SELECT count(*) FROM mail_returns WHERE outcome = 'soft' AND status = '5.2.2'"))
}

func TestComplaintsAndAnswers(t *testing.T) {
	h := newHouse(t)
	reply := h.address(token.Reply, h.delivery)
	require.NoError(t, h.send("ada@person.example", reply, "From: Ada <ada@person.example>\nTo: <"+reply+">\nMessage-ID: <a1@person.example>\nSubject: Re: Hello\n\nCall me on Monday.\n\nOn Thu, Nov 26, 2026 at 9:00 AM Acme <x@acme.example> wrote:\n> Hello\n"))
	var text string
	require.NoError(t, h.pool.QueryRow(t.Context(), "SELECT text FROM notes WHERE lead_id = $1", h.lead).Scan(&text))
	require.Equal(t, "Call me on Monday.", text)
	require.Equal(t, 1, h.count("SELECT count(*) FROM events WHERE type = 'email_reply'"))

	// Whoever answers may speak of failures and addresses.
	require.NoError(t, h.send("ada@person.example", reply, "From: Ada <ada@person.example>\nMessage-ID: <a2@person.example>\nSubject: Re: Why projects failed\n\nI could not find it for bob@person.example: user unknown?\n"))
	require.Equal(t, 2, h.count("SELECT count(*) FROM events WHERE type = 'email_reply'"))
	require.Zero(t, h.count("SELECT count(*) FROM suppressions"))

	require.NoError(t, h.send("", h.address(token.Bounce, h.delivery), `From: fbl@other.example
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is a complaint.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Other/1
Version: 1
--b
Content-Type: message/rfc822

Subject: Hello

Hi
--b--
`))
	require.Equal(t, 1, h.count("SELECT count(*) FROM suppressions WHERE reason = 'complaint'"))

	lead, other := h.mailed("bob@person.example")
	require.NoError(t, h.send("bob@person.example", h.address(token.Reply, other), "From: bob@person.example\nSubject: unsubscribe\n\n"))
	require.Equal(t, 1, h.count("SELECT count(*) FROM suppressions WHERE reason = 'unsubscribe' AND lead_id = $1", lead))
}

// broken is a ledger that Postgres does not answer.
type broken struct{}

func (broken) TakeReturned(context.Context, record.Returned) (string, error) {
	return "", errors.New("away")
}

func TestWhatIsNotCommittedIsNotAcknowledged(t *testing.T) {
	h := newHouse(t)
	h.at = h.serve(broken{})
	require.Equal(t, 451, code(t, h.send("", h.address(token.Bounce, h.delivery), bounced("1", "failed", "5.1.1", "550 5.1.1 no such user"))))
}

func TestALargeMailIsReadAtItsBeginning(t *testing.T) {
	h := newHouse(t)
	raw := bounced("1", "failed", "5.1.1", "550 5.1.1 no such user") + strings.Repeat(strings.Repeat("x", 76)+"\n", 3<<20/77)
	require.NoError(t, h.send("", h.address(token.Bounce, h.delivery), raw))
	require.Equal(t, 1, h.count("SELECT count(*) FROM mail_returns WHERE hard"))
}

// Some systems give back all of what they could not deliver. Nothing of it is kept but its beginning, and beyond what anybody
// sends it is refused before it is read.
func TestAHugeBounce(t *testing.T) {
	h := newHouse(t)
	line := strings.Repeat("x", 76) + "\n"
	raw := bounced("1", "failed", "5.1.1", "550 5.1.1 no such user")
	require.NoError(t, h.send("", h.address(token.Bounce, h.delivery), raw+strings.Repeat(line, 30_000_000/79)))
	require.Equal(t, 1, h.count("SELECT count(*) FROM mail_returns WHERE hard"))
	_, other := h.mailed("bob@person.example")
	require.Equal(t, 552, code(t, h.send("", h.address(token.Bounce, other), raw+strings.Repeat(line, 34_000_000/79))))
	require.Equal(t, 1, h.count("SELECT count(*) FROM mail_returns"))
}

func TestWhoTriesAddressesIsShownTheDoor(t *testing.T) {
	h := newHouse(t)
	c, err := smtp.Dial(h.at)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.Mail("", nil))
	for i := range maxRefused {
		require.Equal(t, 550, code(t, c.Rcpt(fmt.Sprintf("bounce+%d@%s", i, domain), nil)))
	}
	require.Equal(t, 421, code(t, c.Rcpt("bounce+x@"+domain, nil)))
	require.Error(t, c.Noop())
}

// A report of several recipients, read from a file: who waits or was reached is not missed.
func TestAReportOfSeveral(t *testing.T) {
	h := newHouse(t)
	for _, name := range []string{"bob", "cid", "dan"} {
		h.mailed(name + "@person.example")
	}
	group := func(name, action, status string) string {
		return "Final-Recipient: rfc822; " + name + "@person.example\nAction: " + action + "\nStatus: " + status + "\nDiagnostic-Code: smtp; 550 " + status + " said\n\n"
	}
	raw := "From: MAILER-DAEMON@other.example\nSubject: report\nMessage-ID: <s@other.example>\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; other.example\n\n" +
		group("ada", "failed", "5.1.1") + group("bob", "delayed", "4.4.1") + group("cid", "delivered", "2.0.0") + group("dan", "failed", "5.2.2") + group("eve", "failed", "5.1.1")
	r := &Reader{Ledger: h.store, Addresses: h.tokens, Domain: domain}
	as, err := r.TakeMail(t.Context(), "", []byte(raw))
	require.NoError(t, err)
	require.Equal(t, []string{record.AsHard, record.AsSoft, record.AsUnknown}, as)
	as, err = r.TakeMail(t.Context(), "", []byte(raw))
	require.NoError(t, err)
	require.Equal(t, []string{record.AsDuplicate, record.AsDuplicate, record.AsUnknown}, as)

	// Where the mail itself is known, the others are whom it was passed on to.
	as, err = r.TakeMail(t.Context(), h.address(token.Bounce, h.delivery), []byte(raw))
	require.NoError(t, err)
	require.Equal(t, []string{record.AsSoft}, as, "not all of them are gone")
}
