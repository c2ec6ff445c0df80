// Package housetest is the house that tests play lives in: what Leadflow starts with.
package housetest

import (
	"testing"
	"time"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/routing"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/domain/simulate"
)

// New is a house of so many leads, which begins on a Monday. Behaviour is a document; nil: the one that is built in.
func New(t testing.TB, leads, days int, behaviour []byte) simulate.Input {
	t.Helper()
	if behaviour == nil {
		behaviour = document.DefaultBehaviour
	}
	return simulate.Input{
		Leads: leads, Days: days, Seed: 1, Start: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), Route: routing.Default(), Zone: Zone,
		Model: read(t, document.DefaultModel, document.ParseModel), Policy: read(t, document.DefaultPolicy, document.ParsePolicy),
		Behaviour: read(t, behaviour, document.ParseBehaviour),
		Sequences: []sequence.Sequence{read(t, document.DefaultSequence, func(raw []byte) (sequence.Sequence, error) { return document.ParseSequence(raw) })},
	}
}

func read[T any](t testing.TB, raw []byte, parse func([]byte) (T, error)) T {
	t.Helper()
	out, err := parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Zone loads a zone; nil: there is none of that name.
func Zone(name string) *time.Location {
	if loc, err := time.LoadLocation(name); name != "" && err == nil {
		return loc
	}
	return nil
}
