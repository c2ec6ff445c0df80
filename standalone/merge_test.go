package main

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/cli"
	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// ledgerOf counts the mails of a first cycle that left, by step; with the states of those that did not.
func (d door) ledgerOf(id string) (sent map[string]int, kept []string) {
	d.t.Helper()
	sent = map[string]int{}
	for _, i := range d.get("/v1/mails?limit=200&lead_id=" + id)["items"].([]any) {
		m := i.(object)
		switch {
		case m["kind"] != "nurture" || m["cycle"] != 1.0:
		case m["state"] == "sent":
			sent[m["step"].(string)]++
		default:
			code, _ := m["code"].(string)
			kept = append(kept, m["step"].(string)+" "+m["state"].(string)+" "+code)
		}
	}
	return sent, kept
}

func (d door) runIs(id string, want enumspb.WorkflowExecutionStatus) {
	d.t.Helper()
	c := temporalClient(d.t)
	d.eventually("the run of "+id+" is "+want.String(), func() bool {
		got, err := c.DescribeWorkflowExecution(d.t.Context(), wire.WorkflowID(id), "")
		return err == nil && got.WorkflowExecutionInfo.Status == want
	})
}

// Of two leads that are one person one run ends and the other goes on, and nobody is written the same twice. The offer of
// the one that ended says where it went, and an undo has both live on.
func TestMerge_oneRunEndsAndTheOtherGoesOn(t *testing.T) {
	d, _ := fast(t)
	old, ada := d.capture("Mergeold"), d.capture("Mergenew")
	d.eventually("the first mail", func() bool { sent, _ := d.ledgerOf(ada); return sent["one"] == 1 })
	d.post("/v1/leads/"+ada+"/pause", object{})
	d.eventually("the second mail", func() bool { sent, _ := d.ledgerOf(old); return sent["two"] == 1 })
	newer, _ := d.ledgerOf(ada)
	require.Zero(t, newer["two"], "it is held before that")

	dry, code := leadflow(t, "lead", "merge", old, "--into", ada, "--dry-run")
	require.Equal(t, cli.ExitOK, code, "%v", dry)
	require.Equal(t, true, dry["dry_run"])
	require.NotEqual(t, "merged", d.lead(old)["stage"])
	done, code := leadflow(t, "lead", "merge", old, "--into", ada, "--reason", "duplicate", "--yes")
	require.Equal(t, cli.ExitOK, code, "%v", done)
	gone := d.lead(old)
	require.Equal(t, []any{"merged", ada}, []any{gone["stage"], gone["merged_into"]})
	d.runIs(old, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED)
	refused := d.call("POST", "/v1/leads/"+old+"/disqualify", object{"reason": "spam"}, http.StatusGone)
	require.Equal(t, []any{"merged", ada}, []any{refused["code"], refused["merged_into"]})
	crossed := d.call("POST", "/v1/leads/"+ada+"/merge", object{"into": old}, http.StatusConflict)
	require.Equal(t, "merged", crossed["code"])

	d.event(old, "webinar_attendance", nil)
	require.Equal(t, 50.0, d.lead(ada)["score"], "what names the one that ended is the other's")
	require.True(t, slices.Contains(d.kinds(ada), "merged_in"))
	d.post("/v1/leads/"+ada+"/resume", object{})
	d.eventually("the last mail", func() bool { sent, _ := d.ledgerOf(ada); return sent["six"] == 1 })
	both, kept := d.ledgerOf(ada) // of what was merged into it as well
	delete(both, "one")           // each of them had it before they were one
	require.Equal(t, map[string]int{"two": 1, "three": 1, "four": 1, "five": 1, "six": 1}, both)
	require.Contains(t, kept, "two suppressed sent_before_merge")
	d.runIs(ada, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING)

	back, code := leadflow(t, "lead", "unmerge", old)
	require.Equal(t, cli.ExitOK, code, "%v", back)
	require.Contains(t, back["not_back"], "mail_sent")
	d.runIs(old, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING)
	require.NotContains(t, d.lead(old), "merged_into")
	d.eventually("its own mails go on", func() bool { sent, _ := d.ledgerOf(old); return sent["six"] == 1 || d.lead(old)["cycle"].(float64) > 1 })
	sent, _ := d.ledgerOf(old)
	require.Equal(t, 1, sent["two"], "what it had it does not get again")
	require.Equal(t, 30.0+20, d.lead(old)["score"], "the event that named it came back with it")
}

func TestMerge_anOfferOfTheOneThatEndedSaysWhereItWent(t *testing.T) {
	d, _ := fast(t)
	old, owner := d.hot("Mergeoffered")
	link := d.offerLink(old, owner)
	ada := d.capture("Mergequiet")
	d.awaitStage(ada, "nurturing")
	d.post("/v1/leads/"+old+"/merge", object{"into": ada})
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		status, text := d.page(method, link, map[string][]string{"action": {"accept"}})
		require.Equal(t, http.StatusGone, status)
		require.Contains(t, text, "merged into another")
		require.Contains(t, text, ada)
		require.NotContains(t, text, "Secretname")
	}
	d.awaitStage(ada, "handoff") // what was asked for is not lost
	d.runIs(old, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED)
}
