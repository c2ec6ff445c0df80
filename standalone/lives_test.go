package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/workflows/wire"
)

// tale is one life on the embedded stack; it answers whose.
type tale func(t *testing.T, d door, c crew) string

// tales are played by the tests, and recorded for the replay tests.
var tales = map[string]tale{
	"rejected-comes-back": rejectedAsNotReadyComesBack, "nobody-accepts": nobodyAcceptsInTime, "refused-decisions": decisionsThatAreRefused,
	"accepted-by-signal": acceptedByAPlainSignal, "unsubscribed": unsubscribedByTheLinkInTheMail, "erased": erasedLeavesNothingBehind,
	"paused": pausedOverTheDeadline, "rejected-to-the-next": rejectedForCapacityGoesToTheNext, "rejected-for-good": rejectedAsDuplicateEnds,
	"silent": silentToTheEnd, "lost-to-the-maximum": lostAndRecycledToTheMaximum, "won-and-late-event": aLateEventOfAWonLead,
	"captured-again": aCaptureOfAClosedLead, "reassigned": reassignedByAManager,
}

func TestLives(t *testing.T) {
	_, c := fast(t)
	for name, play := range tales {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorded(t, name, play(t, door{t}, c))
		})
	}
}

// hot captures a lead and makes it ask for a demonstration: it is offered at once.
func (d door) hot(name string) (id, owner string) {
	d.t.Helper()
	id = d.capture(name)
	d.event(id, "demo_request", nil)
	lead := d.awaitStage(id, "handoff")
	return id, lead["owner"].(string)
}

func rejectedAsNotReadyComesBack(t *testing.T, d door, _ crew) string {
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
	return id
}

func nobodyAcceptsInTime(t *testing.T, d door, c crew) string {
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
	return id
}

func mailAbout(m object, lead string) bool {
	text, _ := m["text"].(string)
	return strings.Contains(text, lead)
}

func decisionsThatAreRefused(t *testing.T, d door, c crew) string {
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
	return id
}

func acceptedByAPlainSignal(t *testing.T, d door, c crew) string {
	id, owner := d.hot("Signa")
	tc := temporalClient(t)
	require.NoError(t, tc.SignalWorkflow(t.Context(), "lead/"+id, "", wire.SignalAccept, wire.Decision{RepID: "00000000-0000-4000-8000-000000000000"}))
	require.NoError(t, tc.SignalWorkflow(t.Context(), "lead/"+id, "", wire.SignalAccept, wire.Decision{RepID: owner}))
	d.awaitStage(id, "working")
	answer, err := tc.QueryWorkflow(t.Context(), "lead/"+id, "", wire.QueryState)
	require.NoError(t, err)
	var state wire.State
	require.NoError(t, answer.Get(&state))
	require.Equal(t, owner, state.Owner)
	return id
}

func unsubscribedByTheLinkInTheMail(t *testing.T, d door, c crew) string {
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
	return id
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

func erasedLeavesNothingBehind(t *testing.T, d door, c crew) string {
	id, _ := d.hot("Erasa")
	d.call("DELETE", "/v1/leads/"+id, nil, http.StatusNoContent)
	d.call("GET", "/v1/leads/"+id, nil, http.StatusGone)
	tc := temporalClient(t)
	d.eventually("the run ends", func() bool {
		info, err := tc.DescribeWorkflowExecution(t.Context(), "lead/"+id, "")
		return err == nil && info.WorkflowExecutionInfo.CloseTime != nil
	})
	require.NotEqual(t, id, d.capture("Erasa"), "an erased address makes a new lead")
	return id
}

func pausedOverTheDeadline(t *testing.T, d door, c crew) string {
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
	return id
}

func rejectedForCapacityGoesToTheNext(t *testing.T, d door, _ crew) string {
	id, owner := d.hot("Capacita")
	got := d.post("/v1/leads/"+id+"/reject", object{"rep_id": owner, "reason": "no_capacity"})
	require.Equal(t, "handoff", got["stage"])
	require.NotNil(t, got["owner"], "the answer shows who has it now")
	require.NotEqual(t, owner, got["owner"])
	d.post("/v1/leads/"+id+"/accept", object{"rep_id": d.lead(id)["owner"]})
	return id
}

func rejectedAsDuplicateEnds(t *testing.T, d door, _ crew) string {
	id, owner := d.hot("Duplica")
	got := d.post("/v1/leads/"+id+"/reject", object{"rep_id": owner, "reason": "duplicate"})
	require.Equal(t, "disqualified", got["stage"])
	no := d.call("POST", "/v1/leads/"+id+"/recycle", object{}, http.StatusConflict)
	require.Equal(t, "wrong_stage", no["code"])
	return id
}

// Nobody engages: mails go out, the lead goes stale, comes back, and ends at the maximum of cycles.
func silentToTheEnd(t *testing.T, d door, _ crew) string { return d.silent("Silenta") }

func (d door) silent(name string) string {
	d.t.Helper()
	id := d.capture(name)
	d.awaitStage(id, "dormant")
	lead := d.awaitStage(id, "disqualified")
	require.InDelta(d.t, 3, lead["cycle"], 0)
	return id
}

func lostAndRecycledToTheMaximum(t *testing.T, d door, _ crew) string {
	return d.lostAgainAndAgain("Losta")
}

func (d door) lostAgainAndAgain(name string) string {
	d.t.Helper()
	id := d.capture(name)
	for cycle := 1; cycle <= 3; cycle++ {
		d.event(id, "demo_request", nil)
		owner := d.awaitStage(id, "handoff")["owner"]
		d.post("/v1/leads/"+id+"/accept", object{"rep_id": owner})
		d.post("/v1/leads/"+id+"/lose", object{"reason": "price"})
		if cycle < 3 {
			d.eventually("the next cycle", func() bool {
				lead := d.lead(id)
				return lead["stage"] == "nurturing" && lead["cycle"] == float64(cycle+1)
			})
		}
	}
	d.awaitStage(id, "disqualified")
	return id
}

func aLateEventOfAWonLead(t *testing.T, d door, _ crew) string {
	id, owner := d.hot("Wonna")
	d.post("/v1/leads/"+id+"/accept", object{"rep_id": owner})
	d.post("/v1/leads/"+id+"/win", object{"amount": 100, "currency": "EUR"})
	d.event(id, "demo_request", nil)
	d.event(id, "page_view", object{"path": "/pricing"})
	require.Equal(t, "won", d.lead(id)["stage"], "stored and scored, and nothing starts")
	score := d.get("/v1/leads/" + id + "/score")
	require.Greater(t, score["score"], 20.0)
	return id
}

func aCaptureOfAClosedLead(t *testing.T, d door, _ crew) string {
	id, owner := d.hot("Againa")
	d.post("/v1/leads/"+id+"/accept", object{"rep_id": owner})
	d.post("/v1/leads/"+id+"/disqualify", object{"reason": "stale"})
	require.Equal(t, id, d.capture("Againa"), "an address is one lead for ever")
	d.eventually("the second cycle", func() bool {
		lead := d.lead(id)
		return lead["stage"] == "nurturing" && lead["cycle"] == 2.0
	})
	return id
}

func reassignedByAManager(t *testing.T, d door, c crew) string {
	id, owner := d.hot("Reassigna")
	d.post("/v1/leads/"+id+"/accept", object{"rep_id": owner})
	other := c.reps[slices.IndexFunc(c.reps, func(r string) bool { return r != owner })]
	got := d.post("/v1/leads/"+id+"/reassign", object{"rep_id": other})
	require.Equal(t, other, got["owner"])
	require.Equal(t, "working", got["stage"])
	return id
}
