package main

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
)

// page requests a page of ours as a browser does.
func (d door) page(method, link string, form url.Values) (int, string) {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), method, link, strings.NewReader(form.Encode()))
	require.NoError(d.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(d.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(d.t, err)
	return resp.StatusCode, html.UnescapeString(string(raw))
}

// offerLink is the link of the mail that offered a lead to its rep.
func (d door) offerLink(id, owner string) (link string) {
	d.t.Helper()
	to := d.get("/v1/reps/" + owner)["email"].(string)
	d.eventually("the mail of the offer", func() bool {
		for _, m := range d.mails(to) {
			if !mailAbout(m, id) || !strings.Contains(m["subject"].(string), "offered to you") {
				continue
			}
			for _, l := range linkOf.FindAllStringSubmatch(m["html"].(string), -1) {
				if strings.Contains(l[1], "/d/") {
					link = html.UnescapeString(l[1])
				}
			}
		}
		return link != ""
	})
	return link
}

// decidedOffers counts the decisions of a lead's offers that took effect.
func (d door) decidedOffers(id string) (n int) {
	d.t.Helper()
	for _, i := range d.get("/v1/leads/" + id + "/timeline?limit=200")["items"].([]any) {
		item := i.(object)
		if outcome := item["data"].(object)["outcome"]; outcome == "accepted" || outcome == "rejected" {
			n++
		}
	}
	return n
}

// Many press the buttons of one mail at once: exactly one decision takes effect, and whoever wanted another reads whose it was.
func TestTold_ofManyOneDecides(t *testing.T) {
	d, _ := fast(t)
	id, owner := d.hot("Linka")
	name := d.get("/v1/reps/" + owner)["name"].(string)
	link := d.offerLink(id, owner)
	status, text := d.page(http.MethodGet, link, nil)
	require.Equal(t, 200, status)
	require.Contains(t, text, "Why this score")
	require.Contains(t, text, "SecretnameLinka")
	require.Zero(t, d.decidedOffers(id), "to look decides nothing")

	forms := []url.Values{}
	for _, reason := range []string{"no_budget", "not_ready", "wrong_contact", "bad_data", "other", "not_a_buyer"} {
		forms = append(forms, url.Values{"action": {"accept"}}, url.Values{"action": {"reject"}, "reason": {reason}, "note": {"by " + reason}})
	}
	type answer struct {
		status int
		text   string
	}
	answers := make([]answer, len(forms))
	var all sync.WaitGroup
	for i, form := range forms {
		all.Go(func() {
			resp, err := http.PostForm(link, form)
			if err != nil {
				return
			}
			defer resp.Body.Close()
			raw, _ := io.ReadAll(resp.Body)
			answers[i] = answer{resp.StatusCode, html.UnescapeString(string(raw))}
		})
	}
	all.Wait()
	won := map[string]bool{}
	for i, a := range answers {
		require.Contains(t, []int{200, 409}, a.status, a.text)
		if a.status == 200 {
			won[forms[i].Get("action")+forms[i].Get("reason")] = true
			continue
		}
		require.Contains(t, a.text, "Nothing was done: "+name+" ")
		require.Regexp(t, "accepted it on|rejected it on", a.text)
	}
	require.Len(t, won, 1, "of what was wanted one thing took effect")
	require.Equal(t, 1, d.decidedOffers(id))
}

// What was decided by the link is undone by the link, and by the API and the command line, also where it had ended the run.
func TestTold_whatWasDecidedIsUndone(t *testing.T) {
	d, _ := fast(t)
	id, owner := d.hot("Undona")
	link := d.offerLink(id, owner)
	status, text := d.page(http.MethodPost, link, url.Values{"action": {"accept"}})
	require.Equal(t, 200, status, text)
	require.Contains(t, text, `value="undo"`)
	require.Equal(t, "working", d.lead(id)["stage"])
	status, text = d.page(http.MethodPost, link, url.Values{"action": {"undo"}})
	require.Equal(t, 200, status, text)
	require.Contains(t, text, `value="accept"`, "it is open again")
	lead := d.lead(id)
	require.Equal(t, []any{"handoff", owner}, []any{lead["stage"], lead["owner"]})

	status, text = d.page(http.MethodPost, link, url.Values{"action": {"reject"}, "reason": {"not_a_buyer"}})
	require.Equal(t, 200, status, text)
	require.Equal(t, "disqualified", d.lead(id)["stage"])
	c := temporalClient(t)
	d.eventually("the run ends", func() bool {
		run, err := c.DescribeWorkflowExecution(t.Context(), "lead/"+id, "")
		return err == nil && run.WorkflowExecutionInfo.Status == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	})
	lead = d.post("/v1/leads/"+id+"/undo", object{"rep_id": owner})
	require.Equal(t, []any{"handoff", owner}, []any{lead["stage"], lead["owner"]})
	lead = d.post("/v1/leads/"+id+"/undo", object{"rep_id": owner})
	require.Equal(t, "handoff", lead["stage"], "the same again")

	lead = d.post("/v1/leads/"+id+"/accept", object{"rep_id": lead["owner"]})
	require.Equal(t, "working", lead["stage"])
	d.post("/v1/leads/"+id+"/qualify", object{"rep_id": lead["owner"]})
	require.Equal(t, "wrong_stage", d.call("POST", "/v1/leads/"+id+"/undo", object{}, 409)["code"], "there is no way back behind what was decided since")
	require.Equal(t, "disqualified", d.post("/v1/leads/"+id+"/disqualify", object{"reason": "spam"})["stage"])
	got, code := leadflow(t, "lead", "undo", id)
	require.Zero(t, code)
	require.Equal(t, []any{"opportunity", lead["owner"]}, []any{got["stage"], got["owner"]})
	require.Contains(t, d.kinds(id), "undone")

	d.event(id, "call", nil)
	require.Equal(t, "disqualified", d.post("/v1/leads/"+id+"/disqualify", object{"reason": "other"})["stage"])
	d.event(id, "meeting", nil)
	require.Equal(t, "irrevocable", d.call("POST", "/v1/leads/"+id+"/undo", object{}, 409)["code"], "somebody has talked with them since")
}
