package worker_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
	"github.com/leadflow-dev/leadflow/worker"
)

const childDatabase, childServer, childMakes = "LEADFLOW_TEST_DATABASE", "LEADFLOW_TEST_SMTP", "LEADFLOW_TEST_MAKES"

// TestChild is the process that TestKilledInTheMiddleOfSending kills.
func TestChild(t *testing.T) {
	if os.Getenv(childDatabase) == "" {
		t.Skip("the process that another test kills")
	}
	s := openHouse(t, os.Getenv(childDatabase))
	h := host(t, s, os.Getenv(childServer))
	for _, to := range strings.Fields(os.Getenv(childMakes)) { // mails that it makes itself, and nobody need find
		h.Deliveries = unclaimed{s}
		h.Handover = once(func() { go queue(t, s, to) }, h.Handover)
	}
	_ = h.Run(t.Context())
}

// unclaimed are deliveries that nobody claims.
type unclaimed struct{ worker.Deliveries }

func (unclaimed) ClaimDeliveries(context.Context, string, int, time.Duration) ([]record.Delivery, error) {
	return nil, nil
}

// begun does something once the lane of nurture mails has somebody who takes them.
type begun struct {
	worker.Handover
	do func()
}

func once(do func(), h worker.Handover) worker.Handover { return begun{h, do} }

func (b begun) HandOver(lane string, lease time.Duration, t record.Taker) func() {
	stop := b.Handover.HandOver(lane, lease, t)
	if lane == record.LaneBulk {
		b.do()
	}
	return stop
}

// A process is killed (kill -9) at three points of the dialogue with the mail server. Before DATA the mail is sent by the
// next process, once; from DATA on nobody knows whether it left: it is parked, listed and never sent again.
func TestKilledInTheMiddleOfSending(t *testing.T) {
	for _, handed := range []bool{false, true} {
		t.Run(fmt.Sprintf("handed over: %t", handed), func(t *testing.T) { killedInTheMiddle(t, handed) })
	}
}

// killedInTheMiddle: the mails are found by the process that is killed, or made by it and handed over within it.
func killedInTheMiddle(t *testing.T, handed bool) {
	url := pgtest.New(t, seeded)
	s := openHouse(t, url)
	phases := map[string]string{"rcpt@person.example": "rcpt", "body@person.example": "body", "dot@person.example": "dot"}
	office := newPostOffice(t, func(to, phase string) bool { return phases[to] == phase })
	child := exec.Command(os.Args[0], "-test.run=^TestChild$")
	child.Env = append(os.Environ(), childDatabase+"="+url, childServer+"="+office.address)
	if handed {
		child.Env = append(child.Env, childMakes+"="+strings.Join(slices.Collect(maps.Keys(phases)), " "))
	} else {
		for to := range phases {
			queue(t, s, to)
		}
	}
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
