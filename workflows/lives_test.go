package workflows_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// A story is a life from outside. Which wishes are decided, and in which order, is written down; how often the run
// rolls over and how slow the world is must not matter.
type story struct {
	name  string
	tell  []message
	stage lifecycle.Stage
	cycle int
	done  []string
	path  []string // the stages it went through, where that says more than the last
	score int
	calm  bool          // a refusal that a hasty roll-over loses is asked for again, which shows
	young bool          // it needs what only a run of the newest edition does
	stuck time.Duration // how long every offer, claim and assignment takes
}

var mails1 = []string{"1/mail/welcome@1//0", "1/mail/welcome@1/wait1/1", "1/mail/welcome@1/wait2/2", "1/mail/welcome@1/end/3"}

func cycleOf(n int, cmds ...string) []string {
	var out []string
	for _, c := range cmds {
		out = append(out, fmt.Sprintf("%d/%s", n, c[2:]))
	}
	return out
}

func after(parts ...[]string) []string { return slices.Concat(parts...) }

func stories() []story {
	hot := tell(30, 1, "mql")
	first := mails1[:2]
	return []story{
		{
			name: "silence to the end", stage: lifecycle.StageDisqualified, cycle: 3,
			done: after(mails1, []string{"2/begin"}, cycleOf(2, mails1...), []string{"3/begin"}, cycleOf(3, mails1...)),
		},
		{
			name: "hot at once by a demo request, won", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				tell(1, 1, "demo_request"), decide(5, wire.UpdateAccept, by("ann")), decide(9, wire.UpdateQualify, by("ann")),
				decide(50, wire.UpdateWin, wire.Decision{}),
			},
			done: []string{"1/mail/welcome@1//0", "1/offer/1"},
		},
		{
			name: "accepted, lost for good, recycled by a person, won", stage: lifecycle.StageWon, cycle: 2,
			tell: []message{
				hot, decide(35, wire.UpdateAccept, by("ann")), decide(60, wire.UpdateLose, because("", "no_fit")),
				decide(600, wire.UpdateRecycle, wire.Decision{}), tell(610, 2, "mql"), decide(620, wire.UpdateAccept, by("ann")),
				decide(630, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1", "2/begin", "2/mail/welcome@1//0", "2/offer/1"}),
		},
		{
			name: "rejected as not ready: recycled with the sequence of the reason", stage: lifecycle.StageWon, cycle: 2,
			tell: []message{
				hot, decide(40, wire.UpdateReject, because("ann", "not_ready")),
				tell(300, 2, "mql"), decide(310, wire.UpdateAccept, by("ann")), decide(320, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1", "2/begin", "2/mail/again@1//0", "2/offer/1"}),
		},
		{
			name: "rejected for capacity: offered to the next rep", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				hot, decide(40, wire.UpdateReject, because("ann", "no_capacity")), decide(50, wire.UpdateAccept, by("bob")),
				decide(60, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1", "1/offer/2"}),
		},
		{
			name: "rejected as a duplicate: the end", stage: lifecycle.StageDisqualified, cycle: 1,
			tell: []message{hot, decide(40, wire.UpdateReject, because("ann", "duplicate"))},
			done: after(first, []string{"1/offer/1"}),
		},
		{
			name: "SLA missed, reminded, escalated, reassigned, missed again, taken out of the queue", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				hot, decide(200, wire.UpdateAccept, by("cyd")), decide(210, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{
				"1/offer/1", "1/sla/1/remind", "1/sla/1/escalate", "1/offer/2", "1/sla/2/remind", "1/sla/2/escalate", "1/claim/3/cyd",
			}),
		},
		{
			name: "unsubscribed in the middle: no more mail, still qualifies", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				tell(10, 1, "unsubscribe"), tell(100, 2, "mql"), decide(110, wire.UpdateAccept, by("ann")), decide(120, wire.UpdateWin, wire.Decision{}),
			},
			done: []string{"1/mail/welcome@1//0", "1/offer/1"},
		},
		{
			name: "paused over a deadline: the clock keeps what was left", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				hot, decide(45, wire.UpdatePause, wire.Decision{}), decide(145, wire.UpdateResume, wire.Decision{}),
				decide(160, wire.UpdateAccept, by("ann")), decide(170, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1", "1/sla/1/remind"}),
		},
		{
			name: "qualifies while paused: acted on at resume", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				{at: at(20), signal: wire.SignalPause, body: wire.Decision{}},
				hot,
				{at: at(60), signal: wire.SignalResume, body: wire.Decision{}},
				decide(70, wire.UpdateAccept, by("ann")), decide(80, wire.UpdateWin, wire.Decision{}),
			},
			done: []string{"1/mail/welcome@1//0", "1/offer/1"},
		},
		{
			name: "lost and recycled twice until the maximum", stage: lifecycle.StageDisqualified, cycle: 3,
			tell: []message{
				hot, decide(40, wire.UpdateAccept, by("ann")), decide(50, wire.UpdateLose, because("", "price")),
				tell(420, 2, "mql"), decide(430, wire.UpdateAccept, by("ann")), decide(440, wire.UpdateLose, because("", "price")),
				tell(810, 3, "mql"), decide(820, wire.UpdateAccept, by("ann")), decide(830, wire.UpdateLose, because("", "price")),
			},
			done: after(first, []string{
				"1/offer/1", "2/begin", "2/mail/welcome@1//0", "2/offer/1", "3/begin", "3/mail/welcome@1//0", "3/offer/1",
			}),
		},
		{
			name: "erased while an offer is open", stage: lifecycle.StageErased,
			tell: []message{hot, {at: at(40), do: func(w *world) { w.erased = true }, signal: wire.SignalEngagement, body: wire.Engagement{
				Seq: 9, Triggers: []wire.Trigger{{Kind: wire.TriggerErased, Seq: 9}},
			}}},
			done: after(first, []string{"1/offer/1"}),
		},
		{
			name: "accept and reject racing: the first stands", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				hot, decide(40, wire.UpdateAccept, by("ann")),
				{at: at(40), update: wire.UpdateReject, body: because("ann", "not_ready"), refused: lifecycle.CodeAlreadyDecided},
				decide(41, wire.UpdateAccept, by("ann")), decide(50, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1"}),
		},
		{
			name: "a decision on somebody else's offer, and on none", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				{at: at(10), update: wire.UpdateAccept, body: by("ann"), refused: lifecycle.CodeWrongStage},
				hot,
				{at: at(40), update: wire.UpdateAccept, body: by("bob"), refused: lifecycle.CodeNotYourOffer},
				{at: at(41), update: wire.UpdateReject, body: because("ann", "no_such_reason"), refused: lifecycle.CodeUnknownReason},
				{at: at(42), signal: wire.SignalAccept, body: by("cyd")},
				{at: at(43), signal: wire.SignalAccept, body: by("ann")},
				decide(50, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1"}),
		},
		{
			name: "a duplicate and an out-of-order signal", stage: lifecycle.StageWon, cycle: 1, score: 5,
			tell: []message{
				tell(30, 5, "mql"), tell(31, 5, "mql"), tell(32, 4, "mql_revoked"), decide(40, wire.UpdateAccept, by("ann")),
				tell(41, 4, "mql"), decide(50, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1"}),
		},
		{
			name: "captured again after it went stale", stage: lifecycle.StageWon, cycle: 2,
			tell: []message{
				tell(2500, 3, "capture"), tell(2600, 4, "mql"), decide(2610, wire.UpdateAccept, by("ann")), decide(2620, wire.UpdateWin, wire.Decision{}),
			},
			done: after(mails1, []string{"2/begin"}, cycleOf(2, mails1...), []string{"2/offer/1"}),
		},
		{
			name: "captured again after it was disqualified", stage: lifecycle.StageWon, cycle: 2,
			tell: []message{
				hot, decide(40, wire.UpdateAccept, by("ann")), decide(45, wire.UpdateDisqualify, because("", "other")),
				tell(500, 3, "capture"), tell(600, 4, "mql"), decide(610, wire.UpdateAccept, by("ann")), decide(620, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1", "2/begin"}, cycleOf(2, mails1...), []string{"2/offer/1"}),
		},
		{
			name: "a late event of a won lead starts nothing", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				hot, decide(40, wire.UpdateAccept, by("ann")), decide(50, wire.UpdateWin, wire.Decision{}), tell(700, 7, "demo_request"),
			},
			done: after(first, []string{"1/offer/1"}),
		},
		{
			name: "an outbox row that outlives its lead", stage: lifecycle.StageErased,
			tell: []message{{at: at(0), do: func(w *world) { w.unknown = true }}},
		},
		{
			name: "un-scored before anybody accepted: the offer is withdrawn, nurture goes on", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				hot, tell(40, 2, "mql_revoked"), tell(100, 3, "mql"), decide(110, wire.UpdateAccept, by("ann")), decide(120, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1", "1/mail/welcome@1/wait2/2", "1/mail/welcome@1/end/3", "1/offer/2"}),
		},
		{
			name: "given to another rep, then idle until it rests", stage: lifecycle.StageWon, cycle: 2,
			tell: []message{
				hot, decide(40, wire.UpdateAccept, by("ann")), decide(45, wire.UpdateReassign, by("bob")),
				tell(1600, 2, "demo_request"), decide(1610, wire.UpdateAccept, by("ann")), decide(1650, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1", "1/assign/2/bob", "1/touch/owner", "1/idle/owner", "1/idle/manager", "2/begin"},
				cycleOf(2, mails1...), []string{"2/offer/1"}),
			path: []string{"nurturing", "qualified", "handoff", "working", "dormant", "nurturing", "qualified", "handoff", "working", "won"},
		},
		{
			name: "a claim by nobody we know is refused", calm: true, stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				hot,
				{at: at(200), update: wire.UpdateAccept, body: by("eve"), refused: lifecycle.CodeUnknownRep},
				decide(205, wire.UpdateAccept, by("cyd")), decide(210, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{
				"1/offer/1", "1/sla/1/remind", "1/sla/1/escalate", "1/offer/2", "1/sla/2/remind", "1/sla/2/escalate", "1/claim/3/eve", "1/claim/4/cyd",
			}),
		},
		{
			name: "an activity stuck for days: decisions wait for it, the rest goes on", stage: lifecycle.StageWon, cycle: 1, stuck: 72 * time.Hour,
			tell: []message{
				hot, tell(50, 2, "unsubscribe"),
				{at: at(60), update: wire.UpdateAccept, body: by("cyd"), refused: lifecycle.CodeNotYourOffer}, // answered at 102
				decide(104, wire.UpdateAccept, by("ann")), decide(110, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1"}),
			path: []string{"nurturing", "qualified", "handoff", "working", "won"},
		},
		{
			name: "accepted before the run has heard that it was offered", calm: true, stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				{at: at(30), signal: wire.SignalAccept, body: by("ann"), granted: true}, hot, decide(60, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1"}),
			path: []string{"nurturing", "qualified", "handoff", "working", "won"},
		},
		{
			name: "accepted just before the deadline, the worker away until after it", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				hot, {at: at(79.9), signal: wire.SignalAccept, body: by("ann"), away: true}, decide(90, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1", "1/sla/1/remind", "1/sla/1/escalate"}),
			path: []string{"nurturing", "qualified", "handoff", "working", "won"},
		},
		{
			name: "paused just before the deadline, the worker away until after it", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				hot,
				{at: at(79.9), signal: wire.SignalPause, body: wire.Decision{}, away: true},
				decide(150, wire.UpdateAccept, by("ann")),
				decide(160, wire.UpdateResume, wire.Decision{}), decide(210, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1", "1/sla/1/remind", "1/sla/1/escalate"}),
		},
		{
			name: "a decision that depends on a signal the run has not looked at yet", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				hot,
				{at: at(40), signal: wire.SignalAccept, body: by("ann"), away: true},
				decide(40, wire.UpdateQualify, by("ann")),
				decide(50, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1"}),
			path: []string{"nurturing", "qualified", "handoff", "working", "opportunity", "won"},
		},
		{
			name: "a new capture of a lead that is won starts nothing", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				hot, decide(40, wire.UpdateAccept, by("ann")), decide(50, wire.UpdateWin, wire.Decision{}), tell(700, 7, "capture"),
			},
			done: after(first, []string{"1/offer/1"}),
			path: []string{"nurturing", "qualified", "handoff", "working", "won"},
		},
		{
			name: "a new capture of spam starts nothing", stage: lifecycle.StageDisqualified, cycle: 1,
			tell: []message{
				hot, decide(40, wire.UpdateAccept, by("ann")), decide(50, wire.UpdateDisqualify, because("", "spam")), tell(700, 7, "capture"),
			},
			done: after(first, []string{"1/offer/1"}),
		},
		{
			name: "erased by an update", stage: lifecycle.StageErased,
			tell: []message{hot, decide(40, wire.UpdateErase, wire.Decision{})},
			done: after(first, []string{"1/offer/1"}),
		},
		{
			name: "nobody touches it: another rep, then the queue", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				{do: func(w *world) { w.chased = true }},
				hot, decide(35, wire.UpdateAccept, by("ann")),
				decide(390, wire.UpdateAccept, by("ann")), decide(395, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{
				"1/offer/1", "1/touch/remind", "1/touch/owner", "1/touch/escalate", "1/assign/2/clock",
				"1/touch/remind", "1/touch/owner", "1/touch/escalate", "1/claim/3/ann",
			}),
			path: []string{"nurturing", "qualified", "handoff", "working", "qualified", "working", "won"},
		},
		{
			name: "its terms change before it is due", stage: lifecycle.StageWon, cycle: 1, young: true,
			tell: []message{
				hot,
				{at: at(60), signal: wire.SignalEngagement, body: tell(60, 2, wire.TriggerTerms).body, do: func(w *world) { w.within = 80 * time.Hour }},
				decide(100, wire.UpdateAccept, by("ann")), decide(110, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1", "1/sla/1/remind"}),
		},
		{
			name: "snoozed over the deadline, accepted before what was left is over", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				hot,
				{at: at(60), update: wire.UpdateSnooze, body: wire.Decision{RepID: "ann", Reason: "travel", Until: start.Add(at(80))}},
				decide(85, wire.UpdateAccept, by("ann")), decide(90, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{"1/offer/1", "1/sla/1/remind"}),
		},
		{
			name: "two reps take it out of the queue at once: one gets it", stage: lifecycle.StageWon, cycle: 1,
			tell: []message{
				hot, decide(200, wire.UpdateAccept, by("cyd")),
				{at: at(200), update: wire.UpdateAccept, body: by("bob"), refused: lifecycle.CodeAlreadyDecided},
				decide(210, wire.UpdateWin, wire.Decision{}),
			},
			done: after(first, []string{
				"1/offer/1", "1/sla/1/remind", "1/sla/1/escalate", "1/offer/2", "1/sla/2/remind", "1/sla/2/escalate", "1/claim/3/cyd",
			}),
		},
	}
}

func TestLead_theLifeIsTheSameHoweverOftenItRollsOver(t *testing.T) {
	t.Parallel()
	stagings := []staging{
		{},
		{slow: time.Minute},
		{roll: time.Hour},
		{roll: 5 * time.Hour, slow: time.Minute},
		{roll: 29 * time.Hour},
		{roll: 13 * time.Minute, slow: 25 * time.Minute},
		{must: 3 * time.Hour},
		{must: 7 * time.Hour, slow: time.Minute},
		{lost: 17*time.Hour + time.Minute},
		{old: true},
		{old: true, roll: 5 * time.Hour, slow: time.Minute},
	}
	for _, s := range stories() {
		for _, how := range stagings {
			if how.roll > 0 && how.roll < 2*time.Hour && longStory(s) {
				how.roll *= 40 // a chain of thousands of runs proves nothing more
			}
			if longStory(s) {
				how.must, how.lost = how.must*20, how.lost*20
			}
			if s.young && how.old {
				continue
			}
			how.slow = max(how.slow, s.stuck)
			if how.must+how.lost > 0 && (s.calm || s.stuck > 0) {
				continue // what is stuck would be started again in every run
			}
			t.Run(fmt.Sprintf("%s/%+v", s.name, how), func(t *testing.T) {
				t.Parallel()
				w := newWorld()
				w.late = s.stuck
				if len(s.tell) > 0 && s.tell[0].at == 0 {
					s.tell[0].do(w)
				}
				got := live(t, w, s.tell, how)
				require.Equal(t, s.stage, got.Stage)
				if last := len(s.tell) - 1; last > 0 && s.tell[last].update == wire.UpdateWin {
					require.Equal(t, start.Add(s.tell[last].at), w.ended, "a run is over as soon as its life is")
				}
				if s.cycle > 0 {
					require.Equal(t, s.cycle, got.Cycle)
				}
				require.Equal(t, s.done, w.decided())
				if how.must+how.lost == 0 {
					for id, n := range w.calls {
						require.Equal(t, 1, n, "%s is carried out once", id)
					}
				}
				if s.score > 0 {
					require.Equal(t, s.score, got.Score)
				}
				if s.path != nil {
					require.Equal(t, s.path, w.path())
				}
			})
		}
	}
}

func longStory(s story) bool {
	return len(s.tell) == 0 || s.tell[len(s.tell)-1].at > 400*time.Hour
}
