package worker_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/postgres/pgtest"
)

const childDatabase, childServer = "LEADFLOW_TEST_DATABASE", "LEADFLOW_TEST_SMTP"

// TestChild is the process that TestKilledInTheMiddleOfSending kills.
func TestChild(t *testing.T) {
	if os.Getenv(childDatabase) == "" {
		t.Skip("the process that another test kills")
	}
	s := openHouse(t, os.Getenv(childDatabase))
	_ = host(t, s, os.Getenv(childServer)).Run(t.Context())
}

// A process is killed (kill -9) at three points of the dialogue with the mail server. Before DATA the mail is sent by the
// next process, once; from DATA on nobody knows whether it left: it is parked, listed and never sent again.
func TestKilledInTheMiddleOfSending(t *testing.T) {
	url := pgtest.New(t, seeded)
	s := openHouse(t, url)
	phases := map[string]string{"rcpt@person.example": "rcpt", "body@person.example": "body", "dot@person.example": "dot"}
	office := newPostOffice(t, func(to, phase string) bool { return phases[to] == phase })
	for to := range phases {
		queue(t, s, to)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestChild$")
	child.Env = append(os.Environ(), childDatabase+"="+url, childServer+"="+office.address)
	require.NoError(t, child.Start())
	t.Cleanup(func() { _ = child.Process.Kill(); _ = child.Wait() })
	await(t, 30*time.Second, "all three hang", func() bool { return office.held() == len(phases) })
	require.Equal(t, "claimed", stateOf(t, s, "rcpt@person.example"))
	require.Equal(t, "sending", stateOf(t, s, "body@person.example"), "committed before DATA")
	require.Equal(t, "sending", stateOf(t, s, "dot@person.example"))
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()
	office.open()

	_, err := s.Pool().Exec(t.Context(), "UPDATE deliveries SET claimed_until = now() - interval '1 second'") // time goes by
	require.NoError(t, err)
	queue(t, s, "after@person.example")
	run(t, host(t, s, office.address))
	await(t, 30*time.Second, "the next process goes on", func() bool {
		return stateOf(t, s, "after@person.example") == "sent" && stateOf(t, s, "rcpt@person.example") == "sent"
	})
	require.Len(t, office.got("rcpt@person.example"), 1)
	require.Equal(t, "unknown sender_lost", stateOf(t, s, "body@person.example"))
	require.Equal(t, "unknown sender_lost", stateOf(t, s, "dot@person.example"))
	require.Len(t, office.got("dot@person.example"), 1, "the server had it: a second attempt would have been a second mail")
	require.LessOrEqual(t, len(office.got("body@person.example")), 1)
	parked, err := s.Mails(t.Context(), "unknown", "", "", 10)
	require.NoError(t, err)
	require.Len(t, parked.Items, 2, "they are listed")
}
