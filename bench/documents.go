package main

// The rules under which leads live here. Waits are as short as they can be and still be waits: what is over before a run
// looks costs it no timer.
const (
	benchModel = `
mql: {score: 100}
bands: {hot: 100, warm: 40, hysteresis: 10}
grades: {A: 45, B: 30, C: 15}
fit:
  - {id: boss, field: title, matches: "(?i)head|vp|director", points: 20}
engagement:
  - {id: pricing, on: page_view, where: [{field: path, equals: /pricing}], points: 20, half_life: 14d}
  - {id: webinar, on: webinar_attendance, points: 30, half_life: 45d}
  - {id: visit, on: page_view, points: 1, half_life: 14d, cap: 5}
  - {id: open, on: email_open, points: 1, half_life: 14d, cap: 5}
triggers: [demo_request]
`
	benchPolicy = `
name: bench
calendar: always
sla:
  accept: {within: 100s, remind_at: [0.001], escalate_at: 1.0, reassign_after: 100s, max_offers: 2, then: team_queue}
stale: {nurturing: 60d}
recycle:
  max_cycles: 3
  default: {path: recycle, cool_down: 30d, score: keep}
consent: {require: false}
`
	// sixMails is the nurture of a golden life.
	sixMails = `
name: six
entry: {stages: [nurturing]}
exit: [qualified, unsubscribed, replied]
steps:
  - {id: one, mail: {subject: First, body: "Hello {{ first_name }}, [see]({{ links.product }})."}}
  - {id: w1, wait: 300ms}
  - {id: two, mail: {subject: Second, body: "Second mail."}}
  - {id: w2, wait: 300ms}
  - {id: three, mail: {subject: Third, body: "Third mail."}}
  - {id: w3, wait: 300ms}
  - {id: four, mail: {subject: Fourth, body: "Fourth mail."}}
  - {id: w4, wait: 300ms}
  - {id: five, mail: {subject: Fifth, body: "Fifth mail."}}
  - {id: w5, wait: 300ms}
  - {id: six, mail: {subject: Sixth, body: "Sixth mail."}}
`
	// rest leaves a lead alone: it is open, and waits for a month.
	rest = `
name: rest
entry: {stages: [nurturing]}
exit: [qualified, unsubscribed, replied]
steps:
  - {id: w1, wait: 30d}
  - {id: one, mail: {subject: First, body: "First mail."}}
`
)
