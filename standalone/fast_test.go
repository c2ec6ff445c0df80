package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The rules of a life with seconds for days.
const (
	fastModel = `
mql: {score: 100}
bands: {hot: 100, warm: 40, hysteresis: 10}
grades: {A: 45, B: 30, C: 15}
fit:
  - {id: boss, field: title, matches: "(?i)head|vp|director", points: 20}
engagement:
  - {id: pricing, on: page_view, where: [{field: path, prefix: /pricing}], points: 20, half_life: 14d}
  - {id: webinar, on: webinar_attendance, points: 30, half_life: 45d}
  - {id: visit, on: page_view, points: 1, half_life: 14d, cap: 5}
  - {id: open, on: email_open, points: 1, half_life: 14d, cap: 5}
triggers: [demo_request]
`
	fastPolicy = `
name: fast-test
calendar: always
sla:
  accept: {within: 6s, remind_at: [0.5], escalate_at: 1.0, reassign_after: 3s, max_offers: 2, then: team_queue}
stale: {nurturing: 6s}
recycle:
  max_cycles: 3
  reasons:
    not_ready: {path: recycle, cool_down: 2s, score: halve}
    no_capacity: {path: reroute}
    duplicate: {path: disqualify}
    price: {path: recycle, cool_down: 2s, score: zero}
    no_fit: {path: stay_lost}
  default: {path: recycle, cool_down: 3s, score: keep}
consent: {require: false}
`
	fastSequence = `
name: quick
entry: {stages: [nurturing]}
exit: [qualified, unsubscribed, replied]
steps:
  - id: one
    mail: {subject: 'Welcome, {{ first_name | default: "friend" }}', body: 'Hello {{ first_name | default: "there" }}, [see]({{ links.product }}).'}
  - {id: w1, wait: 1s}
  - {id: two, mail: {subject: Second, body: "Second mail."}}
  - {id: w2, wait: 1s}
  - {id: three, mail: {subject: Third, body: "Third mail."}}
  - {id: w3, wait: 1s}
  - {id: four, mail: {subject: Fourth, body: "Fourth mail."}}
  - {id: w4, wait: 1s}
  - {id: five, mail: {subject: Fifth, body: "Fifth mail."}}
  - {id: w5, wait: 1s}
  - {id: six, mail: {subject: Sixth, body: "Sixth mail."}}
`
)

// crew is who works in sales.
type crew struct {
	team, manager string
	reps          []string
}

var setUp struct {
	sync.Once
	crew crew
}

// fast publishes the quick rules and hires a team, once for all tests.
func fast(t *testing.T) (door, crew) {
	t.Helper()
	d := door{t}
	setUp.Do(func() {
		model := d.post("/v1/models", object{"source": fastModel})
		d.post(fmt.Sprintf("/v1/models/%.0f/publish", model["version"]), object{})
		seq := d.post("/v1/sequences", object{"source": fastSequence, "default": true})
		d.post(fmt.Sprintf("/v1/sequences/quick/%.0f/publish", seq["version"]), object{})
		d.post("/v1/policies", object{"source": fastPolicy, "active": true})
		team := d.post("/v1/teams", object{"name": "North"})["id"].(string)
		manager := d.post("/v1/reps", object{"name": "Mona Manager", "email": "mona@sales.example", "active": false})["id"].(string)
		d.call("PATCH", "/v1/teams/"+team, object{"manager_id": manager})
		setUp.crew = crew{team: team, manager: manager}
		for _, name := range []string{"Ann", "Bob", "Cyd"} {
			rep := d.post("/v1/reps", object{"name": name + " Seller", "email": strings.ToLower(name) + "@sales.example", "team_id": team})
			setUp.crew.reps = append(setUp.crew.reps, rep["id"].(string))
		}
	})
	require.NotEmpty(t, setUp.crew.reps, "the rules could not be set up")
	return d, setUp.crew
}

// capture makes a lead and returns its id.
func (d door) capture(name string) string {
	d.t.Helper()
	lead := d.post("/v1/leads", object{
		"email":   strings.ToLower(name) + "@person.example",
		"profile": object{"first_name": name, "last_name": "Secretname" + name, "title": "Head of Things", "company": "Hidden Corp " + name, "phone": "+491701234567"},
		"source":  object{"channel": "web"},
	})
	return lead["id"].(string)
}

func (d door) event(lead, kind string, properties object) {
	d.t.Helper()
	out := d.post("/v1/events", object{"lead_id": lead, "type": kind, "properties": properties})
	require.EqualValues(d.t, 1, out["accepted"], "%v", out)
}
