package store

import (
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

// homeOf is the zone a person lives in (zone.Home).
func homeOf(p person.Profile, others ...string) *time.Location {
	return zone.Home(location, p, others...)
}

// windowZone is the zone the window names, else the lead's own.
func windowZone(w *sequence.Window, home *time.Location) *time.Location { return w.In(location, home) }
