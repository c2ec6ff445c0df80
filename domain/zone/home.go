package zone

import (
	"time"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Home is the zone a person lives in: as the profile says, else that of its country and region, else the first of the
// others that load knows (the team's, the house's), else UTC. Load answers nil for a name that is no zone.
func Home(load func(name string) *time.Location, p person.Profile, others ...string) *time.Location {
	text := func(field string) string {
		value, _ := p.Get(field)
		text, _ := value.(string)
		return text
	}
	if loc := load(text("time_zone")); loc != nil {
		return loc
	}
	if loc := load(Of(text("country"), text("region"))); loc != nil {
		return loc
	}
	for _, name := range others {
		if loc := load(name); loc != nil {
			return loc
		}
	}
	return time.UTC
}
