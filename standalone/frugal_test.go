package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What the other lives cost, each beside the same life as one would write it first. Nobody engages: all mails go out, the
// lead goes stale and comes back until it may no more. Or it asks for a demonstration in each cycle, is accepted and lost.
// They stand before the tests that run at the same time, as the golden life does.
func TestCosts_silentAndRecycled(t *testing.T) {
	d, _ := fast(t)
	c := temporalClient(t)
	for _, life := range []struct {
		name  string
		play  func(name string) string
		naive naiveCycles
	}{
		{"silent", d.silent, naiveCycles{Cycles: 3}},
		{"recycled", d.lostAgainAndAgain, naiveCycles{Cycles: 3, Signals: 3, Handoff: true}}, // the demo request, the two decisions
	} {
		before := billed()
		id := life.play("Frugal" + life.name)
		got := costOf(t, c, "lead/"+id, billed()-before)
		life.naive.Mails = len(d.mails("frugal" + life.name + "@person.example"))
		naive := costOfNaiveCycles(t, c, "naive-"+life.name, life.naive)
		t.Logf("%s life: %v", life.name, got)
		t.Logf("%s naive: %v", life.name, naive)
		fewer(t, 1.5, naive.events, got.events, life.name+": history events")
		fewer(t, 2, naive.transitions, got.transitions, life.name+": state transitions")
	}
}

func fewer(t *testing.T, times float64, naive, ours int64, what string) {
	t.Helper()
	require.GreaterOrEqual(t, float64(naive), times*float64(ours), "%s: %d of the naive life, %d of ours", what, naive, ours)
}
