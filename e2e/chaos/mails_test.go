package chaos

import (
	"context"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var mails = flag.Int("mails", 500, "how many nurture mails are sent while everything is killed")

// TestMailServer is the mail server that TestMailsThroughAStorm kills.
func TestMailServer(t *testing.T) {
	what := os.Getenv(envMailServer)
	if what == "" {
		t.Skip("the process that another test kills")
	}
	require.NoError(t, serveMail(what))
}

// Workers, Postgres, Temporal and the mail server are killed with -9 while mails are sent. Afterwards every mail was
// delivered once, but for those that the ledger lists as unknown.
func TestMailsThroughAStorm(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d: again with -seed %d", *seed, *seed)
	const connections, takes = 3, 60 * time.Millisecond
	h := openHouse(t, mailServer(takes, connections))
	require.NoError(t, h.Settle(t.Context()))
	require.NoError(t, h.QueueMails(t.Context(), *mails))
	over := max(10*time.Second, time.Duration(*mails)*takes/(2*connections))
	s := &Storm{Seed: *seed, Kills: max(8, *kills, int(over/(4*time.Second))), Over: over, Talk: t.Output()}
	for _, p := range h.Parts() {
		if kind(p) != "serve" {
			s.Parts = append(s.Parts, p)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*over+*rest)
	defer cancel()
	s.Rage(ctx, h)
	t.Logf("%d mails were left after the last kill", h.MailsLeft(ctx))
	require.NoError(t, h.RestMails(ctx))
	v, err := h.JudgeMails(ctx, s, *mails, connections)
	v.Print(t.Output())
	require.NoError(t, err)
	require.Empty(t, v.Wrong, "seed %d", *seed)
}
