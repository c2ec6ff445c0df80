package store

import (
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// What runs are told of beside the types of hard triggers.
const (
	triggerFirstTouch  = "first_touch"
	triggerUnsubscribe = "unsubscribe"
	triggerBounce      = "bounce"
	triggerComplaint   = "complaint"
)

// touchBand in a lead's wanted touches is followed by a band that a step waits for.
const touchBand = "band:"

// awaits reports whether a step waits for the lead to come into a band.
func (l leadRow) awaits(band string) bool { return slices.Contains(l.TouchWanted, touchBand+band) }

// mutes are the engagement types that stop mail for good: what the run is told, why the address is suppressed, and what
// the run makes of it.
var mutes = map[string]struct {
	kind, reason string
	muted        lifecycle.EventKind
}{
	"unsubscribe":  {triggerUnsubscribe, suppressedUnsubscribe, lifecycle.Unsubscribed},
	"email_bounce": {triggerBounce, suppressedBounce, lifecycle.Bounced},
	"complaint":    {triggerComplaint, suppressedComplaint, lifecycle.Complained},
}

// verdict is what new events and a new profile make of a lead.
type verdict struct {
	at                  time.Time // of after
	accumulators        scoring.Accumulators
	moves               bool // nothing but time, the profile or the model did anything: most of the row stays
	turnsAt             *time.Time
	before, after       scoring.Result
	mqlAt               *time.Time
	mqlCycle            *int
	engagedAt, workedAt *time.Time
	touched             bool
	suppress            string
	kinds               []string
	tell                bool
}

// judge decides, from locked rows and without a clock of its own, what is new about a lead and who must hear of it. A
// run hears of a band that was crossed, of the edge that makes its cycle an MQL, and of what acts at once.
func judge(w world, su *subject, st *standing) verdict {
	v := verdict{mqlAt: st.MQLAt, mqlCycle: st.MQLCycle, at: st.since(w.now)}
	fresh := make([]scoring.Event, len(su.events))
	for i, h := range su.events {
		fresh[i] = h.seen(w)
	}
	was := st.filled(w, without(st.before, fresh))
	v.accumulators = was
	if len(fresh) > 0 {
		v.accumulators = w.scorer.Fold(was, st.adjustments, fresh...)
	}
	before := st.Fit
	if !st.fitKept {
		before = w.fit(su.lead, su.lead.Profile, was)
	}
	fit := before
	switch {
	case su.learned:
		fit = w.fit(su.lead, su.profile, v.accumulators)
	case len(fresh) > 0 && w.scorer.Engaging():
		fit = w.fit(su.lead, su.lead.Profile, v.accumulators)
	}
	v.evaluate(w, st, fit, len(fresh) > 0 && !su.learned && fit == before)
	v.before = v.after
	if w.scorer.Qualified(v.after) && (len(fresh) > 0 || su.learned) { // else there is no edge to be found
		v.before = w.scorer.EvaluateFit(before, was, st.adjustments, v.at, st.Band)
	}

	engaged := v.read(w, su, fresh)
	v.edge(w, su, st, engaged)
	v.wake(w, su, fresh, engaged)
	if !v.touched && v.after.Band != st.Band && su.lead.awaits(v.after.Band) {
		v.touched = true
		v.kinds = append(v.kinds, triggerFirstTouch)
	}
	v.moves = !st.refolded && len(fresh) == 0 && v.mqlAt == st.MQLAt
	v.kinds = slices.DeleteFunc(append(slices.Clone(su.kinds), v.kinds...), func(kind string) bool {
		return !hears(su.lead.Stage, kind)
	})
	v.tell = len(v.kinds) > 0 || open(su.lead.Stage) && !su.created && v.after.Band != st.Band
	return v
}

// moved is what time, an adjustment or another model makes of a lead to whom nothing happened.
func moved(w world, st *standing, lead leadRow) verdict {
	v := verdict{mqlAt: st.MQLAt, mqlCycle: st.MQLCycle, at: st.since(w.now), moves: !st.refolded}
	v.accumulators = st.filled(w, st.before)
	fit := st.Fit
	if !st.fitKept {
		fit = w.fit(lead, lead.Profile, v.accumulators)
	}
	v.evaluate(w, st, fit, false)
	return v
}

// evaluate scores the accumulators, and says when to look at the score again. Grown: new events came, and nothing else.
func (v *verdict) evaluate(w world, st *standing, fit float64, grown bool) {
	v.after = w.scorer.EvaluateFit(fit, v.accumulators, st.adjustments, v.at, st.Band)
	if w.shadow { // nobody looks at it again by the clock
		return
	}
	if v.turnsAt = st.TurnsAt; grown && v.turnsAsBefore(w, st) {
		return
	}
	v.turnsAt = st.looked(v.at, w.scorer.Turns(fit, v.accumulators, st.adjustments, v.at, v.after.Band))
}

// turnsAsBefore reports that new events, and nothing else, came to a score that only falls: it turns no earlier than it
// did, and when it is looked at then the new moment is found. Most events of a flood are of this kind.
func (v *verdict) turnsAsBefore(w world, st *standing) bool {
	cut := func(a scoring.Adjustment) bool { return !a.At.Before(st.EvaluatedAt) }
	return st.ModelVersion == w.version && !st.refolded && v.after.Band == st.Band && !slices.ContainsFunc(st.adjustments, cut) &&
		(st.TurnsAt != nil && st.TurnsAt.After(v.at) || st.TurnsAt == nil && st.Band == scoring.Cold) && w.scorer.OnlyGives(v.accumulators)
}

// read looks at each new event by itself. It reports whether the person engaged in this cycle.
func (v *verdict) read(w world, su *subject, fresh []scoring.Event) (engaged bool) {
	for _, e := range fresh {
		counts := inCycle(su.lead, e.OccurredAt)
		if person.Engages(e.Type) {
			v.engagedAt = later(v.engagedAt, e.OccurredAt)
			engaged = engaged || counts
		}
		if person.Works(e.Type) {
			v.workedAt = later(v.workedAt, e.OccurredAt)
		}
		// First touch after quiet: a step waits for it. Nobody else would do anything: whoever was quiet for long is found by
		// the clock of the stage, which asks when they last engaged.
		if slices.Contains(su.lead.TouchWanted, e.Type) && !v.touched && !e.OccurredAt.Before(su.touchSince.Add(-ahead)) {
			v.touched = true
			v.kinds = append(v.kinds, triggerFirstTouch)
		}
		if m, ok := mutes[e.Type]; ok && !soft(e) {
			v.suppress = m.reason
			if su.lead.Muted != string(m.muted) { // the run has done so already
				v.kinds = append(v.kinds, m.kind)
			}
		}
		if counts && w.scorer.Hard(e.Type) {
			v.kinds = append(v.kinds, e.Type)
			v.qualify(w, su)
		}
	}
	return engaged
}

// edge finds the moment that makes the cycle an MQL: once a cycle, by engagement in it, never by a kept score alone. A
// profile that lifts the score over the threshold counts where the person engaged in this cycle before.
func (v *verdict) edge(w world, su *subject, st *standing, engaged bool) {
	lifted := engaged && w.scorer.Lifts(v.before, v.after)
	completed := !w.scorer.Qualified(v.before) && w.scorer.Qualified(v.after) &&
		st.EngagedAt != nil && inCycle(su.lead, *st.EngagedAt)
	if (lifted || completed) && (v.mqlCycle == nil || *v.mqlCycle != su.lead.Cycle) {
		v.kinds = append(v.kinds, lifecycle.TriggerMQL)
		v.qualify(w, su)
	}
}

// wake ends the rest of a dormant lead whose engagement lifts it to the threshold, also where this cycle was an MQL before: it
// acts as the engagement that did it, as if the model named that as a hard trigger. Points that were kept wake nobody, or who
// was sent to rest with a high score would be back with the next page they open.
func (v *verdict) wake(w world, su *subject, fresh []scoring.Event, engaged bool) {
	if su.lead.Stage != lifecycle.StageDormant || !engaged || w.scorer.Qualified(v.before) || !w.scorer.Qualified(v.after) {
		return
	}
	for _, e := range slices.Backward(fresh) {
		if person.Engages(e.Type) && inCycle(su.lead, e.OccurredAt) {
			if !slices.Contains(v.kinds, e.Type) {
				v.kinds = append(v.kinds, e.Type)
			}
			return
		}
	}
}

// qualify notes when the cycle qualified, the first time that it does.
func (v *verdict) qualify(w world, su *subject) {
	if open(su.lead.Stage) && (v.mqlCycle == nil || *v.mqlCycle != su.lead.Cycle) {
		now, cycle := w.now, su.lead.Cycle
		v.mqlAt, v.mqlCycle = &now, &cycle
	}
}

// inCycle reports whether a moment the client vouches for lies in the lead's cycle. The first cycle has all that came
// before it; the beginning of a later one is another clock's, hence the tolerance.
func inCycle(l leadRow, at time.Time) bool {
	return l.Cycle == 1 || !at.Before(l.CycleStartedAt.Add(-ahead))
}

// open reports whether engagement can start anything.
func open(stage lifecycle.Stage) bool { return !stage.Terminal() && stage != lifecycle.StageLost }

// hears reports whether the run of a lead in this stage is told of a trigger. Nothing reaches who is won; a new capture
// may bring back who is disqualified; who is lost may come back and must not be written to then.
func hears(stage lifecycle.Stage, kind string) bool {
	switch stage {
	case lifecycle.StageErased, lifecycle.StageWon:
		return kind == triggerErased
	case lifecycle.StageDisqualified:
		return kind == triggerErased || kind == triggerCapture
	case lifecycle.StageLost:
		return slices.Contains([]string{triggerErased, triggerCapture, triggerUnsubscribe, triggerBounce, triggerComplaint}, kind)
	}
	return true
}

// soft reports a bounce that may pass: the provider says so in kind or type.
func soft(e scoring.Event) bool {
	if e.Type != "email_bounce" {
		return false
	}
	for _, key := range []string{"kind", "type", "bounce_type"} {
		switch e.Properties[key] {
		case "soft", "transient", "temporary":
			return true
		}
	}
	return false
}

func later(a *time.Time, b time.Time) *time.Time {
	if a == nil || a.Before(b) {
		return &b
	}
	return a
}

// without gives the events that are not among the others, by id.
func without(events, others []scoring.Event) []scoring.Event {
	ids := make(map[string]bool, len(others))
	for _, e := range others {
		ids[e.ID] = true
	}
	return slices.DeleteFunc(events, func(e scoring.Event) bool { return ids[e.ID] })
}
