package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// hot captures a lead and makes it ask for a demonstration: it is offered at once.
func (d door) hot(name string) (id, owner string) {
	d.t.Helper()
	id = d.capture(name)
	d.event(id, "demo_request", nil)
	lead := d.awaitStage(id, "handoff")
	return id, lead["owner"].(string)
}

func TestLife_rejectedAsNotReadyComesBack(t *testing.T) {
	d, _ := fast(t)
	id, owner := d.hot("Rejecta")
	got := d.post("/v1/leads/"+id+"/reject", object{"rep_id": owner, "reason": "not_ready", "note": "call in spring"})
	require.Equal(t, "dormant", got["stage"])
	again := d.post("/v1/leads/"+id+"/reject", object{"rep_id": owner, "reason": "not_ready", "note": "call in spring"})
	require.Equal(t, "dormant", again["stage"], "the same decision again is granted without effect")
	d.eventually("the second cycle", func() bool {
		lead := d.lead(id)
		return lead["stage"] == "nurturing" && lead["cycle"] == 2.0
	})
	d.event(id, "demo_request", nil)
	d.awaitStage(id, "handoff")
}

func TestLife_nobodyAcceptsInTime(t *testing.T) {
	d, c := fast(t)
	id, first := d.hot("Missa")
	lead := d.awaitStage(id, "qualified") // remind, escalate, next rep, missed again: the team queue
	require.Nil(t, lead["owner"])
	d.eventually("the manager hears of it", func() bool {
		return slices.ContainsFunc(d.mails("mona@sales.example"), func(m object) bool { return mailAbout(m, id) })
	})
	taker := c.reps[0]
	if taker == first {
		taker = c.reps[1]
	}
	got := d.post("/v1/leads/"+id+"/accept", object{"rep_id": taker})
	require.Equal(t, "working", got["stage"])
	require.Equal(t, taker, got["owner"])
}

func mailAbout(m object, lead string) bool {
	text, _ := m["text"].(string)
	return strings.Contains(text, lead)
}

func TestLife_decisionsThatAreRefused(t *testing.T) {
	d, c := fast(t)
	id, owner := d.hot("Refusa")
	other := c.reps[slices.IndexFunc(c.reps, func(r string) bool { return r != owner })]
	no := d.call("POST", "/v1/leads/"+id+"/accept", object{"rep_id": other}, http.StatusConflict)
	require.Equal(t, "not_your_offer", no["code"])
	no = d.call("POST", "/v1/leads/"+id+"/qualify", object{}, http.StatusConflict)
	require.Equal(t, "wrong_stage", no["code"])
	no = d.call("POST", "/v1/leads/"+id+"/reject", object{"rep_id": owner}, http.StatusUnprocessableEntity)
	require.NotEmpty(t, no["errors"])
	require.Equal(t, "working", d.post("/v1/leads/"+id+"/accept", object{"rep_id": owner})["stage"])
	no = d.call("POST", "/v1/leads/"+id+"/reject", object{"rep_id": owner, "reason": "not_ready"}, http.StatusConflict)
	require.NotEmpty(t, no["detail"])
}

func TestLife_acceptedByAPlainSignal(t *testing.T) {
	d, _ := fast(t)
	id, owner := d.hot("Signa")
	c := temporalClient(t)
	require.NoError(t, c.SignalWorkflow(t.Context(), "lead/"+id, "", wire.SignalAccept, wire.Decision{RepID: "00000000-0000-4000-8000-000000000000"}))
	require.NoError(t, c.SignalWorkflow(t.Context(), "lead/"+id, "", wire.SignalAccept, wire.Decision{RepID: owner}))
	d.awaitStage(id, "working")
	answer, err := c.QueryWorkflow(t.Context(), "lead/"+id, "", wire.QueryState)
	require.NoError(t, err)
	var state wire.State
	require.NoError(t, answer.Get(&state))
	require.Equal(t, owner, state.Owner)
}

func TestLife_unsubscribedByTheLinkInTheMail(t *testing.T) {
	d, _ := fast(t)
	id := d.capture("Unsuba")
	d.eventually("the first mail", func() bool { return len(d.mails("unsuba@person.example")) > 0 })
	m := d.mails("unsuba@person.example")[0]
	link := header(m, "List-Unsubscribe")
	link = strings.Trim(strings.Split(link, ",")[0], "<> ")
	require.Contains(t, link, "/u/")
	for _, method := range []string{http.MethodGet, http.MethodHead} { // scanners look at every link
		req, err := http.NewRequestWithContext(t.Context(), method, link, nil)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.Equal(t, "active", d.lead(id)["mail"].(object)["state"], method)
	}
	resp, err := http.Post(link, "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
	require.NoError(t, err)
	resp.Body.Close()
	require.Less(t, resp.StatusCode, 300)
	d.eventually("the run hears of it", func() bool { return slices.Contains(d.kinds(id), "unsubscribed") })
	require.NotEqual(t, "active", d.lead(id)["mail"].(object)["state"])
	require.Equal(t, "nurturing", d.lead(id)["stage"], "the stage is left alone")
}

func header(m object, name string) string {
	for k, v := range m["headers"].(object) {
		if strings.EqualFold(k, name) {
			if list, ok := v.([]any); ok && len(list) > 0 {
				return list[0].(string)
			}
			s, _ := v.(string)
			return s
		}
	}
	return ""
}

func TestLife_erasedLeavesNothingBehind(t *testing.T) {
	d, _ := fast(t)
	id, _ := d.hot("Erasa")
	d.call("DELETE", "/v1/leads/"+id, nil, http.StatusNoContent)
	d.call("GET", "/v1/leads/"+id, nil, http.StatusGone)
	c := temporalClient(t)
	d.eventually("the run ends", func() bool {
		info, err := c.DescribeWorkflowExecution(t.Context(), "lead/"+id, "")
		return err == nil && info.WorkflowExecutionInfo.CloseTime != nil
	})
	require.NotEqual(t, id, d.capture("Erasa"), "an erased address makes a new lead")
}

func TestLife_pausedOverTheDeadline(t *testing.T) {
	d, _ := fast(t)
	id, owner := d.hot("Pausa")
	got := d.post("/v1/leads/"+id+"/pause", object{})
	require.Equal(t, true, got["paused"])
	require.Equal(t, "held", got["sla"].(object)["state"])
	got = d.post("/v1/leads/"+id+"/resume", object{})
	require.Equal(t, false, got["paused"])
	require.Equal(t, "working", d.post("/v1/leads/"+id+"/accept", object{"rep_id": owner})["stage"])
	lost := d.post("/v1/leads/"+id+"/lose", object{"reason": "no_fit"})
	require.Equal(t, "lost", lost["stage"])
	d.post("/v1/leads/"+id+"/recycle", object{})
	d.eventually("the second cycle", func() bool { return d.lead(id)["cycle"] == 2.0 })
}
