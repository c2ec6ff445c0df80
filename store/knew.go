package store

import (
	"encoding/json"
	"fmt"
	"hash/fnv"

	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// knewOf is a short mark of what was known of a lead: which events, and which profile. It is stored with each offer, and names nothing. A transaction
// has the time of its beginning, so times alone do not say what an offer knew of what was being written at that moment; the mark does.
func knewOf(events []scoring.Event, profile person.Profile) string {
	return fmt.Sprintf("%016x/%016x", marksOf(events), markOfProfile(profile))
}

// marksOf is the same in whatever order the events are, and whatever else is stored of them.
func marksOf(events []scoring.Event) uint64 {
	var all uint64
	for i := range events {
		all ^= hashOf([]byte(events[i].ID))
	}
	return all
}

func markOfProfile(profile person.Profile) uint64 {
	if len(profile) == 0 {
		return 0
	}
	raw, err := json.Marshal(profile) // its keys are in order
	if err != nil {
		return 0
	}
	return hashOf(raw)
}

func hashOf(raw []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(raw)
	return h.Sum64()
}
