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

// Whoever decided heard no answer, and it is asked again whether the decision was kept. It was, and has been undone since: the run, which has begun
// anew and does not know it, is not told to decide a second time.
func TestTold_whatIsUndoneIsNotDecidedAgain(t *testing.T) {
	d, _ := fast(t)
	db := database(t)
	id, owner := d.hot("Undoneagain")
	path := "/v1/leads/" + id
	rejected := d.post(path+"/reject", object{"rep_id": owner, "reason": "not_ready"})
	require.Equal(t, "dormant", rejected["stage"])
	require.Equal(t, "handoff", d.post(path+"/undo", object{"rep_id": owner})["stage"])
	ask := func(kind string) {
		got, err := db.Exec(t.Context(), `UPDATE decisions SET next_at = now(), unkept = (SELECT version FROM timeline WHERE lead_id = $1 AND data ->> 'decision_id' = decisions.id::text LIMIT 1)
			WHERE lead_id = $1 AND kind = $2`, id, kind)
		require.NoError(t, err)
		require.Equal(t, int64(1), got.RowsAffected())
		d.await(db, "it is known to be kept", 0, "SELECT -count(*) FROM decisions WHERE lead_id = $1 AND unkept > 0", id)
	}
	ask("reject")
	require.Equal(t, "handoff", d.lead(id)["stage"])

	// What ended the run is not decided again by the one that began when it was undone.
	require.Equal(t, "working", d.post(path+"/accept", object{"rep_id": owner})["stage"])
	require.Equal(t, "disqualified", d.post(path+"/disqualify", object{"reason": "spam"})["stage"])
	require.Equal(t, "working", d.post(path+"/undo", object{})["stage"])
	ask("disqualify")
	require.Equal(t, "working", d.lead(id)["stage"])
	var n int
	require.NoError(t, db.QueryRow(t.Context(), "SELECT count(*) FROM timeline WHERE lead_id = $1 AND of_run AND kind IN ('rejected', 'disqualified')", id).Scan(&n))
	require.Equal(t, 2, n)
}
