package store

import (
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/hearing"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// What runs are told of, beside the types of hard triggers.
const (
	triggerFirstTouch  = lifecycle.TriggerFirstTouch
	triggerUnsubscribe = lifecycle.TriggerUnsubscribe
)

// touchBand in a lead's wanted touches is followed by a band that a step waits for.
const touchBand = hearing.Band

// awaits reports whether a step waits for the lead to come into a band.
func (l leadRow) awaits(band string) bool { return hearing.Lead{Wanted: l.TouchWanted}.Awaits(band) }

// suppressedBy is why an address is suppressed, by the type of what stops mail for good.
var suppressedBy = map[string]string{"unsubscribe": suppressedUnsubscribe, "email_bounce": suppressedBounce, "complaint": suppressedComplaint}

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

	h := hearing.Of(w.scorer, su.stood(st), fresh, v.before, v.after)
	v.engagedAt, v.workedAt, v.touched, v.kinds, v.suppress = h.Engaged, h.Worked, h.Touched, h.Kinds, suppressedBy[h.Muted]
	if h.Qualifies {
		v.qualify(w, su)
	}
	v.moves = !st.refolded && len(fresh) == 0 && v.mqlAt == st.MQLAt
	v.kinds = slices.DeleteFunc(append(slices.Clone(su.kinds), v.kinds...), func(kind string) bool {
		return !hears(su.lead.Stage, kind)
	})
	v.tell = len(v.kinds) > 0 || open(su.lead.Stage) && !su.created && v.after.Band != st.Band
	return v
}

// stood is the lead as it stood before the events.
func (su *subject) stood(st *standing) hearing.Lead {
	return hearing.Lead{
		Stage: su.lead.Stage, Cycle: su.lead.Cycle, Began: su.lead.CycleStartedAt, Muted: su.lead.Muted, Wanted: su.lead.TouchWanted, Since: su.touchSince,
		Band: st.Band, Engaged: st.EngagedAt, MQLCycle: st.MQLCycle,
	}
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

// edge finds the moment that makes the cycle an MQL.
func (v *verdict) edge(w world, su *subject, st *standing, engaged bool) {
	if hearing.Edge(w.scorer, su.stood(st), engaged, v.before, v.after) {
		v.kinds = append(v.kinds, lifecycle.TriggerMQL)
		v.qualify(w, su)
	}
}

// wake ends the rest of a dormant lead whose engagement lifts it to the threshold.
func (v *verdict) wake(w world, su *subject, fresh []scoring.Event, engaged bool) {
	kind := hearing.Wakes(w.scorer, su.stood(&standing{}), fresh, engaged, v.before, v.after)
	if kind != "" && !slices.Contains(v.kinds, kind) {
		v.kinds = append(v.kinds, kind)
	}
}

// qualify notes when the cycle qualified, the first time that it does.
func (v *verdict) qualify(w world, su *subject) {
	if open(su.lead.Stage) && (v.mqlCycle == nil || *v.mqlCycle != su.lead.Cycle) {
		now, cycle := w.now, su.lead.Cycle
		v.mqlAt, v.mqlCycle = &now, &cycle
	}
}

// inCycle reports whether a moment the client vouches for lies in the lead's cycle.
func inCycle(l leadRow, at time.Time) bool {
	return hearing.Lead{Cycle: l.Cycle, Began: l.CycleStartedAt}.InCycle(at)
}

// open reports whether engagement can start anything.
func open(stage lifecycle.Stage) bool { return hearing.Open(stage) }

// hears reports whether the run of a lead in this stage is told of a trigger.
func hears(stage lifecycle.Stage, kind string) bool { return hearing.Hears(stage, kind) }

func later(a *time.Time, b time.Time) *time.Time { return hearing.Later(a, b) }

// without gives the events that are not among the others, by id.
func without(events, others []scoring.Event) []scoring.Event {
	ids := make(map[string]bool, len(others))
	for _, e := range others {
		ids[e.ID] = true
	}
	return slices.DeleteFunc(events, func(e scoring.Event) bool { return ids[e.ID] })
}
