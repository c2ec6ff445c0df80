package scoring

import (
	"maps"
	"slices"
	"time"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Judged is what a model says of a lead at a moment.
type Judged struct {
	Score int
	Least bool // every axis that has a minimum is at it
	Hard  bool // an event of this cycle qualifies at once
}

// Picks reports whether the lead would be an MQL if the score of one were a threshold.
func (j Judged) Picks(threshold int) bool { return j.Hard || j.Least && j.Score >= threshold }

// Judge says what the model says of a lead at a moment, of what was known then: whoever asks gives that and nothing else. Ids of
// events are not looked at, each counts.
func (s *Scorer) Judge(profile person.Profile, events []Event, adjustments []Adjustment, at time.Time) Judged {
	acc := s.Fold(Accumulators{}, adjustments, events...)
	r := s.Evaluate(profile, acc, adjustments, at, "")
	out := Judged{Score: r.Score}
	out.Least = (s.MQL.MinFit == nil || r.Fit >= *s.MQL.MinFit) && (s.MQL.MinEngagement == nil || r.Engagement >= *s.MQL.MinEngagement)
	if len(s.hard) == 0 {
		return out
	}
	cuts := cutsOf(ordered(adjustments, at.UnixMicro()))
	for _, e := range events {
		out.Hard = out.Hard || s.hard[e.Type] && cyclesBefore(cuts, e.micros()) == len(cuts)
	}
	return out
}

// Counting are the types of events that anything depends on: of a rule, or a hard trigger.
func (s *Scorer) Counting() []string {
	out := slices.Collect(maps.Keys(s.byType))
	for kind := range s.hard {
		if len(s.byType[kind]) == 0 {
			out = append(out, kind)
		}
	}
	slices.Sort(out)
	return out
}
