package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whoever is deactivated, or away from now on, loses what is open at once: the run offers it to somebody else, and nobody missed it.
func TestReroute_ofWhoIsDeactivatedAndOfWhoIsAway(t *testing.T) {
	d, c := fast(t)
	d.reminding("reroute", "0.9") // no clock of it passes meanwhile
	id, first := d.hot("Rerouta")
	other := func(than ...any) (owner string) {
		d.eventually("another rep has the offer", func() bool {
			lead := d.lead(id)
			owner, _ = lead["owner"].(string)
			return lead["stage"] == "handoff" && owner != "" && owner != than[0] && owner != than[len(than)-1]
		})
		return owner
	}
	d.call("PATCH", "/v1/reps/"+first, object{"active": false}, http.StatusOK)
	defer d.call("PATCH", "/v1/reps/"+first, object{"active": true}, http.StatusOK)
	second := other(first)
	absence := d.post("/v1/reps/"+second+"/absences", object{"from": time.Now().Add(-time.Second).UTC(), "until": time.Now().Add(time.Hour).UTC()})
	defer d.call("DELETE", "/v1/reps/"+second+"/absences/"+absence["id"].(string), nil, http.StatusNoContent)
	third := other(first, second)
	require.Contains(t, c.reps, third)
	require.Contains(t, d.kinds(id), "rep_away")
	require.NotContains(t, d.kinds(id), "passed", "no clock took it away")
	require.Equal(t, "working", d.post("/v1/leads/"+id+"/accept", object{"rep_id": third})["stage"])
}
