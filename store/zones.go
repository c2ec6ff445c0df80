package store

import (
	"cmp"
	"sync"
	"time"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/domain/zone"
)

// locations are zones by name; to load one reads a file.
var locations sync.Map

// location loads a zone; nil: there is none of that name.
func location(name string) *time.Location {
	if known, ok := locations.Load(name); ok {
		return known.(*time.Location)
	}
	loc, err := time.LoadLocation(name)
	if name == "" || name == "Local" || err != nil {
		return nil // what people wrote is not kept: there is no end to it
	}
	locations.Store(name, loc)
	return loc
}

// homeOf is the zone a person lives in: as the profile says, else that of its country and region, else the first of the
// others that is one (the team's, the house's), else UTC.
func homeOf(p person.Profile, others ...string) *time.Location {
	if loc := location(textOf(p, "time_zone")); loc != nil {
		return loc
	}
	if loc := location(zone.Of(textOf(p, "country"), textOf(p, "region"))); loc != nil {
		return loc
	}
	for _, name := range others {
		if loc := location(name); loc != nil {
			return loc
		}
	}
	return time.UTC
}

// windowZone is the zone the window names, else the lead's own.
func windowZone(w *sequence.Window, home *time.Location) *time.Location {
	if w == nil || w.Zone == "" || w.Zone == sequence.ZoneLead {
		return home
	}
	return cmp.Or(location(w.Zone), home)
}

func textOf(p person.Profile, field string) string {
	value, _ := p.Get(field)
	text, _ := value.(string)
	return text
}
