package chaos

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// damages of a lead, and what is to be said of it. $1 is the lead.
var damages = []struct {
	stage string // of a lead that it is done to
	want  []string
	sql   string // empty: its run is terminated
}{
	{stage: "nurturing", want: []string{"no_run"}},
	{stage: "handoff", want: []string{"no_run"}},
	{"nurturing", []string{"stray_run"}, `UPDATE leads SET stage = 'won' WHERE id = $1`},
	{"nurturing", []string{"stray_run"}, `DELETE FROM leads WHERE id = $1`},
	{"nurturing", []string{"stage", "carried", "no_owner"}, `UPDATE leads SET stage = 'working' WHERE id = $1`},
	{"nurturing", []string{"cycle", "carried"}, `UPDATE leads SET cycle = 7 WHERE id = $1`},
	{"nurturing", []string{"version", "carried"}, `UPDATE leads SET version = version + 1 WHERE id = $1`},
	{"nurturing", []string{"seq"}, `UPDATE leads SET seq = seq + 1 WHERE id = $1`},
	{"nurturing", []string{"paused", "carried"}, `UPDATE leads SET paused = true WHERE id = $1`},
	{"nurturing", []string{"band"}, `UPDATE scores SET band = 'scorching' WHERE lead_id = $1`},
	{"nurturing", []string{"next"}, `UPDATE leads SET next_at = next_at + interval '1 minute' WHERE id = $1`},
	{"nurturing", []string{"next"}, `UPDATE leads SET next_kind = '', next_at = NULL WHERE id = $1`},
	{"nurturing", []string{"carried"}, `UPDATE leads SET state = NULL WHERE id = $1`},
	{"nurturing", []string{"owner", "carried", "has_owner"}, `UPDATE leads SET owner = (SELECT id FROM reps LIMIT 1) WHERE id = $1`},
	{"nurturing", []string{"ledger", "routing"}, `INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, state, offered_at)
		SELECT gen_random_uuid(), $1 || '/1/offer/9', $1::uuid, 1, 9, id, 'offered', now() FROM reps LIMIT 1`},
	{"handoff", []string{"owner", "carried", "ledger"}, `UPDATE leads SET owner = (SELECT id FROM reps r WHERE r.id <> owner LIMIT 1) WHERE id = $1`},
	{"handoff", []string{"owner", "carried", "no_owner"}, `UPDATE leads SET owner = NULL WHERE id = $1`},
	{"handoff", []string{"assignment", "carried", "ledger"}, `UPDATE leads SET assignment_id = gen_random_uuid() WHERE id = $1`},
	{"handoff", []string{"sla"}, `UPDATE leads SET sla_due_at = sla_due_at + interval '1 hour' WHERE id = $1`},
	{"handoff", []string{"sla"}, `UPDATE leads SET sla_state = 'met' WHERE id = $1`},
	{"handoff", []string{"ledger"}, `UPDATE assignments SET state = 'missed', decided_at = now() WHERE lead_id = $1`},
	{"handoff", []string{"ledger", "routing"}, `UPDATE assignments SET rep_id = (SELECT id FROM reps r WHERE r.id <> rep_id LIMIT 1) WHERE lead_id = $1`},
	{"handoff", []string{"routing"}, `DELETE FROM routings WHERE lead_id = $1`},
	{"handoff", []string{"routing"}, `UPDATE routings SET rep_id = (SELECT id FROM reps r WHERE r.id <> routings.rep_id LIMIT 1) WHERE lead_id = $1`},
	{"handoff", []string{"stuck"}, `UPDATE leads SET state = jsonb_set(state, '{lead,clocks}', '[]') WHERE id = $1`},
}

// Each damage in Postgres, and each run that is gone, is told of its lead and of no other; what is in flight is not. What the list says to do of a
// run that is gone helps.
func TestReconcile_findsWhatWasPlanted(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two minutes: make chaos")
	}
	h := openHouse(t)
	s, err := h.Hire(t.Context(), 1, 10_000, 4*time.Hour)
	require.NoError(t, err)
	require.NoError(t, h.Flood(t.Context(), 60))
	got, err := h.reconcile(t)
	require.NoError(t, err, "all of it is in flight: %+v", got)

	free := map[string][]string{}
	for i := range 20 {
		lead, err := h.ask(t.Context(), http.MethodPost, "/v1/leads", map[string]any{"email": fmt.Sprintf("calm%d@person.example", i)})
		require.NoError(t, err)
		free["nurturing"] = append(free["nurturing"], lead["id"].(string))
	}
	const sqlRest = `SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM leads WHERE stage NOT IN ('nurturing', 'handoff'))
		+ abs(60 - (SELECT count(*) FROM leads WHERE stage = 'handoff' AND owner IS NOT NULL))`
	require.Eventually(t, func() bool {
		n := -1
		return h.pool.QueryRow(t.Context(), sqlRest).Scan(&n) == nil && n == 0
	}, time.Minute, 100*time.Millisecond)
	got, err = h.reconcile(t)
	require.NoError(t, err, "%+v", got)
	require.Equal(t, reconciled{Leads: 80, Runs: 80, By: map[string]int{}, Items: got.Items}, got)
	require.NotEmpty(t, s.reps)

	rows, err := h.pool.Query(t.Context(), "SELECT id::text FROM leads WHERE stage = 'handoff'")
	require.NoError(t, err)
	for rows.Next() {
		var id string
		require.NoError(t, rows.Scan(&id))
		free["handoff"] = append(free["handoff"], id)
	}
	require.NoError(t, rows.Err())
	want, gone := map[string][]string{}, []string{}
	for _, d := range damages {
		lead := free[d.stage][0]
		free[d.stage] = free[d.stage][1:]
		want[lead] = slices.Sorted(slices.Values(d.want))
		if d.sql == "" {
			gone = append(gone, lead)
			require.NoError(t, h.client.TerminateWorkflow(t.Context(), wire.WorkflowID(lead), "", "planted"))
			continue
		}
		tag, err := h.pool.Exec(t.Context(), d.sql, lead)
		require.NoError(t, err, d.sql)
		require.Positive(t, tag.RowsAffected(), d.sql)
	}
	got, err = h.reconcile(t)
	require.Error(t, err)
	require.Equal(t, want, by(got))
	require.Equal(t, len(want), got.Different)

	for _, lead := range gone {
		out, err := h.Leadflow(t.Context(), "lead", "restart", lead)
		require.NoError(t, err, out)
		require.Eventually(t, func() bool {
			run, err := h.client.DescribeWorkflowExecution(t.Context(), wire.WorkflowID(lead), "")
			return err == nil && run.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
		}, time.Minute, 100*time.Millisecond, "what the list says helps")
	}
}

// by is what was said of each lead.
func by(r reconciled) map[string][]string {
	out := map[string][]string{}
	for _, d := range r.Items {
		if !slices.Contains(out[d.Lead], d.What) {
			out[d.Lead] = append(out[d.Lead], d.What)
		}
	}
	for _, what := range out {
		slices.Sort(what)
	}
	return out
}
