package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// stopover is for who was lost to a competitor.
const stopover = `
name: stopover
entry: {reasons: [competitor]}
steps:
  - {id: first, mail: {subject: "First of two", body: "One."}}
  - {id: pause, wait: 300ms}
  - {id: second, mail: {subject: "Second of two", body: "Two."}}
  - {id: rest, wait: 10m}
`

// A sequence is held before a lead comes to it, and let go: nothing goes out meanwhile, and nothing is missing afterwards.
// Who is in it is counted before another version is published.
func TestHeld_aSequenceWaitsAndGoesOn(t *testing.T) {
	d, _ := fast(t)
	kept := d.post("/v1/sequences", object{"source": stopover})
	path := fmt.Sprintf("/v1/sequences/stopover/%.0f", kept["version"])
	d.post(path+"/publish", object{})
	d.post(path+"/pause", object{})

	id := d.capture("Hella")
	d.t.Cleanup(func() { door{d.t}.erase(id) })
	d.event(id, "demo_request", nil)
	owner := d.awaitStage(id, "handoff")["owner"]
	d.post("/v1/leads/"+id+"/accept", object{"rep_id": owner})
	d.post("/v1/leads/"+id+"/lose", object{"reason": "competitor"})
	d.eventually("it is held up", func() bool { return d.post(path+"/pause", object{})["held_up"] == 1.0 })
	about := func(subject string) (n int) {
		for _, m := range d.mails("hella@person.example") {
			if m["subject"] == subject {
				n++
			}
		}
		return n
	}
	require.Zero(t, about("First of two"))

	let := d.post(path+"/resume", object{"catch_up": "keep"})
	require.NotNil(t, let["ended_at"])
	d.eventually("the first mail", func() bool { return about("First of two") == 1 })
	d.eventually("and the second, in its time", func() bool { return about("Second of two") == 1 })

	next := d.post("/v1/sequences", object{"source": stopover})
	var inside object
	d.eventually("it rests", func() bool {
		inside = d.get(fmt.Sprintf("/v1/sequences/stopover/%.0f/inside", next["version"]))
		return inside["leads"] == 1.0 && inside["steps"].([]any)[0].(object)["step"] == "rest"
	})
	require.Equal(t, "rest", inside["steps"].([]any)[0].(object)["moves_to"])
	require.Equal(t, 1, about("First of two"))
	d.post(path+"/retire", object{})
}
