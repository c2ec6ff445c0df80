package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// comeback has a step of every kind, for who was lost because nothing was decided.
const comeback = `
name: comeback
entry: {reasons: [no_decision], reentry: never}
exit: [replied]
steps:
  - {id: mark, set_field: {field: custom.path, value: comeback}}
  - {id: arms, split: [{arm: a, to: mail_a}, {arm: b, to: mail_b}]}
  - {id: mail_a, mail: {subject: "Variant A", body: "[See]({{ links.product }})."}, next: until}
  - {id: mail_b, mail: {subject: "Variant B", body: "[See]({{ links.product }})."}}
  - {id: until, wait_until: {field: custom.call_at}, else: pause}
  - {id: pause, wait: 300ms}
  - {id: look, wait_for: {any: [content_download], band: [hot], timeout: 10s}, then: sort, else: end}
  - {id: sort, branch: [{if: {field: custom.path, equals: comeback, membership: [comebacks]}, to: tell}], else: end}
  - {id: tell, notify: {channel: webhook, message: Looked around}}
  - {id: tell_ann, notify: {rep: ann@sales.example, message: Looked around}}
  - {id: thanks, mail: {subject: "Thanks", body: "Thank you."}}
  - {id: rest, wait: 30s, next: end}
  - {id: form, goal: {name: form, when: {engagement: {type: form_submit}}, within: 40s, exit: true}}
`

// subscriber collects what is posted to it.
type subscriber struct {
	mu   sync.Mutex
	told []object
}

func (s *subscriber) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	body := object{}
	_ = json.Unmarshal(raw, &body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, body)
}

func (s *subscriber) about(lead string) (out []object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.told {
		if data, _ := b["data"].(object); data["lead_id"] == lead {
			out = append(out, data)
		}
	}
	return out
}

// Leads are lost, come back by the sequence of their reason, and walk through every kind of step. What the timeline says, what the
// ledger says, what the mailboxes and the subscriber got, and the results of the split agree.
func TestASequenceOfEveryKindOfStep(t *testing.T) {
	d, _ := fast(t)
	hooks := &subscriber{}
	server := httptest.NewServer(hooks)
	t.Cleanup(server.Close)
	d.post("/v1/webhooks", object{"url": server.URL, "kinds": []string{"sequence.notified"}})
	kept := d.post("/v1/sequences", object{"source": comeback})
	path := fmt.Sprintf("/v1/sequences/comeback/%.0f", kept["version"])
	d.post(path+"/publish", object{})

	names := []string{"Coma", "Comb", "Comc", "Comd", "Come", "Comf", "Comg", "Comh"}
	ids := map[string]string{}
	var mu sync.Mutex
	t.Run("walks", func(t *testing.T) {
		for i, name := range names {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				d := door{t}
				id := d.comesBack(name)
				mu.Lock()
				ids[name] = id
				mu.Unlock()
				d.walksComeback(id, name, i%4, hooks)
			})
		}
	})

	// The results are what the leads did.
	arms := map[string]int{}
	for _, name := range names {
		arms[armOf(d.timelineOf(ids[name]))]++
	}
	var results object
	d.eventually("all are settled", func() bool {
		results = d.get(path + "/results")
		settled := 0.0
		for _, a := range comparedArms(results) {
			settled += a["settled"].(float64)
		}
		return settled == float64(len(names))
	})
	converted := 0.0
	for _, a := range results["splits"].([]any)[0].(object)["arms"].([]any) {
		require.EqualValues(t, arms[a.(object)["arm"].(string)], a.(object)["entered"], results)
	}
	for _, a := range comparedArms(results) {
		converted += a["converted"].(float64)
	}
	require.EqualValues(t, 2, converted, "two of eight have filled in the form")
	require.Equal(t, "undecided", results["splits"].([]any)[0].(object)["goals"].([]any)[0].(object)["verdict"], "eight leads decide nothing")
	require.Equal(t, "retired", d.post(path+"/retire", object{})["state"])
}

func comparedArms(results object) (out []object) {
	for _, a := range results["splits"].([]any)[0].(object)["goals"].([]any)[0].(object)["arms"].([]any) {
		out = append(out, a.(object))
	}
	return out
}

// comesBack captures a lead and loses it for a reason that has a sequence of its own.
func (d door) comesBack(name string) string {
	d.t.Helper()
	id := d.capture(name)
	d.event(id, "demo_request", nil)
	owner := d.awaitStage(id, "handoff")["owner"]
	d.post("/v1/leads/"+id+"/accept", object{"rep_id": owner})
	d.post("/v1/leads", object{"email": strings.ToLower(name) + "@person.example", "source": object{"channel": "event", "campaign": "Comebacks"}})
	if strings.HasSuffix(name, "a") {
		at := time.Now().Add(5 * time.Second).UTC().Format(time.RFC3339)
		d.call("PATCH", "/v1/leads/"+id, object{"profile": object{"custom": object{"call_at": at}}})
	}
	d.post("/v1/leads/"+id+"/lose", object{"reason": "no_decision"})
	return id
}

func (d door) timelineOf(id string) (out []object) {
	d.t.Helper()
	for _, i := range d.get("/v1/leads/" + id + "/timeline?limit=200")["items"].([]any) {
		out = append(out, i.(object))
	}
	slices.Reverse(out)
	return out
}

func armOf(timeline []object) string {
	for _, i := range timeline {
		if i["kind"] == "split" {
			return i["why"].(string)
		}
	}
	return ""
}

// whys are the lines of one kind in a cycle, in order.
func whys(timeline []object, kind string, cycle float64) (out []string) {
	for _, i := range timeline {
		if i["kind"] == kind && i["cycle"] == cycle {
			out = append(out, i["why"].(string))
		}
	}
	return out
}

// The ways through: looks around and fills in a form; looks around; replies; does nothing.
const (
	wayForm = iota
	wayLook
	wayReply
	wayNothing
)

func (d door) walksComeback(id, name string, way int, hooks *subscriber) {
	t, address := d.t, strings.ToLower(name)+"@person.example"
	var arm string
	d.eventually("the mail of an arm", func() bool {
		arm = armOf(d.timelineOf(id))
		return arm != "" && slices.ContainsFunc(d.mails(address), func(m object) bool { return m["subject"] == "Variant "+strings.ToUpper(arm) })
	})
	require.Equal(t, "comeback", d.lead(id)["profile"].(object)["custom"].(object)["path"])
	done := ""
	ends := func(why string) {
		t.Helper()
		d.eventually("the end by "+why, func() bool {
			d.event(id, "page_view", nil) // or the policy would call it stale
			for _, w := range whys(d.timelineOf(id), "moved", 2) {
				if strings.HasPrefix(w, "sequence_done:") {
					done = w
				}
			}
			return done != ""
		})
		require.Equal(t, "sequence_done:"+why, done)
	}
	step := func(want string) {
		t.Helper()
		d.eventually("step "+want, func() bool {
			return slices.Contains(whys(d.timelineOf(id), "moved", 2), "mail:"+want)
		})
	}
	mails := []string{"mail_" + arm}
	switch way {
	case wayForm, wayLook:
		d.eventually("it looks around, and is thanked", func() bool {
			d.event(id, "content_download", nil) // whenever it comes to the step that waits
			return slices.Contains(whys(d.timelineOf(id), "moved", 2), "mail:thanks")
		})
		step("thanks")
		mails = append(mails, "thanks")
		require.Equal(t, []string{"webhook", "rep"}, whys(d.timelineOf(id), "notified", 2))
		d.eventually("the rep and the subscriber hear of it", func() bool {
			return len(hooks.about(id)) > 0 && slices.ContainsFunc(d.mails("ann@sales.example"), func(m object) bool {
				return mailAbout(m, id) && strings.Contains(m["text"].(string), "Looked around") && strings.Contains(m["text"].(string), "step tell_ann")
			})
		})
		require.Len(t, hooks.about(id), 1)
		require.Equal(t, "tell", hooks.about(id)[0]["step"])
	}
	switch way {
	case wayForm:
		d.event(id, "form_submit", nil)
		ends("goal:form")
		require.Equal(t, []string{"form"}, whys(d.timelineOf(id), "goal", 2))
	case wayReply:
		d.event(id, "email_reply", nil)
		ends("exit:replied")
	case wayNothing:
		ends("end")
	}
	if way != wayForm && way != wayLook {
		require.Empty(t, hooks.about(id))
	}
	require.Equal(t, []string{arm}, whys(d.timelineOf(id), "split", 2), "drawn once")

	// The ledger has what the timeline has, once each, and it was sent.
	var ledger []string
	for _, m := range d.get("/v1/mails?limit=200&lead_id=" + id)["items"].([]any) {
		if m := m.(object); m["kind"] == "nurture" && m["cycle"] == 2.0 {
			require.Equal(t, "comeback", m["sequence"])
			ledger = append(ledger, m["step"].(string))
		}
	}
	slices.Reverse(ledger)
	require.Equal(t, mails, ledger)
	for _, mail := range mails {
		require.Contains(t, whys(d.timelineOf(id), "moved", 2), "mail:"+mail)
	}
}
