package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/life"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

func TestLifePage_readsLikeAStory(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	at := func(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }
	ptr := func(t time.Time) *time.Time { return &t }
	l := life.Life{LeadID: "lead", Stage: "working", Born: noon, Asked: at(100), Cycles: []life.Cycle{
		{
			N: 1, Began: noon, Ended: ptr(at(60)), Seconds: 60 * 3600, Stays: []life.Stay{
				{Stage: "nurturing", Entered: noon, Left: ptr(at(10)), Seconds: 10 * 3600, Kind: "started", Why: "captured", Lines: []life.StayLine{{At: at(2), Kind: "moved", Why: "mail:hello"}}},
				{Stage: "handoff", Entered: at(10), Left: ptr(at(12)), Seconds: 2 * 3600, Kind: "offered", Score: &life.Turn{Score: 104, Band: "hot", Complete: true, Top: []life.TurnPoint{{Rule: "webinar", Points: 40}, {Rule: "leave", Points: -5.5}}}},
				{Stage: "dormant", Entered: at(12), Left: ptr(at(60)), Seconds: 48 * 3600, Kind: "rejected", Why: "not_ready", By: lifecycle.Actor{Type: "rep", ID: "r1"}},
			}, Mails: []life.MailLine{{Sequence: "welcome", Step: "hello", State: "sent", At: ptr(at(2))}},
			Offers: []life.OfferLine{{RepID: "r1", Rep: "Ann\x1b[31m", Score: 104, State: "rejected", Reason: "not_ready", Offered: at(10), Decided: ptr(at(12))}},
		},
		{N: 2, Began: at(60), Why: "demo_request", Seconds: 40 * 3600, Stays: []life.Stay{
			{Stage: "working", Entered: at(60), Seconds: 40 * 3600, Kind: "claimed", Lines: []life.StayLine{{At: at(61), Kind: "noted", By: lifecycle.Actor{Type: "key", ID: "k1"}}}},
		}},
	}}
	var out bytes.Buffer
	(&lifePage{w: &out}).life(l)
	require.Equal(t, `Lead lead: working, in its second cycle, known for 4d

Cycle 1, 2d, until 2026-03-05 00:00
  2026-03-02 12:00  nurturing    10h     started (captured)
      2026-03-02 14:00  mail welcome/hello sent
  2026-03-02 22:00  handoff      2h      offered
      score 104, hot: +40 webinar, -5.5 leave
      2026-03-02 22:00  offered to Ann[31m at score 104: rejected (not_ready) after 2h
  2026-03-03 00:00  dormant      2d      rejected (not_ready) by Ann[31m

Cycle 2, 40h, goes on (demo_request)
  2026-03-05 00:00  working      40h     claimed
      2026-03-05 01:00  noted by key k1
`, out.String())
}
