package lifecycle

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// life draws a believable life: events of all kinds, results only for commands that were wished.
type life struct {
	p       Policy
	lead    Lead
	now     time.Time
	wished  []Command
	entries []Entry
}

func (f *life) apply(t *rapid.T, e Event) ([]Command, error) {
	e.At = f.now
	got, out, err := f.lead.Apply(e, f.p)
	if err != nil {
		require.Equal(t, f.lead, got, "a refused event leaves the lead alone")
		return nil, err
	}
	decided := f.now
	if e.Kind == Offered {
		decided = e.Offer.At // which the run may hear of late
	}
	for _, c := range got.Clocks {
		if !slices.Contains(f.lead.Clocks, c) { // what was overdue before the step is no deadline of the step
			require.False(t, !c.At.IsZero() && c.At.Before(decided), "%s: %+v is due before the step's own time", e.Kind, c)
		}
		if got.Paused && c.Kind != ClockPause {
			require.True(t, c.At.IsZero(), "%s: %+v runs although the lead is paused", e.Kind, c)
		}
		if got.Snoozed && slices.Contains(snoozable, c.Kind) {
			require.True(t, c.At.IsZero(), "%s: %+v runs although the lead is snoozed", e.Kind, c)
		}
	}
	f.lead = got
	f.wished = append(f.wished, out.Commands...)
	f.entries = append(f.entries, out.Entries...)
	return out.Commands, nil
}

// next draws what happens next: a message, a deadline, or the answer to something that was wished.
func (f *life) next(t *rapid.T) Event {
	pauses := []time.Duration{0, 0, time.Minute, time.Minute, time.Hour, 72 * time.Hour}
	f.now = f.now.Add(rapid.SampledFrom(pauses).Draw(t, "later"))
	what := rapid.IntRange(0, 9).Draw(t, "what")
	if what < 4 { // time passes: mostly to the next deadline, for that is where a life is decided
		if due := f.lead.Due(); due.After(f.now) {
			f.now = due
		}
		return f.message(t, Passed)
	}
	if what < 8 && len(f.wished) > 0 { // mostly the newest wish is answered
		newest := f.wished[max(0, len(f.wished)-3):]
		return f.answer(t, rapid.SampledFrom(newest).Draw(t, "command"))
	}
	if f.lead.Paused && rapid.Bool().Draw(t, "resumed") {
		return f.message(t, Resumed)
	}
	return f.message(t, rapid.SampledFrom(append(likely[f.lead.Stage], always...)).Draw(t, "kind"))
}

// What people and the machine mostly say to a lead in a stage; the rest is said now and then.
var (
	likely = map[Stage][]EventKind{
		StageNurturing: {Triggered, Triggered, Triggered, Triggered, Touched, Touched},
		StageQualified: {Accepted, Accepted, Accepted, Accepted, Refreshed, Revoked},
		StageHandoff:   {Accepted, Rejected, Rejected, Rejected, Paused, Paused, Paused, Revoked, Snoozed, Refreshed, RepAway},
		StageWorking:   {Qualified, Lost, Lost, Recycled, Reassigned, Reassigned, Snoozed, Snoozed, Refreshed},
		StageDormant:   {Triggered, Triggered, Recaptured, Recycled},
		StageLost:      {Recycled, Recycled, Recycled},
	}
	always = []EventKind{
		Scored, Triggered, Revoked, Touched, Recaptured, Accepted, Rejected, Qualified, Lost, Recycled, Reassigned,
		Paused, Paused, Resumed, Resumed, Resumed, Refreshed, Snoozed, Unsubscribed, Disqualified,
	}
)

func (f *life) message(t *rapid.T, k EventKind) Event {
	e := Event{Kind: k, Decision: Decision{By: f.lead.Owner}}
	switch k {
	case Triggered:
		e.Trigger = rapid.SampledFrom([]string{TriggerMQL, "demo_request"}).Draw(t, "trigger")
	case Snoozed:
		e.Until = f.now.Add(rapid.SampledFrom([]time.Duration{time.Hour, 23 * time.Hour, 48 * time.Hour}).Draw(t, "until"))
	case Refreshed:
		e.Replan = rapid.Bool().Draw(t, "terms")
	case Rejected:
		e.Decision.Reason = rapid.SampledFrom([]string{"not_ready", "no_capacity", "other"}).Draw(t, "reason")
	case RepAway:
		e.Offer.Assignment = rapid.SampledFrom([]string{f.lead.Assignment, "another"}).Draw(t, "assignment")
	case Lost:
		e.Decision.Reason = rapid.SampledFrom([]string{"price", "no_fit"}).Draw(t, "reason")
	case Accepted:
		e.Asked = f.now.Add(-time.Duration(rapid.IntRange(0, 6).Draw(t, "hours ago")) * time.Hour)
		if f.lead.Stage == StageQualified {
			e.Decision.By = rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "rep")
		}
	case Disqualified:
		e.Decision.Reason = "other"
	case Reassigned:
		e.Rep = rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "rep")
	case Passed:
		if lead, c, late, ok := f.lead.PopDue(f.now); ok {
			f.lead, e.Clock, e.Late = lead, c, late
			e.Asks = rapid.Bool().Draw(t, "asks")
		} else {
			return Event{Kind: Touched}
		}
	}
	return e
}

func (f *life) answer(t *rapid.T, c Command) Event {
	e := Event{Command: c.ID}
	switch c.Kind {
	case CommandOffer:
		// The transaction behind it is keyed by the id: asked again, it answers the same.
		e.Kind, e.Offer = Offered, offer(c.N, []string{"ann", "bob", "cyd"}[(c.N+c.Cycle)%3],
			f.now.Add(-time.Duration(rapid.IntRange(0, 6).Draw(t, "hours late"))*time.Hour))
		e.Offer.Assignment = c.ID
		if rapid.Bool().Draw(t, "nobody") {
			e.Kind = NoRepFound
		}
	case CommandClaim:
		e.Kind, e.Offer = Claimed, offer(c.N, c.Rep, f.now)
	case CommandAssign:
		e.Kind, e.Offer = Assigned, offer(c.N, c.Rep, f.now)
	case CommandBegin:
		e.Kind, e.Move.Position = CycleBegun, Position{Sequence: "welcome", Version: 1}
	case CommandMail:
		e.Kind, e.Move = Moved, Move{Position: Position{Sequence: "welcome", Version: 1, Step: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "step")}, At: f.now.Add(time.Hour)}
	case CommandCheck:
		e.Kind, e.Clock, e.Waits = Checked, c.Clock, rapid.Bool().Draw(t, "waits")
		if rapid.Bool().Draw(t, "fresh") {
			e.Engaged, e.Worked = f.now.Add(-time.Hour), f.now.Add(-time.Hour)
		}
	case CommandPlan:
		e.Kind = Planned
		e.Clocks = f.planned(c)
	default:
		e.Kind = Touched
	}
	return e
}

// planned is what Postgres makes of a plan: of what was held the same clocks, of what was wished by kind all levels.
func (f *life) planned(c Command) (out []Clock) {
	levels := map[ClockKind][]Level{
		ClockAccept: {LevelRemind, LevelDue, LevelEscalate, LevelReassign}, ClockTouch: {LevelRemind, LevelOwner, LevelEscalate, LevelReassign},
		ClockIdle: {LevelRemind, LevelOwner, LevelManager, LevelFinal},
	}
	for _, k := range c.Clocks {
		if k.Level != "" {
			out = append(out, Clock{Kind: k.Kind, Level: k.Level, N: k.N, To: k.To, At: f.now.Add(time.Hour), Since: f.now, Used: 1})
			continue
		}
		for i, level := range levels[k.Kind] {
			k := Clock{Kind: k.Kind, Level: level, At: c.Since.Add(time.Duration(i+1) * 2 * time.Hour)}
			if level == LevelFinal || level == LevelReassign && k.Kind == ClockTouch {
				k.To = []string{ThenDormant, ThenTeamQueue, ""}[c.N%3]
			}
			out = append(out, k)
		}
	}
	return out
}

func begun(t *rapid.T) *life {
	f := &life{lead: New("l"), now: noon, p: rules()}
	if rapid.Bool().Draw(t, "chased") {
		f.p = chasing()
	}
	_, err := f.apply(t, Event{Kind: Started, Move: Move{Position: Position{Sequence: "welcome", Version: 1}}})
	require.NoError(t, err)
	return f
}

// wish is what a command asks for, without when it was decided and whom advice of that moment leaves out.
func wish(c Command) Command {
	c.At, c.Exclude, c.Decision = time.Time{}, nil, ""
	c.Clock.Was = time.Time{} // what an alert says about it
	return c
}

// A local activity runs before its workflow task is recorded. When that task is lost, the lead is decided anew, perhaps
// with another message first: the same id must then mean the same wish.
func TestLead_Apply_twoWishesNeverShareAnID(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := begun(t)
		granted := map[string]Command{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if rapid.IntRange(0, 4).Draw(t, "lost") == 0 {
				// Decided, its local activities carried out, then thrown away with whatever they answered.
				lost := *f
				lost.wished = slices.Clone(f.wished)
				for range rapid.IntRange(1, 4).Draw(t, "lost steps") {
					away, _ := lost.apply(t, lost.next(t))
					remember(t, granted, away, CommandKind.AfterDecision)
				}
			}
			cmds, _ := f.apply(t, f.next(t))
			remember(t, granted, cmds, func(CommandKind) bool { return false })
		}
	})
}

func remember(t *rapid.T, granted map[string]Command, cmds []Command, skip func(CommandKind) bool) {
	for _, c := range cmds {
		if skip(c.Kind) {
			continue
		}
		if before, ok := granted[c.ID]; ok {
			require.Equal(t, wish(before), wish(c), "%s is the id of two wishes", c.ID)
		}
		granted[c.ID] = c
	}
}

func TestLead_survivesJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := begun(t)
		for range rapid.IntRange(0, 20).Draw(t, "steps") {
			_, _ = f.apply(t, f.next(t))
			raw, err := json.Marshal(f.lead)
			require.NoError(t, err)
			require.LessOrEqual(t, len(raw), 2048, "the carried state must stay small")
			var got Lead
			require.NoError(t, json.Unmarshal(raw, &got))
			again, err := json.Marshal(got)
			require.NoError(t, err)
			require.JSONEq(t, string(raw), string(again))
		}
	})
}

// What was left when a pause began is left when it ends.
func TestLead_Apply_aPauseKeepsWhatWasLeft(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := begun(t)
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			_, _ = f.apply(t, f.next(t))
		}
		if f.lead.Paused || f.lead.Stage.Terminal() {
			return
		}
		left := map[ClockKind]time.Duration{}
		for _, c := range f.lead.Clocks {
			if !c.Kind.Business() && (c.Kind != ClockIdle || !f.p.SLA.Chased()) && !c.At.IsZero() {
				left[c.Kind+ClockKind(c.Level)] = max(0, c.At.Sub(f.now))
			}
		}
		_, err := f.apply(t, Event{Kind: Paused})
		require.NoError(t, err)
		f.now = f.now.Add(time.Duration(rapid.IntRange(0, 10_000).Draw(t, "pause")) * time.Minute)
		stage := f.lead.Stage
		_, err = f.apply(t, Event{Kind: Resumed})
		require.NoError(t, err)
		if f.lead.Stage != stage {
			return // a trigger that waited was acted on
		}
		for _, c := range f.lead.Clocks {
			if want, ok := left[c.Kind+ClockKind(c.Level)]; ok && !c.Kind.Business() {
				require.Equal(t, want, c.At.Sub(f.now), "%s", c.Kind)
			}
		}
	})
}
