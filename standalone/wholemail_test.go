package main

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Marketing's rules, with seconds for days: what is done with mails counts, for and against a lead.
const (
	springRules = `
mql: {score: 100}
bands: {hot: 100, warm: 40, hysteresis: 10}
grades: {A: 45, B: 30, C: 15}
fit:
  - {id: boss, field: title, matches: "(?i)head|vp|director", points: 20}
engagement:
  - {id: open, on: email_open, points: 1, within: 30d, cap: 5}
  - {id: click, on: email_click, points: 25, within: 30d}
  - {id: reply, on: email_reply, points: 10, within: 30d}
  - {id: left, on: unsubscribe, points: -5, within: 30d}
  - {id: bounced, on: email_bounce, points: -12, within: 30d}
  - {id: spam, on: complaint, points: -14, within: 30d}
triggers: [demo_request]
`
	springPolicy = `
name: spring
calendar: always
sla:
  accept: {within: 10m, remind_at: [0.5], escalate_at: 1.0, reassign_after: 10m, max_offers: 2, then: team_queue}
stale: {nurturing: 10m}
recycle: {max_cycles: 3, default: {path: recycle, cool_down: 10m, score: keep}}
consent: {require: false}
`
	springSequence = `
name: spring
entry: {stages: [nurturing]}
exit: [qualified, unsubscribed, replied]
steps:
  - id: hello
    mail:
      subject: 'Spring for {{ first_name }}'
      preheader: 'What is new at {{ company }}'
      body: |
        Hello {{ first_name }},

        [read the guide](https://acme.example/guide?for={{ company }}), [see]({{ links.product }}), [terms](https://acme.example/terms "untracked").
  - {id: reads, wait_for: {any: [email_click], timeout: 12s}, then: thanks, else: nudge}
  - {id: thanks, mail: {subject: "Thank you", body: "Thank you."}, next: rest}
  - {id: nudge, mail: {subject: "Did you see it?", body: "[The guide](https://acme.example/guide)."}}
  - {id: rest, wait: 10m}
  - {id: last, mail: {subject: "Last", body: "Last."}, next: end}
  - {id: demo, goal: {name: demo, when: {engagement: {type: demo_request}}, exit: true}}
`
)

// springs is one of those to whom the campaign goes, and what must be known of them in the end.
type springs struct {
	name  string
	does  func(d door, id string, first object)
	stage string
	mail  string // state of their mail
	score float64
	rules []string // of the score, beside the fit
	steps []string // of the ledger, all of them sent
	suppr string   // why the address is suppressed
	hears string   // a line of the timeline
}

// Point 17 of the issue: a sequence is published, leads are captured, the mails are in the catcher; they are opened, clicked, bounced,
// complained about, answered and unsubscribed from there. Then stages, scores, ledger, mailboxes and timeline tell the same; and of who is
// erased none of them tells anything.
func TestWholeMail_stagesScoresLedgerAndTimelineAgree(t *testing.T) {
	d, _ := fast(t)
	d.publishSpring()
	defer d.publishFast()

	people := []springs{
		{name: "Spra", stage: "nurturing", mail: "active", score: 46, rules: []string{"click", "open"}, steps: []string{"hello", "thanks"}, hears: "moved mail:thanks", does: door.reads},
		{
			name: "Sprb", stage: "nurturing", mail: "bounced", score: 8, rules: []string{"bounced"}, steps: []string{"hello"}, suppr: "hard_bounce", hears: "bounced hard_bounce",
			does: func(d door, _ string, m object) { d.press(m, "bounce", nil) },
		},
		{
			name: "Sprc", stage: "nurturing", mail: "complained", score: 6, rules: []string{"spam"}, steps: []string{"hello"}, suppr: "complaint", hears: "complained by_the_person",
			does: func(d door, _ string, m object) { d.press(m, "complain", nil) },
		},
		{name: "Sprd", stage: "nurturing", mail: "unsubscribed", score: 15, rules: []string{"left"}, steps: []string{"hello"}, suppr: "unsubscribe", hears: "unsubscribed by_the_person", does: door.leavesInOneClick},
		{
			name: "Spre", stage: "nurturing", mail: "active", score: 30, rules: []string{"reply"}, steps: []string{"hello"}, hears: "moved sequence_done:exit:replied",
			does: func(d door, _ string, m object) { d.press(m, "reply", map[string][]string{"text": {"Tell me more."}}) },
		},
		{
			name: "Sprf", stage: "handoff", mail: "active", score: 45, rules: []string{"click"}, steps: []string{"hello", "thanks"}, hears: "triggered demo_request",
			does: func(d door, id string, m object) {
				require.Equal(d.t, http.StatusFound, d.follow(http.MethodGet, with(linksIn(m), "/t/c/"), ""))
				d.eventually("the thanks", func() bool { return strings.Contains(d.whys(id), "mail:thanks") })
				d.event(id, "demo_request", nil)
			},
		},
		{name: "Sprg", stage: "nurturing", mail: "active", score: 20, steps: []string{"hello", "nudge"}, hears: "moved mail:nudge", does: func(door, string, object) {}},
	}
	ids := map[string]string{}
	for _, p := range people {
		ids[p.name] = d.capture(p.name)
	}
	for _, p := range people {
		first := d.nthMail(p.name, 1)
		require.Equal(t, "Spring for "+p.name, first["subject"])
		p.does(d, ids[p.name], first)
	}
	for _, p := range people {
		d.agrees(ids[p.name], p)
	}
	inside := d.get("/v1/mails?limit=200&state=unknown")["items"].([]any)
	for _, m := range inside {
		require.NotContains(t, slices.Collect(maps.Values(ids)), m.(object)["lead_id"], "nothing is unknown")
	}
	d.forgotten(ids, people)
}

// reads opens the mail, and follows its first link twice, once with a look in advance.
func (d door) reads(_ string, m object) {
	links := linksIn(m)
	click := with(links, "/t/c/")
	require.Contains(d.t, click, "acme.example%2Fguide%3Ffor%3DHidden%2520Corp%2520Spra", "the link has what the template says of the lead")
	require.Contains(d.t, links, "https://acme.example/terms")
	require.Equal(d.t, http.StatusOK, d.follow(http.MethodGet, with(links, "/p/"), ""), "the footer leads to the preferences")
	require.Equal(d.t, http.StatusOK, d.follow(http.MethodGet, with(links, "/u/"), ""), "and asks who wants to leave")
	require.Equal(d.t, http.StatusFound, d.follow(http.MethodHead, click, ""))
	require.Equal(d.t, http.StatusOK, d.follow(http.MethodGet, with(links, "/t/o/"), ""))
	for range 2 {
		require.Equal(d.t, http.StatusFound, d.follow(http.MethodGet, click, ""))
	}
}

var oneClick = regexp.MustCompile(`<(http[^>]*/u/[^>]*)>`)

// leavesInOneClick does what the button of a mailbox does (RFC 8058), twice.
func (d door) leavesInOneClick(id string, m object) {
	headers := m["headers"].(object)
	require.Equal(d.t, "List-Unsubscribe=One-Click", headers["List-Unsubscribe-Post"])
	link := oneClick.FindStringSubmatch(headers["List-Unsubscribe"].(string))
	require.NotNil(d.t, link, "%v", headers["List-Unsubscribe"])
	require.Equal(d.t, http.StatusOK, d.follow(http.MethodGet, link[1], ""))
	require.Equal(d.t, "active", d.lead(id)["mail"].(object)["state"], "to look is not to leave")
	for range 2 {
		require.Equal(d.t, http.StatusOK, d.follow(http.MethodPost, link[1], "List-Unsubscribe=One-Click"))
	}
}

func linksIn(m object) (links []string) {
	for _, l := range linkOf.FindAllStringSubmatch(m["html"].(string), -1) {
		links = append(links, strings.ReplaceAll(l[1], "&amp;", "&"))
	}
	return links
}

// agrees holds what every side tells of a lead against what was done.
func (d door) agrees(id string, p springs) {
	t := d.t
	t.Helper()
	d.eventually(p.name+": "+p.hears, func() bool { return strings.Contains(d.whys(id), p.hears) })
	lead := d.awaitStage(id, p.stage)
	require.Equal(t, p.mail, lead["mail"].(object)["state"], p.name)
	require.Equal(t, p.suppr, d.suppressedAs(p.name), p.name)

	score := d.get("/v1/leads/" + id + "/score")
	require.Equal(t, p.score, lead["score"], p.name)
	require.Equal(t, p.score, score["score"], p.name)
	var rules []string
	for _, i := range score["items"].([]any) {
		if rule := i.(object)["rule"].(string); rule != "boss" && rule != "rounding" {
			rules = append(rules, rule)
		}
	}
	slices.Sort(rules)
	require.Equal(t, p.rules, rules, "%s: each counts once: %v", p.name, score["items"])

	var steps, messages []string
	d.eventually(p.name+": all is sent", func() bool {
		steps, messages = nil, nil
		for _, m := range d.get("/v1/mails?limit=200&lead_id=" + id)["items"].([]any) {
			if m := m.(object); m["kind"] == "nurture" {
				require.Equal(t, []any{"spring", 1.0}, []any{m["sequence"], m["cycle"]}, p.name)
				if m["state"] != "sent" {
					return false
				}
				steps, messages = append(steps, m["step"].(string)), append(messages, "lf."+m["id"].(string)+"@leadflow.example")
			}
		}
		return len(steps) >= len(p.steps)
	})
	slices.Reverse(steps)
	require.Equal(t, p.steps, steps, p.name)
	var moved []string
	for _, why := range whys(d.timelineOf(id), "moved", 1) {
		if step, ok := strings.CutPrefix(why, "mail:"); ok {
			moved = append(moved, step)
		}
	}
	require.Equal(t, p.steps, moved, "%s: the timeline has what the ledger has", p.name)
	var got []string
	for _, m := range d.mails(strings.ToLower(p.name) + "@person.example") {
		got = append(got, strings.Trim(m["headers"].(object)["Message-Id"].(string), "<>"))
	}
	require.ElementsMatch(t, messages, got, "%s: the mailbox has what the ledger has, once", p.name)
}

// forgotten erases all of them: their links lead on, and neither they nor what comes back write anything.
func (d door) forgotten(ids map[string]string, people []springs) {
	t := d.t
	t.Helper()
	for _, p := range people {
		d.erase(ids[p.name])
	}
	for _, p := range people {
		id, m := ids[p.name], d.nthMail(p.name, 1)
		links := linksIn(m)
		require.Equal(t, http.StatusFound, d.follow(http.MethodGet, with(links, "/t/c/"), ""))
		require.Equal(t, http.StatusOK, d.follow(http.MethodGet, with(links, "/t/o/"), ""))
		require.Equal(t, http.StatusOK, d.follow(http.MethodPost, with(links, "/u/"), "List-Unsubscribe=One-Click"))
		require.Equal(t, http.StatusNotFound, d.follow(http.MethodGet, with(links, "/p/"), ""))
		d.call(http.MethodGet, "/v1/leads/"+id, nil, http.StatusGone)
		d.call(http.MethodPost, "/v1/sequences/spring/1/preview", object{"lead_id": id}, http.StatusGone)
		require.Empty(t, d.get("/v1/mails?limit=200&lead_id=" + id)["items"])
		require.Empty(t, d.suppressedAs(p.name), "the hash alone is left")
	}
	again := d.capture("Sprd")
	require.Equal(t, "unsubscribed", d.lead(again)["mail"].(object)["state"], "who left and comes again has left")
	d.erase(again)
}

func (d door) publishSpring() { d.publish(springRules, springPolicy, "spring", springSequence) }

// publishFast puts back what the other tests go by.
func (d door) publishFast() { d.publish(fastModel, "", "quick", fastSequence) }

func (d door) publish(model, policy, name, sequence string) {
	d.t.Helper()
	d.post(fmt.Sprintf("/v1/models/%.0f/publish", d.post("/v1/models", object{"source": model})["version"]), object{})
	if policy != "" {
		d.post("/v1/policies", object{"source": policy, "active": true})
	} else {
		d.call("PATCH", "/v1/policies/"+the(d.t, d.get("/v1/policies?limit=200"), "name", "fast-test")["id"].(string), object{"active": true})
	}
	made := d.post("/v1/sequences", object{"source": sequence, "default": true})
	d.post(fmt.Sprintf("/v1/sequences/%s/%.0f/publish", name, made["version"]), object{})
}
