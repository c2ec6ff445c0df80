package replay

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/e2e/stack"
	"github.com/leadflow-dev/leadflow/store"
)

// every is which cases are played: each 13th, which are 1,007, unless LEADFLOW_REPLAY_EVERY says 1 for all.
func every(t *testing.T) int {
	t.Helper()
	text := os.Getenv("LEADFLOW_REPLAY_EVERY")
	if text == "" {
		return 13
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	require.Positive(t, n)
	return n
}

// bank is a product that plays the log.
type bank struct {
	t     *testing.T
	door  stack.Door
	db    *pgx.Conn
	store *store.Store
	hand  byHand
	cases []Case
	clock Clock
}

func open(t *testing.T) *bank {
	t.Helper()
	binary := os.Getenv("LEADFLOW_STANDALONE")
	if binary == "" {
		t.Skip("LEADFLOW_STANDALONE names no binary: `make outside` runs this test")
	}
	b := &bank{t: t, hand: readByHand(t, every(t)), clock: NewClock(time.Now())}
	var err error
	b.cases, err = Read(logFile, every(t))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s, err := stack.Start(ctx, binary, "")
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Kill()) // its data goes with it
	})
	b.door = s.Door()
	b.db, err = pgx.Connect(t.Context(), s.Env["DATABASE_URL"])
	require.NoError(t, err)
	t.Cleanup(func() { _ = b.db.Close(context.WithoutCancel(t.Context())) })
	b.store, err = store.Open(t.Context(), s.Env["DATABASE_URL"], store.Options{SuppressionKey: make([]byte, 16)})
	require.NoError(t, err)
	t.Cleanup(b.store.Close)
	_, err = b.door.Reps(t.Context(), "Bank", "anna", "bert", "cees", "dirk", "els")
	require.NoError(t, err)
	return b
}

func (b *bank) player(source string) *Player {
	return &Player{Door: b.door, Clock: b.clock, Source: source, InFlight: 24, Patience: 2 * time.Minute}
}

// The log through the doors, in its order: the stages and the funnel are the bank's. Then once more for other leads, all
// events shuffled over all cases and sent twice: the same events, accumulators, scores and funnel.
func TestReplay_theLogInOrderAndShuffledAndDoubled(t *testing.T) {
	b := open(t)
	ctx := t.Context()
	began := time.Now()

	require.NoError(t, b.door.Rules(ctx, Model, Sequence, Policy("bank", stale)))
	ordered := b.player("bpic")
	require.NoError(t, ordered.Play(ctx, b.cases))
	t.Logf("%d cases in order: %+v after %.1f s", len(b.cases), ordered.Played(), time.Since(began).Seconds())
	require.Equal(t, Played{Captures: int64(len(b.cases)), Events: int64(b.hand.lines), Decisions: int64(b.decisions())}, ordered.Played())

	// Nobody ends before their events are all here. Meanwhile those go stale whom the bank never took.
	require.NoError(t, b.door.Rules(ctx, "", "", Policy("patient-bank", time.Hour)))
	shuffled := b.player("bpic-shuffled")
	require.NoError(t, shuffled.PlayShuffled(ctx, b.cases, 1))
	t.Logf("shuffled and doubled: %+v after %.1f s", shuffled.Played(), time.Since(began).Seconds())
	require.Equal(t, Played{
		Captures: 2 * int64(len(b.cases)), Events: int64(b.hand.lines), Duplicates: int64(b.hand.lines),
	}, shuffled.Played(), "each event is taken once")
	b.requireSame("bpic", "bpic-shuffled")
	b.requireFunnel("bpic-shuffled")
	b.requireFunnel("bpic")
	t.Logf("compared after %.1f s", time.Since(began).Seconds())
	b.requireStages("bpic")
	t.Logf("all at rest after %.1f s", time.Since(began).Seconds())
	b.requireReport("bank")
	b.requireTheBanksFigures()
	t.Logf("the reports asked after %.1f s", time.Since(began).Seconds())
}

// stale is when the policy ends who never qualifies. It must be longer than the product ever takes from a capture to what
// makes the lead an MQL, and shorter than the patience of this test.
const stale = time.Minute

// decisions are those that the log asks for, counted in it by hand.
func (b *bank) decisions() (n int) {
	for id, stage := range b.hand.ended {
		if _, qualified := b.hand.first["A_PREACCEPTED"][id]; !qualified {
			continue
		}
		switch stage {
		case "won", "disqualified", "lost", "dormant":
			n++
		}
	}
	return n + b.hand.count("A_ACCEPTED") + b.hand.count("O_SENT")
}
