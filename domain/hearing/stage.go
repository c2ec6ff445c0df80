package hearing

import (
	"slices"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// Mute is what becomes of an event that stops mail for good: what the run is told, and what it makes of it.
type Mute struct {
	Kind  string
	Event lifecycle.EventKind
}

// Mutes are the types of engagement that stop mail for good.
var Mutes = map[string]Mute{
	"unsubscribe":  {lifecycle.TriggerUnsubscribe, lifecycle.Unsubscribed},
	"email_bounce": {lifecycle.TriggerBounce, lifecycle.Bounced},
	"complaint":    {lifecycle.TriggerComplaint, lifecycle.Complained},
}

// Open reports whether engagement can start anything.
func Open(stage lifecycle.Stage) bool { return !stage.Terminal() && stage != lifecycle.StageLost }

// Hears reports whether the run of a lead in this stage is told of a trigger. Nothing reaches who is won; a new capture
// may bring back who is disqualified; who is lost may come back and must not be written to then.
func Hears(stage lifecycle.Stage, kind string) bool {
	switch stage {
	case lifecycle.StageErased, lifecycle.StageWon:
		return kind == lifecycle.TriggerErased
	case lifecycle.StageDisqualified:
		return kind == lifecycle.TriggerErased || kind == lifecycle.TriggerCapture
	case lifecycle.StageLost:
		return slices.Contains([]string{
			lifecycle.TriggerErased, lifecycle.TriggerCapture, lifecycle.TriggerUnsubscribe, lifecycle.TriggerBounce, lifecycle.TriggerComplaint,
		}, kind)
	}
	return true
}

// Soft reports a bounce that may pass: the provider says so in kind or type.
func Soft(e scoring.Event) bool {
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
