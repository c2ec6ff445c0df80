package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The golden life of docs/architecture.md: captured, six mails, forty events of which five matter, one reminder, accepted,
// qualified, won. Its cost is read off the server.
// It stands before the tests that run at the same time: the server counts billable actions of all runs together.
func TestGolden_costsWhatItMay(t *testing.T) {
	d, c := fast(t)
	recorded(t, "golden", golden(t, d, c))
}

func golden(t *testing.T, d door, _ crew) string {
	before := billed()
	id := d.capture("Golda")
	address := "golda@person.example"
	for range 8 { // eight that change nothing people must know
		d.event(id, "page_view", object{"path": "/blog"})
	}
	d.eventually("six mails", func() bool { return len(d.mails(address)) == 6 })
	for range 27 {
		d.event(id, "email_open", nil)
	}
	for range 4 {
		d.event(id, "page_view", object{"path": "/pricing"})
	}
	require.Equal(t, "nurturing", d.lead(id)["stage"])
	d.event(id, "webinar_attendance", nil)
	lead := d.awaitStage(id, "handoff")
	owner := lead["owner"].(string)
	d.eventually("a reminder", func() bool { return strings.Contains(strings.Join(d.kinds(id), " "), "passed") })
	d.post("/v1/leads/"+id+"/accept", object{"rep_id": owner})
	d.post("/v1/leads/"+id+"/qualify", object{"rep_id": owner, "note": "a Secretnote of the rep"})
	won := d.post("/v1/leads/"+id+"/win", object{"amount": "12500.00", "currency": "EUR", "one_thing": "a Secretthing", "missing": "nothing"})
	require.Equal(t, "won", won["stage"], "the answer shows the lead as it results")

	c := temporalClient(t)
	got := costOf(t, c, "lead/"+id, billed()-before)
	first := costOfNaive(t, c)
	t.Logf("golden life: %v", got)
	t.Logf("golden naive: %v", first)
	fewer(t, 4, first.events, got.events, "history events")
	fewer(t, 4, first.actions, got.actions, "billable actions")
	fewer(t, 4, first.transitions, got.transitions, "state transitions")
	require.LessOrEqual(t, got.events, int64(120), "history events")
	require.LessOrEqual(t, got.actions, int64(40), "billable actions")
	require.LessOrEqual(t, got.transitions, int64(58), "state transitions")
	require.LessOrEqual(t, got.bytes, int64(40_000), "bytes of history")

	story := history(t, c, id)
	for _, secret := range []string{"golda", "Golda", "Secret", "Hidden", "person.example", "491701234567", "Seller", "sales.example", "12500.00"} {
		require.NotContains(t, story, secret, "personal data in Temporal")
	}
	return id
}
