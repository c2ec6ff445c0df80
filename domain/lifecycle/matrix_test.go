package lifecycle

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/span"
)

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func hours(n int) span.Span { return span.Span(time.Duration(n) * time.Hour) }

// rules is a policy in which every clock runs.
func rules() Policy {
	return Policy{
		Name: "test", Calendar: "always",
		SLA: SLA{
			Accept: AcceptSLA{
				Within: hours(4), RemindAt: []float64{0.5}, EscalateAt: 1, ReassignAfter: hours(1), MaxOffers: 2,
				Then: "team_queue",
			},
			FirstTouch: TouchSLA{Within: hours(8)},
			Idle:       Idle{Working: hours(48), Opportunity: hours(96), Then: "owner", AfterManager: hours(24), Finally: StageDormant},
		},
		Stale: Stale{Nurturing: hours(240)},
		Recycle: Recycling{
			MaxCycles: 3,
			Reasons: map[string]Reason{
				"not_ready": {Path: PathRecycle, CoolDown: hours(24), Score: ScoreHalve, Sequence: "again"},
				"banned":    {Path: PathDisqualify},
				"price":     {Path: PathRecycle, CoolDown: hours(36), Score: ScoreZero},
			},
			Default: Reason{Path: PathRecycle, CoolDown: hours(48), Score: ScoreKeep},
		},
	}
}

// chasing is a policy whose clocks of work have many levels, planned all at once.
func chasing() Policy {
	p := rules()
	p.SLA.FirstTouch = TouchSLA{Within: hours(8), Then: ThenTeamQueue, Chase: Chase{RemindAt: []float64{0.5}, Escalate: []Escalation{{1.5, ToManager, "", ""}}, ReassignAfter: hours(8), MaxReassign: 1}}
	p.SLA.Idle.Business, p.SLA.Idle.RemindAt = true, []float64{0.8}
	return p
}

func offer(n int, rep string, at time.Time) Offer {
	return Offer{
		Assignment: "assignment-" + rep, Rep: rep, Team: "team", At: at, DueAt: at.Add(4 * time.Hour),
		Clocks: []Clock{
			{Kind: ClockAccept, Level: LevelRemind, At: at.Add(2 * time.Hour)},
			{Kind: ClockAccept, Level: LevelDue, At: at.Add(4 * time.Hour)},
			{Kind: ClockAccept, Level: LevelEscalate, At: at.Add(4 * time.Hour)},
			{Kind: ClockAccept, Level: LevelReassign, At: at.Add(5 * time.Hour)},
		},
	}
}

// variants are leads in a stage in all the conditions that change what an event does there.
func variants(s Stage) []Lead {
	var all []Lead
	for _, cycle := range []int{1, 3} {
		for _, paused := range []bool{false, true} {
			for _, asking := range []bool{false, true} {
				l := Lead{
					ID: "l", Stage: s, Cycle: cycle, Asked: 1, Made: 1, Asking: asking, Reason: "not_ready",
					Position: Position{Sequence: "welcome", Version: 1, Step: "a"}, SLA: SLAClock{State: SLANone},
				}
				if s == StageHandoff || s == StageWorking || s == StageOpportunity {
					l.Owner, l.Assignment = "rep", "assignment-rep"
				}
				if s == StageHandoff { // put off to hear of a decision
					l.Clocks = []Clock{{Kind: ClockAccept, Level: LevelReassign, At: noon.Add(time.Second), Was: noon.Add(-time.Hour), From: noon}}
				}
				if paused {
					l.Paused, l.PausedAt = true, noon.Add(-time.Hour)
				}
				all = append(all, l)
				l.Made, l.Pending, l.Falls = 5, "demo_request", ThenTeamQueue
				all = append(all, l)
				l.Beginning, l.Falls = true, ThenDormant
				all = append(all, l)
				l.Beginning, l.Left = false, "assignment-rep"
				all = append(all, l)
				l.Beginning, l.Left = true, ""
				for _, before := range []Stage{StageQualified, StageHandoff, StageWorking, StageOpportunity} {
					if slices.Contains(transitions[s][Undone], before) && !asking {
						l.Undo = &Undo{
							Kind: Accepted, By: "rep", Until: noon.Add(time.Minute), Stage: before, Owner: "rep", Paused: paused,
							Clocks: []Clock{{Kind: ClockAccept, Level: LevelRemind, At: noon.Add(-time.Second)}},
						}
						all = append(all, l)
						l.Undo = nil
					}
				}
			}
		}
	}
	return all
}

// events are all kinds of events in the forms that lead to different stages.
func events(l Lead) []Event {
	var all []Event
	for _, k := range EventKinds {
		base := Event{Kind: k, At: noon, Trigger: TriggerMQL, Decision: Decision{By: "rep", Reason: "other"}, Rep: "other"}
		switch k {
		case Triggered:
			demo := base
			demo.Trigger = "demo_request"
			all = append(all, demo)
		case Snoozed:
			base.Until = noon.Add(time.Hour)
		case NotGranted:
			base.Command = l.id("assign/%d/clock", l.Asked)
		case Rejected:
			for _, reason := range []string{"not_ready", "no_capacity", "duplicate"} {
				e := base
				e.Decision.Reason = reason
				all = append(all, e)
			}
		case Lost:
			for _, reason := range []string{"price", "no_fit", "banned"} {
				e := base
				e.Decision.Reason = reason
				all = append(all, e)
			}
		case Offered:
			base.Command, base.Offer = l.id("offer/%d", l.Asked), offer(l.Asked, "rep", noon)
		case RepAway:
			base.Offer = Offer{Assignment: "assignment-rep"}
		case NoRepFound:
			base.Command = l.id("offer/%d", l.Asked)
		case Claimed:
			base.Command, base.Offer = l.id("claim/%d/rep", l.Asked), offer(l.Asked, "rep", noon)
		case GivenUp:
			for _, id := range []string{l.id("begin"), l.id("offer/%d", l.Asked), l.moveID(), l.id("assign/%d/clock", l.Asked)} {
				e := base
				e.Command = id
				all = append(all, e)
			}
		case Moved:
			base.Command, base.Move = l.moveID(), Move{Position: Position{Sequence: "welcome", Version: 1, Step: "b"}, At: noon.Add(time.Hour)}
		case CycleBegun:
			base.Command = l.id("begin")
		case Checked:
			for _, c := range []Clock{
				{Kind: ClockStale},
				{Kind: ClockIdle, Level: LevelOwner},
				{Kind: ClockIdle, Level: LevelFinal},
				{Kind: ClockIdle, Level: LevelFinal, To: ThenTeamQueue, At: noon},
				{Kind: ClockAccept, Level: LevelReassign, From: noon},
			} {
				e := base
				if e.Clock = c; c.Kind == ClockAccept {
					e.Command = l.heldUpID()
				}
				all = append(all, e)
				if l.runOf(c.Kind) != nil {
					e.Command = (&change{Lead: l, p: chasing()}).checkOf(c)
					all = append(all, e)
				}
			}
		case Passed:
			for _, c := range []Clock{
				{Kind: ClockStep},
				{Kind: ClockStale},
				{Kind: ClockAccept, Level: LevelDue},
				{Kind: ClockAccept, Level: LevelReassign},
				{Kind: ClockRetry},
				{Kind: ClockIdle, Level: LevelOwner},
				{Kind: ClockCoolDown},
				{Kind: ClockPause},
			} {
				e := base
				e.Clock = c
				all = append(all, e)
			}
		}
		all = append(all, base)
	}
	return all
}

// TestLead_Apply_matrix walks every stage by every event: an undeclared edge panics, a refused event must leave the
// lead untouched, and each declared edge must be taken by some variant, or the table promises too much.
func TestLead_Apply_matrix(t *testing.T) {
	t.Parallel()
	type edge struct {
		from Stage
		by   EventKind
		to   Stage
	}
	taken := map[edge]bool{}
	for _, s := range Stages {
		for _, give := range variants(s) {
			all := events(give)
			for n, e := range append(all, all...) {
				p := rules()
				if n >= len(all) {
					p = chasing()
				}
				got, out, err := give.Apply(e, p)
				if err != nil {
					var no *Refusal
					require.True(t, errors.As(err, &no))
					require.Equal(t, s, no.Stage)
					require.Equal(t, give, got)
					require.Empty(t, out)
					continue
				}
				taken[edge{s, e.Kind, got.Stage}] = true
				for _, c := range got.Clocks {
					require.False(t, !c.At.IsZero() && c.At.Before(e.At), "%s by %s: %+v lies in the past", s, e.Kind, c)
				}
			}
		}
	}
	for _, s := range Stages {
		for _, k := range EventKinds {
			for _, to := range Targets(s, k) {
				require.True(t, taken[edge{s, k, to}], "%s --%s--> %s is declared and never taken", s, k, to)
			}
		}
	}
}

// What has ended refuses everything but erasure; the ways back are a new capture of what was disqualified, and its undo.
func TestLead_Apply_terminalStagesRefuseAllButErase(t *testing.T) {
	t.Parallel()
	for _, s := range Stages {
		if !s.Terminal() {
			continue
		}
		for _, give := range variants(s) {
			for _, e := range events(give) {
				_, _, err := give.Apply(e, rules())
				if e.Kind == Erased && s != StageErased || e.Kind == Recaptured && s == StageDisqualified || e.Kind == Undone && give.Undo != nil {
					require.NoError(t, err)
					continue
				}
				require.Error(t, err, "%s must refuse %s", s, e.Kind)
			}
		}
	}
}
