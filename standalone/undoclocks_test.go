package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A decision is undone beside what else moves the clocks: a snooze before it or after it, and terms that changed since.
func TestTold_undoneBesideASnoozeAndOtherTerms(t *testing.T) {
	d, _ := fast(t)
	d.reminding("undo-terms", "0.9")
	id, owner := d.hot("Undoclocka")
	path := "/v1/leads/" + id
	due := func() time.Time {
		at, err := time.Parse(time.RFC3339, d.lead(id)["sla"].(object)["due_at"].(string))
		require.NoError(t, err)
		return at
	}
	state := func() any { return d.lead(id)["sla"].(object)["state"] }
	snooze := func(length time.Duration) {
		got := d.post(path+"/snooze", object{"rep_id": owner, "reason": "on_the_road", "until": time.Now().Add(length).UTC()})
		require.Equal(t, true, got["id"] == id)
	}
	taken := func() { require.Equal(t, "working", d.post(path+"/accept", object{"rep_id": owner})["stage"]) }
	undo := func() { require.Equal(t, "handoff", d.post(path+"/undo", object{"rep_id": owner})["stage"]) }

	// Terms that change under a decision are those of the offer that comes back.
	before := due()
	taken()
	policy := strings.Replace(fmt.Sprintf(remindingPolicy, "undo-terms-2", "0.9"), "within: 40m", "within: 60m", 1)
	d.post("/v1/policies", object{"source": policy, "active": true})
	undo()
	d.eventually("it has twenty minutes more", func() bool { return due().Equal(before.Add(20 * time.Minute)) })
	require.Equal(t, "running", state())

	// So it is of who rested meanwhile, and does not hear of terms.
	require.Equal(t, "dormant", d.post(path+"/reject", object{"rep_id": owner, "reason": "not_ready"})["stage"])
	d.post("/v1/policies", object{"source": strings.NewReplacer("within: 60m", "within: 50m", "undo-terms-2", "undo-terms-3").Replace(policy), "active": true})
	undo()
	d.eventually("it has ten minutes more", func() bool { return due().Equal(before.Add(10 * time.Minute)) })

	// A snooze of after the decision goes with it; one of before holds the clock again, and ends at its moment.
	taken()
	snooze(time.Hour)
	undo()
	require.Equal(t, "running", state())
	snooze(4 * time.Second)
	require.Equal(t, "held", state())
	taken()
	undo()
	require.Equal(t, "held", state())
	d.eventually("the clock runs on", func() bool { return state() == "running" && due().After(before.Add(10*time.Minute+time.Second)) })
	require.Less(t, due().Sub(before), 11*time.Minute)
	taken()
	require.Equal(t, "met", state())
}
