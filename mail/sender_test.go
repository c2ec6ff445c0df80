package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

var letterBytes = []byte("Subject: hello\r\nMessage-ID: <1@test>\r\n\r\n.a line that begins with a dot\r\nend\r\n")

func newSender(t *testing.T, o SenderOptions) *Sender {
	t.Helper()
	s, err := NewSender(o)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func send(t *testing.T, s *Sender, raw []byte) Outcome {
	t.Helper()
	return s.Send(t.Context(), "bounce@house.test", "secret@example.com", raw, nil)
}

func TestSendHandsOverExactlyTheseBytes(t *testing.T) {
	srv := startServer(t, TLSNone, nil)
	sender := newSender(t, SenderOptions{Address: srv.address})
	out := send(t, sender, letterBytes)
	require.NoError(t, out.Err)
	require.Equal(t, Sent, out.Kind)
	require.Equal(t, 250, out.Code)
	require.NotEmpty(t, out.Reply)
	_, accepted := srv.seen()
	require.Equal(t, [][]byte{letterBytes}, accepted)
}

// The heart: at whatever phase the dialogue breaks, the outcome says what is known, and the server agrees.
func TestOutcomeAtEveryPhase(t *testing.T) {
	large := append(bytes.Clone(letterBytes), bytes.Repeat([]byte(strings.Repeat("x", 70)+"\r\n"), 400_000)...)
	cases := []struct {
		name     string
		setup    func(*server)
		raw      []byte
		kind     Kind
		phase    Phase
		code     int
		enhanced string
		started  bool // beforeData ran
		arrived  int
	}{
		{name: "sent", kind: Sent, phase: PhaseReply, code: 250, started: true, arrived: 1},
		{name: "4xx at MAIL", setup: func(s *server) { s.onMail = refuse(451, smtp.EnhancedCode{4, 7, 1}) }, kind: Temporary, phase: PhaseMail, code: 451, enhanced: "4.7.1"},
		{name: "5xx at MAIL", setup: func(s *server) { s.onMail = refuse(553, smtp.EnhancedCode{5, 1, 8}) }, kind: Permanent, phase: PhaseMail, code: 553, enhanced: "5.1.8"},
		{name: "login wanted at MAIL", setup: func(s *server) { s.onMail = refuse(530, smtp.EnhancedCode{5, 7, 0}) }, kind: NotStarted, phase: PhaseMail, code: 530, enhanced: "5.7.0"},
		{name: "421 at RCPT", setup: func(s *server) { s.onRcpt = refuse(421, smtp.EnhancedCode{4, 3, 2}) }, kind: NotStarted, phase: PhaseRcpt, code: 421, enhanced: "4.3.2"},
		{name: "lost at MAIL", setup: func(s *server) { s.onMail = hangUp }, kind: NotStarted, phase: PhaseMail},
		{name: "4xx at RCPT", setup: func(s *server) { s.onRcpt = refuse(450, smtp.EnhancedCode{4, 2, 2}) }, kind: Temporary, phase: PhaseRcpt, code: 450, enhanced: "4.2.2"},
		{name: "5xx at RCPT", setup: func(s *server) { s.onRcpt = refuse(550, smtp.EnhancedCode{5, 1, 1}) }, kind: Permanent, phase: PhaseRcpt, code: 550, enhanced: "5.1.1"},
		{name: "lost at RCPT", setup: func(s *server) { s.onRcpt = hangUp }, kind: NotStarted, phase: PhaseRcpt},
		{name: "lost at once after DATA", setup: func(s *server) { s.onData = hangUp }, raw: large, kind: Temporary, phase: PhaseBody, started: true},
		{name: "4xx after the dot", setup: func(s *server) { s.onBody = refuse(452, smtp.EnhancedCode{4, 3, 1}) }, kind: Temporary, phase: PhaseReply, code: 452, enhanced: "4.3.1", started: true},
		{name: "5xx after the dot", setup: func(s *server) { s.onBody = refuse(554, smtp.EnhancedCode{5, 6, 0}) }, kind: Permanent, phase: PhaseReply, code: 554, enhanced: "5.6.0", started: true},
		{name: "lost after the dot", setup: func(s *server) { s.onBody = hangUp }, kind: Unknown, phase: PhaseReply, started: true},
		{name: "delivered, then lost before the answer", setup: func(s *server) {
			s.onBody = func(c net.Conn) error { return c.Close() }
		}, kind: Unknown, phase: PhaseReply, started: true, arrived: 1},
		{name: "silent after the dot", setup: func(s *server) {
			s.onBody = func(c net.Conn) error { _, _ = c.Read(make([]byte, 1)); return errors.New("never answered") }
		}, kind: Unknown, phase: PhaseReply, started: true},
	}
	for i, c := range append(cases, cases...) {
		oneByOne := i >= len(cases)
		t.Run(fmt.Sprintf("%s, one by one %t", c.name, oneByOne), func(t *testing.T) {
			srv := startServer(t, TLSNone, func(s *server) {
				s.oneByOne = oneByOne
				if c.setup != nil {
					c.setup(s)
				}
			})
			sender := newSender(t, SenderOptions{Address: srv.address, ReplyTimeout: 500 * time.Millisecond, BodyTimeout: 5 * time.Second})
			if c.raw == nil {
				c.raw = letterBytes
			}
			started := false
			out := sender.Send(t.Context(), "bounce@house.test", "secret@example.com", c.raw, func(context.Context) error {
				started = true
				return nil
			})
			require.Equal(t, c.kind, out.Kind, "%v", out.Err)
			require.Equal(t, c.phase, out.Phase, "%v", out.Err)
			require.Equal(t, c.code, out.Code)
			require.Equal(t, c.enhanced, out.Enhanced)
			require.Equal(t, c.started, started, "beforeData runs after RCPT and only then")
			require.Equal(t, c.kind == Sent, out.Err == nil)
			if out.Err != nil {
				require.NotContains(t, out.Err.Error(), "secret", "no address in an error")
			}
			require.Eventually(t, func() bool { _, accepted := srv.seen(); return len(accepted) == c.arrived }, 5*time.Second, 5*time.Millisecond)
		})
	}
}

// The DATA command itself cannot be broken with a library server, so these servers are written out.
func TestOutcomeAtTheDataCommand(t *testing.T) {
	cases := []struct {
		name, answer string
		kind         Kind
		phase        Phase
		code         int
	}{
		{"4xx", "451 4.3.0 later\r\n", Temporary, PhaseData, 451},
		{"5xx", "554 5.5.0 no\r\n", Permanent, PhaseData, 554},
		{"lost", "", NotStarted, PhaseData, 0},
		{"354 then lost", "354 go\r\n", Unknown, PhaseReply, 0},
		{"nonsense for an answer", "354 go\r\nwhat?\r\n", Unknown, PhaseReply, 0},
		{"3xx for an answer", "354 go\r\n354 go on\r\n", Unknown, PhaseReply, 354},
		{"251 for an answer", "354 go\r\n251 fine\r\n", Sent, PhaseReply, 251},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			address := scripted(t, "220 hi\r\n", "250 test\r\n", "250 ok\r\n", "250 ok\r\n", c.answer)
			out := send(t, newSender(t, SenderOptions{Address: address, ReplyTimeout: 2 * time.Second}), letterBytes)
			require.Equal(t, c.kind, out.Kind, "%v", out.Err)
			require.Equal(t, c.phase, out.Phase)
			require.Equal(t, c.code, out.Code)
		})
	}
}

// scripted answers the first line with the second answer and so on, then drains what comes for a moment and hangs up.
func scripted(t *testing.T, answers ...string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			buffer := make([]byte, 64<<10)
			for i, answer := range answers {
				if i > 0 {
					_, _ = conn.Read(buffer)
				}
				_, _ = conn.Write([]byte(answer))
			}
			if answers[len(answers)-1] != "" {
				_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
				_, _ = conn.Read(buffer)
			}
			_ = conn.Close()
		}
	})
	return listener.Addr().String()
}

func TestUnreachableIsNotStarted(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	for name, address := range map[string]string{
		"refused":         closed.Addr().String(),
		"greeting of 554": scripted(t, "554 go away\r\n"),
		"greeting of 421": scripted(t, "421 busy\r\n"),
		"lost at once":    scripted(t, ""),
		"silent":          scripted(t, "", ""),
	} {
		out := send(t, newSender(t, SenderOptions{Address: address, DialTimeout: 300 * time.Millisecond}), letterBytes)
		require.Equal(t, NotStarted, out.Kind, name)
		require.Equal(t, PhaseConnect, out.Phase, name)
		require.Error(t, out.Err)
	}
}

func TestBeforeDataDecides(t *testing.T) {
	srv := startServer(t, TLSNone, nil)
	sender := newSender(t, SenderOptions{Address: srv.address})
	refusal := errors.New("suppressed meanwhile")
	out := sender.Send(t.Context(), "", "a@example.com", letterBytes, func(context.Context) error { return refusal })
	require.Equal(t, Outcome{Kind: NotStarted, Phase: PhaseCommit, Err: refusal}, out)
	require.Equal(t, Sent, send(t, sender, letterBytes).Kind)
	connections, accepted := srv.seen()
	require.Equal(t, 1, connections, "the connection is used again")
	require.Len(t, accepted, 1)
}

func TestBadAddressesNeverReachTheServer(t *testing.T) {
	sender := newSender(t, SenderOptions{Address: "127.0.0.1:1"})
	for _, to := range []string{"", "a", "a@b\r\nRCPT TO:<x@y>", "a@b> SIZE=1", "A <a@b>", "a b@c", "a@b\x00", strings.Repeat("a", 250) + "@b.cd"} {
		out := sender.Send(t.Context(), "", to, letterBytes, nil)
		require.Equal(t, Permanent, out.Kind, "%q", to)
	}
	out := sender.Send(t.Context(), "x\r\n", "a@example.com", letterBytes, nil)
	require.Equal(t, NotStarted, out.Kind)
}

func TestAddressOutsideASCIINeedsTheServer(t *testing.T) {
	sender := newSender(t, SenderOptions{Address: startServer(t, TLSNone, nil).address})
	out := sender.Send(t.Context(), "", "ünal@example.com", letterBytes, nil)
	require.Equal(t, Permanent, out.Kind)
	require.Equal(t, "5.6.7", out.Enhanced, "the ledger says why")
	require.ErrorContains(t, out.Err, "SMTPUTF8")
}

func TestConnectionsAreReusedAndBounded(t *testing.T) {
	var inside, most atomic.Int32
	srv := startServer(t, TLSNone, func(s *server) {
		s.onBody = func(net.Conn) error {
			if n := inside.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer inside.Add(-1)
			return nil
		}
	})
	sender := newSender(t, SenderOptions{Address: srv.address, MaxConnections: 3, MaxMessages: 20})
	var wg sync.WaitGroup
	var sent atomic.Int32
	for range 60 {
		wg.Go(func() {
			if sender.Send(context.Background(), "", "a@example.com", letterBytes, nil).Kind == Sent {
				sent.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 60, sent.Load())
	connections, accepted := srv.seen()
	require.Len(t, accepted, 60)
	require.LessOrEqual(t, most.Load(), int32(3))
	require.GreaterOrEqual(t, connections, 3)
	require.LessOrEqual(t, connections, 6)
}

func TestRefusalsKeepTheConnectionAndTheLogin(t *testing.T) {
	srv := startServer(t, TLSNone, func(s *server) {
		s.mechanisms = []string{"PLAIN"}
		s.onAuth = func(string, string) error { return nil }
		s.onRcpt = refuse(550, smtp.EnhancedCode{5, 1, 1})
	})
	sender := newSender(t, SenderOptions{Address: srv.address, User: "u", Password: "p"})
	for range 3 {
		require.Equal(t, PhaseRcpt, send(t, sender, letterBytes).Phase)
	}
	srv.set(func(s *server) { s.onRcpt = nil })
	require.Equal(t, Sent, send(t, sender, letterBytes).Kind)
	connections, _ := srv.seen()
	require.Equal(t, 1, connections)
}

func TestAnIdleConnectionThatDiedIsReplaced(t *testing.T) {
	srv := startServer(t, TLSNone, nil)
	sender := newSender(t, SenderOptions{Address: srv.address})
	require.Equal(t, Sent, send(t, sender, letterBytes).Kind)
	srv.hangUpAll()
	calls := 0
	out := sender.Send(t.Context(), "", "a@example.com", letterBytes, func(context.Context) error { calls++; return nil })
	require.Equal(t, Sent, out.Kind, "%v", out.Err)
	require.Equal(t, 1, calls)
	connections, _ := srv.seen()
	require.Equal(t, 2, connections)
}

func TestEndOfContext(t *testing.T) {
	reached, release := make(chan struct{}), make(chan struct{})
	srv := startServer(t, TLSNone, func(s *server) {
		s.onBody = func(net.Conn) error { close(reached); <-release; return nil }
	})
	sender := newSender(t, SenderOptions{Address: srv.address, MaxConnections: 1})

	ctx, cancel := context.WithCancel(t.Context())
	out := sender.Send(ctx, "", "a@example.com", letterBytes, func(context.Context) error { cancel(); return nil })
	require.Equal(t, NotStarted, out.Kind, "called off before DATA")
	require.ErrorIs(t, out.Err, context.Canceled)

	ctx, cancel = context.WithCancel(t.Context())
	go func() { <-reached; cancel(); close(release) }()
	out = sender.Send(ctx, "", "a@example.com", letterBytes, nil)
	require.Equal(t, Sent, out.Kind, "after DATA it is given its grace: %v", out.Err)

	out = sender.Send(ctx, "", "a@example.com", letterBytes, nil)
	require.Equal(t, NotStarted, out.Kind)
}

func TestGraceEnds(t *testing.T) {
	reached := make(chan struct{})
	srv := startServer(t, TLSNone, func(s *server) {
		s.onBody = func(c net.Conn) error { close(reached); _, _ = c.Read(make([]byte, 1)); return errors.New("gone") }
	})
	sender := newSender(t, SenderOptions{Address: srv.address, Grace: 20 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	require.Equal(t, Unknown, sender.Send(ctx, "", "a@example.com", letterBytes, nil).Kind)
}

func TestEncryptionAndLogin(t *testing.T) {
	for _, mode := range []TLSMode{TLSNone, TLSStart, TLSImplicit} {
		for _, mechanism := range []string{"PLAIN", "LOGIN"} {
			t.Run(string(mode)+" "+mechanism, func(t *testing.T) {
				srv := startServer(t, mode, func(s *server) {
					s.mechanisms = []string{mechanism}
					s.onAuth = func(user, password string) error {
						if user != "us er" || password != "pass" {
							return smtp.ErrAuthFailed
						}
						return nil
					}
				})
				o := SenderOptions{Address: srv.address, TLS: mode, User: "us er", Password: "pass", TLSConfig: &tls.Config{RootCAs: srv.roots}}
				sender := newSender(t, o)
				require.NoError(t, sender.Check(t.Context()))
				for range 2 {
					out := send(t, sender, letterBytes)
					require.Equal(t, Sent, out.Kind, "%v", out.Err)
				}
				o.Password = "wrong"
				out := send(t, newSender(t, o), letterBytes)
				require.Equal(t, NotStarted, out.Kind)
				require.Equal(t, 535, out.Code)
				require.NotContains(t, out.Err.Error(), "wrong")
				if mode != TLSNone {
					o.TLSConfig = nil
					require.Equal(t, NotStarted, send(t, newSender(t, o), letterBytes).Kind, "an unknown authority")
				}
			})
		}
	}
}

func TestStartTLSIsRequired(t *testing.T) {
	sender := newSender(t, SenderOptions{Address: startServer(t, TLSNone, nil).address, TLS: TLSStart})
	out := send(t, sender, letterBytes)
	require.Equal(t, NotStarted, out.Kind)
	require.ErrorContains(t, sender.Check(t.Context()), "STARTTLS")
}

func TestSenderOptions(t *testing.T) {
	for _, o := range []SenderOptions{
		{Address: "nohost"},
		{Address: "a:1", TLS: "maybe"},
		{Address: "mail.example.com:25", User: "u", Password: "p"},
	} {
		_, err := NewSender(o)
		require.Error(t, err)
	}
}

func TestClosedSenderSendsNothing(t *testing.T) {
	sender := newSender(t, SenderOptions{Address: startServer(t, TLSNone, nil).address})
	require.Equal(t, Sent, send(t, sender, letterBytes).Kind)
	sender.Close()
	require.Equal(t, NotStarted, send(t, sender, letterBytes).Kind)
}

func TestWhatARefusalSaysOfTheRecipient(t *testing.T) {
	for _, c := range []struct {
		out  Outcome
		want string
	}{
		{Outcome{Kind: Permanent, Phase: PhaseRcpt, Code: 550, Enhanced: "5.1.1"}, "hard"},
		{Outcome{Kind: Permanent, Phase: PhaseRcpt, Code: 550, Reply: "No such user here"}, "hard"},
		{Outcome{Kind: Permanent, Phase: PhaseRcpt, Code: 550, Enhanced: "5.7.1", Reply: "No such user!"}, "hard"},
		{Outcome{Kind: Permanent, Phase: PhaseReply, Code: 550, Enhanced: "5.1.1", Reply: "user unknown"}, "hard"},
		{Outcome{Kind: Permanent, Phase: PhaseRcpt, Code: 552, Enhanced: "5.2.2"}, "soft"},
		{Outcome{Kind: Permanent, Phase: PhaseRcpt, Code: 550, Reply: "mailbox full"}, "soft"},
		{Outcome{Kind: Permanent, Phase: PhaseRcpt, Code: 550, Enhanced: "5.2.1", Reply: "disabled"}, "soft"},
		{Outcome{Kind: Permanent, Phase: PhaseRcpt, Code: 550, Reply: "rejected"}, "soft"},
		{Outcome{Kind: Temporary, Phase: PhaseRcpt, Code: 450, Enhanced: "4.2.2"}, "soft"},
		{Outcome{Kind: Permanent, Phase: PhaseReply, Code: 550, Reply: "user unknown"}, "soft"},
		{Outcome{Kind: Permanent, Phase: PhaseRcpt, Code: 550, Reply: "blocked using zen.spamhaus.org"}, "ours"},
		{Outcome{Kind: Permanent, Phase: PhaseRcpt, Code: 550, Reply: "relay not permitted"}, "ours"},
		{Outcome{Kind: Permanent, Phase: PhaseRcpt, Code: 550, Enhanced: "5.7.1"}, "ours"},
		{Outcome{Kind: Permanent, Phase: PhaseRcpt, Code: 553, Enhanced: "5.1.8"}, "ours"},
		{Outcome{Kind: Permanent, Phase: PhaseReply, Code: 554, Enhanced: "5.7.1", Reply: "looks like spam"}, "ours"},
		{Outcome{Kind: Permanent, Phase: PhaseReply, Code: 552, Enhanced: "5.3.4", Reply: "too large"}, "ours"},
		{Outcome{Kind: Permanent, Phase: PhaseMail, Code: 550, Enhanced: "5.1.1"}, "nothing"},
		{Outcome{Kind: Temporary, Phase: PhaseBody}, "nothing"},
		{Outcome{Kind: NotStarted, Phase: PhaseRcpt, Code: 421}, "nothing"},
		{Outcome{Kind: Unknown, Phase: PhaseReply}, "nothing"},
	} {
		b, told := c.out.Bounce()
		got := "soft"
		switch {
		case !told:
			got = "nothing"
		case b.Hard:
			got = "hard"
		case b.Ours:
			got = "ours"
		}
		require.Equal(t, c.want, got, "%+v", c.out)
	}
}

// A server that offers encryption and then will not is no server to send by, and never by plain text.
func TestStartTLSThatIsRefused(t *testing.T) {
	for name, answer := range map[string]string{"454": "454 4.7.0 not now\r\n", "502": "502 5.5.1 what?\r\n", "nonsense": "220 go\r\nnot tls\r\n", "lost": ""} {
		address := scripted(t, "220 hi\r\n", "250-test\r\n250 STARTTLS\r\n", answer)
		out := send(t, newSender(t, SenderOptions{Address: address, TLS: TLSStart, DialTimeout: 2 * time.Second}), letterBytes)
		require.Equal(t, NotStarted, out.Kind, "%s: %v", name, out.Err)
		require.Equal(t, PhaseConnect, out.Phase, name)
	}
}

// A server that goes down says 421 at any command: what it says it to is known not to have been taken, and the next mail goes by a
// connection of its own.
func TestServerThatGoesDown(t *testing.T) {
	srv := startServer(t, TLSNone, nil)
	sender := newSender(t, SenderOptions{Address: srv.address})
	require.Equal(t, Sent, send(t, sender, letterBytes).Kind)
	srv.set(func(s *server) { s.onBody = refuse(421, smtp.EnhancedCode{4, 3, 2}) })
	out := send(t, sender, letterBytes)
	require.Equal(t, []any{Temporary, PhaseReply, 421}, []any{out.Kind, out.Phase, out.Code})
	srv.set(func(s *server) { s.onBody = nil })
	require.Equal(t, Sent, send(t, sender, letterBytes).Kind)
	connections, accepted := srv.seen()
	require.Equal(t, 2, connections)
	require.Len(t, accepted, 2)
	address := scripted(t, "220 hi\r\n", "250 test\r\n", "250 ok\r\n", "250 ok\r\n", "421 4.3.2 going down\r\n")
	out = send(t, newSender(t, SenderOptions{Address: address}), letterBytes)
	require.Equal(t, []any{NotStarted, PhaseData, 421}, []any{out.Kind, out.Phase, out.Code}, "at DATA nothing of it was said")
}

func TestAddressOutsideASCIIGoesWhereTheServerTakesIt(t *testing.T) {
	srv := startServer(t, TLSNone, func(s *server) { s.utf8 = true })
	sender := newSender(t, SenderOptions{Address: srv.address})
	for _, to := range []string{"ünal@example.com", "用户@例子.example", "a@bücher.example"} {
		out := sender.Send(t.Context(), "", to, letterBytes, nil)
		require.Equal(t, Sent, out.Kind, "%s: %v", to, out.Err)
	}
	require.Equal(t, Sent, send(t, sender, letterBytes).Kind, "and others as ever")
}
