package workflows

import (
	"regexp"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// Anybody who reaches Temporal can send anything. What is no id and no code goes no further: it would end on the
// timeline, and what Postgres refuses, such as a NUL, would hold up the lead for good.
var (
	anID  = regexp.MustCompile(`^[A-Za-z0-9-]{0,64}$`)
	aCode = regexp.MustCompile(`^[A-Za-z0-9_.-]{0,64}$`)
)

// sound reports whether a decision holds ids and codes only.
func sound(d wire.Decision) bool {
	return anID.MatchString(d.DecisionID) && anID.MatchString(d.RepID) && anID.MatchString(d.TeamID) &&
		anID.MatchString(d.AssignmentID) && anID.MatchString(d.KeyID) && anID.MatchString(d.Undoes) && aCode.MatchString(d.Reason) &&
		(d.Rule == nil || d.Rule.Title == "" && aCode.MatchString(d.Rule.Sequence) && aCode.MatchString(string(d.Rule.Path)) && aCode.MatchString(string(d.Rule.Score)))
}

// known leaves out what is no trigger and no band of ours.
func known(s wire.Engagement) wire.Engagement {
	if !aCode.MatchString(s.Band) {
		s.Band = ""
	}
	s.Triggers = slices.DeleteFunc(slices.Clone(s.Triggers), func(t wire.Trigger) bool {
		kind, of, _ := strings.Cut(t.Kind, ":")
		return !(kind == lifecycle.TriggerRepAway && of != "" && anID.MatchString(of)) &&
			!slices.Contains(ours, t.Kind) && !slices.Contains(person.EventTypes, t.Kind)
	})
	return s
}

var ours = []string{
	lifecycle.TriggerMQL, wire.TriggerMQLRevoked, wire.TriggerFirstTouch, wire.TriggerUnsubscribe, wire.TriggerBounce,
	wire.TriggerComplaint, wire.TriggerCapture, wire.TriggerErased, wire.TriggerTerms,
}
