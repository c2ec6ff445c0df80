package replay

import (
	"fmt"
	"time"
)

// The activities of the log that move a lead.
const (
	Submitted   = "A_SUBMITTED"
	Preaccepted = "A_PREACCEPTED"
	Accepted    = "A_ACCEPTED"
	Sent        = "O_SENT"
	Activated   = "A_ACTIVATED"
	Declined    = "A_DECLINED"
	Cancelled   = "A_CANCELLED"
)

// Milestones are the steps of the log's funnel, in their order.
var Milestones = []string{Submitted, Preaccepted, Accepted, Sent, Activated}

// types are those of activities that are more than custom.
var types = map[string]string{
	Submitted: "form_submit", "A_PARTLYSUBMITTED": "form_submit",
	Preaccepted:          "demo_request", // the model's hard trigger
	"O_SENT_BACK":        "email_reply",
	"O_ACCEPTED":         "cta_click",
	"W_Afhandelen leads": "call", "W_Completeren aanvraag": "call", "W_Nabellen offertes": "call",
	"W_Nabellen incomplete dossiers": "call",
}

// typeOf is the kind of engagement a line is. Work that is planned or begun is no contact yet.
func typeOf(l Line) string {
	kind, known := types[l.Activity]
	if !known || l.Lifecycle != "COMPLETE" {
		return "custom"
	}
	return kind
}

// Model scores what the customers of the log do, by rules of every shape. Its threshold is out of reach, so that the
// bank's own verdict alone makes an MQL.
const Model = `
mql: {score: 10000}
bands: {hot: 60, warm: 30, hysteresis: 5}
grades: {A: 45, B: 30, C: 15}
fit:
  - {id: large, field: custom.amount, range: [20000, 1000000], points: 10}
engagement:
  - {id: form, on: form_submit, points: 5, half_life: 14d, cap: 10}
  - {id: call, on: call, points: 3, half_life: 3d}
  - {id: calls, on: call, count: 3, within: 20d, points: 10}
  - {id: reply, on: email_reply, points: 15, within: 25d, cap: 30}
  - {id: yes, on: cta_click, points: 25}
  - {id: offers, on: custom, where: [{field: activity, equals: O_CREATED}], count: 2, points: 4}
  - {id: withdrawn, on: custom, where: [{field: activity, equals: O_CANCELLED}], points: -2, cap: -6}
triggers: [demo_request]
`

// Sequence writes to nobody while the log is played: its people have no address.
const Sequence = `
name: bank
entry: {stages: [nurturing]}
steps:
  - {id: rest, wait: 60d}
  - {id: hello, mail: {subject: Hello, body: "Hello."}}
`

// Policy is the rules of the replay: who never qualifies is disqualified after stale, and no other clock fires while the
// log is played.
func Policy(name string, stale time.Duration) string {
	return fmt.Sprintf(`
name: %s
calendar: always
sla:
  accept: {within: 30d, max_offers: 2, then: team_queue}
stale: {nurturing: %.0fs}
recycle:
  max_cycles: 1
  reasons:
    not_ready: {path: recycle, cool_down: 60d, score: keep}
    not_a_buyer: {path: disqualify}
    no_fit: {path: stay_lost}
  default: {path: recycle, cool_down: 60d, score: keep}
consent: {require: false}
`, name, stale.Seconds())
}
