package main

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/app"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// away ends the program, lets something happen meanwhile, and starts it again.
func away(t *testing.T, meanwhile func()) {
	t.Helper()
	require.NoError(t, product.app.Stop(t.Context()))
	meanwhile()
	cfg, err := product.config()
	require.NoError(t, err)
	product.app, err = app.Start(t.Context(), cfg, app.Serving, app.Working)
	require.NoError(t, err)
}

// The worker is away; a rep accepts by signal, then the accept clock runs out. What comes back finds both in one workflow
// task: the decision came first, and nobody is reminded of an offer that was taken.
func acceptedWhileTheWorkerWasAway(t *testing.T, d door, _ crew) string {
	id, owner := d.hot("Awaya")
	due, err := time.Parse(time.RFC3339, d.lead(id)["sla"].(object)["due_at"].(string))
	require.NoError(t, err)
	tc := temporalClient(t)
	away(t, func() {
		require.NoError(t, tc.SignalWorkflow(t.Context(), "lead/"+id, "", wire.SignalAccept, wire.Decision{RepID: owner}))
		d.eventually("the deadline passes", func() bool { return time.Now().After(due.Add(time.Second)) })
	})
	lead := d.awaitStage(id, "working")
	require.Equal(t, owner, lead["owner"])
	require.False(t, slices.ContainsFunc(d.mails("mona@sales.example"), func(m object) bool { return mailAbout(m, id) }), "nothing was escalated")
	return id
}

func TestAway_whatCameFirstCounts(t *testing.T) {
	d, c := fast(t)
	recorded(t, "worker-away", acceptedWhileTheWorkerWasAway(t, d, c))
}
