package mail

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// listening answers each thing it is told, and tells what that was when who said it has hung up.
func listening(t *testing.T, answers ...string) (address string, said func() []string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	heard := make(chan []string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		var all []string
		buffer := make([]byte, 64<<10)
		for _, answer := range answers {
			_, _ = conn.Write([]byte(answer))
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			n, err := conn.Read(buffer)
			if err != nil {
				break
			}
			all = append(all, string(buffer[:n]))
		}
		heard <- all
	}()
	return listener.Addr().String(), func() []string { return <-heard }
}

const inARow = "250-test\r\n250-8BITMIME\r\n250-SIZE 1000\r\n250 PIPELINING\r\n"

func TestCommandsInARowAreOneTrip(t *testing.T) {
	address, said := listening(t, "220 hi\r\n", inARow, "250 ok\r\n250 ok\r\n", "354 go\r\n", "250 2.0.0 kept\r\n")
	sender := newSender(t, SenderOptions{Address: address, Hello: "house.test"})
	out := send(t, sender, letterBytes)
	require.Equal(t, Outcome{Kind: Sent, Phase: PhaseReply, Code: 250, Reply: "2.0.0 kept"}, out)
	sender.Close()
	require.Equal(t, []string{
		"EHLO house.test\r\n",
		"MAIL FROM:<bounce@house.test> BODY=8BITMIME SIZE=77\r\nRCPT TO:<secret@example.com>\r\n",
		"DATA\r\n",
		strings.Replace(string(letterBytes), "\r\n.a", "\r\n..a", 1) + ".\r\n",
		"QUIT\r\n",
	}, said())
}

// All that was answered is read, so that the next message meets none of it.
func TestARefusalInARowLeavesNothingBehind(t *testing.T) {
	address, said := listening(t, "220 hi\r\n", inARow, "451 4.7.1 later\r\n503 no\r\n", "250 reset\r\n", "250 ok\r\n250 ok\r\n", "354 go\r\n", "250 kept\r\n")
	sender := newSender(t, SenderOptions{Address: address})
	require.Equal(t, 451, send(t, sender, letterBytes).Code)
	require.Equal(t, "kept", send(t, sender, letterBytes).Reply)
	sender.Close()
	require.Equal(t, "RSET\r\n", said()[2])
}

func TestDots(t *testing.T) {
	for raw, want := range map[string]string{
		"":                        "\r\n.\r\n",
		".":                       "..\r\n.\r\n",
		"a\r\n":                   "a\r\n.\r\n",
		".\r\n..\r\na.\r\n":       "..\r\n...\r\na.\r\n.\r\n",
		"a\r\n.\r\nQUIT\r\n":      "a\r\n..\r\nQUIT\r\n.\r\n",
		"no end of the line\r\nb": "no end of the line\r\nb\r\n.\r\n",
	} {
		ours, theirs := net.Pipe()
		go func() {
			_ = (&talk{conn: ours}).message([]byte(raw))
			_ = ours.Close()
		}()
		got, err := io.ReadAll(theirs)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
}
