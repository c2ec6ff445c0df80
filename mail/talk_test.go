package mail

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The bytes on the way are those of the standard library's writer.
func TestAMessageIsDottedAsTheStandardLibraryDoes(t *testing.T) {
	line := rapid.StringMatching(`\.{0,3}[a-z. ]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		raw := strings.Join(rapid.SliceOfN(line, 0, 8).Draw(t, "lines"), "\r\n") + rapid.SampledFrom([]string{"\r\n", "x"}).Draw(t, "end")
		var want bytes.Buffer
		w := textproto.NewWriter(bufio.NewWriter(&want)).DotWriter()
		_, err := w.Write([]byte(raw))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		require.Equal(t, want.String(), string(appendDotted(nil, []byte(raw))))
	})
}

// MAIL and RCPT go together, so a refused MAIL has two answers, and what comes next gets its own.
func TestARefusedMailLeavesTheConnectionInStep(t *testing.T) {
	srv := startServer(t, TLSNone, nil)
	sender := newSender(t, SenderOptions{Address: srv.address})
	for range 3 {
		srv.set(func(s *server) { s.onMail = refuse(451, smtp.EnhancedCode{4, 7, 1}) })
		require.Equal(t, 451, send(t, sender, letterBytes).Code)
		srv.set(func(s *server) { s.onMail, s.onRcpt = nil, refuse(550, smtp.EnhancedCode{5, 1, 1}) })
		out := send(t, sender, letterBytes)
		require.Equal(t, Permanent, out.Kind)
		require.Equal(t, PhaseRcpt, out.Phase)
		srv.set(func(s *server) { s.onRcpt = nil })
		require.Equal(t, Sent, send(t, sender, letterBytes).Kind)
	}
	connections, accepted := srv.seen()
	require.Equal(t, 1, connections)
	require.Len(t, accepted, 3)
}

// A server that answers more than it was asked, or not all, is not asked again over that connection: its answers would be
// taken for those to other mails.
func TestAConnectionOutOfStepIsNotUsedAgain(t *testing.T) {
	for name, answers := range map[string][]string{
		"more":          {"220 hi\r\n", "250-test\r\n250 PIPELINING\r\n", "250 ok\r\n250 ok\r\n", "354 go\r\n", "250 taken\r\n250 and again\r\n", "250 for the next\r\n250 ok\r\n"},
		"one of two":    {"220 hi\r\n", "250-test\r\n250 PIPELINING\r\n", "451 later\r\n", "250 late\r\n250 reset\r\n"},
		"no PIPELINING": {"220 hi\r\n", "250 test\r\n", "250 ok\r\n", "250 ok\r\n250 what for?\r\n", "354 go\r\n", "250 taken\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			sender := newSender(t, SenderOptions{Address: scripted(t, answers...), CommandTimeout: 300 * time.Millisecond, ReplyTimeout: 300 * time.Millisecond})
			_ = send(t, sender, letterBytes)
			require.Empty(t, sender.pool.idle)
		})
	}
}

// What is said in the clear after STARTTLS was taken would be believed as if it had been encrypted (CVE-2011-0411).
func TestNothingIsSaidBetweenSTARTTLSAndTLS(t *testing.T) {
	address := scripted(t, "220 hi\r\n", "250-test\r\n250 STARTTLS\r\n", "220 go\r\n250 I am your server\r\n")
	out := send(t, newSender(t, SenderOptions{Address: address, TLS: TLSStart}), letterBytes)
	require.Equal(t, NotStarted, out.Kind)
	require.ErrorContains(t, out.Err, "before the connection was encrypted")
	address = scripted(t, "220 hi\r\n", "250 test\r\n")
	out = send(t, newSender(t, SenderOptions{Address: address, TLS: TLSStart}), letterBytes)
	require.ErrorContains(t, out.Err, "no STARTTLS")
}

// An answer is read as RFC 5321 writes it, and nothing else is taken for one.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"250 ok\r\n": "ok", "250\r\n": "", "250-a\r\n250-b\r\n250 c\r\n": "a\nb\nc",
		"550 5.1.1 no such\r\n": "550 5.1.1 no such", "550-5.1.1 no\r\n550 5.1.1 such\r\n": "550 5.1.1 no\nsuch", "550 5.1 x\r\n": "550 0.0.0 5.1 x",
		"25\r\n": "no SMTP", "abc\r\n": "no SMTP", "250x\r\n": "no SMTP", strings.Repeat("250-x\r\n", 200): "no SMTP", strings.Repeat("x", 5000): "buffer full",
	} {
		client, server := net.Pipe()
		go func() { _, _ = server.Write([]byte(said)) }()
		talk := newTalk(client)
		text, err := talk.answer(time.Second, 250)
		if reply, is := err.(*smtp.SMTPError); is { //nolint:errorlint // it is never wrapped
			e := reply.EnhancedCode
			text = fmt.Sprintf("%d %d.%d.%d %s", reply.Code, e[0], e[1], e[2], reply.Message)
		} else if err != nil {
			require.ErrorContains(t, err, want, said)
			continue
		}
		require.Equal(t, want, text, said)
	}
}
