package upgrade

import (
	"fmt"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// The rules the leads live by: what is short enough that it is due again once the next release is up.
const (
	model = `
mql: {score: 100}
bands: {hot: 100, warm: 40, hysteresis: 10}
grades: {A: 45, B: 30, C: 15}
fit:
  - {id: boss, field: title, matches: "(?i)head", points: 20}
engagement:
  - {id: pricing, on: page_view, where: [{field: path, prefix: /pricing}], points: 20, half_life: 14d, cap: 60}
  - {id: visit, on: page_view, count: 3, within: 7d, points: 5}
  - {id: download, on: content_download, points: 7, within: 10d}
  - {id: webinar, on: webinar_attendance, points: 9}
triggers: [demo_request]
`
	policy = `
name: upgrade
calendar: always
sla:
  accept: {within: 24s, remind_at: [0.5], escalate_at: 1.0, reassign_after: 10s, max_offers: 2, then: team_queue}
stale: {nurturing: 10m}
recycle:
  max_cycles: 3
  reasons:
    not_ready: {path: recycle, cool_down: 20s, score: halve}
    not_a_buyer: {path: disqualify}
    price: {path: recycle, cool_down: 10m, score: zero}
    no_fit: {path: stay_lost}
  default: {path: recycle, cool_down: 10m, score: keep}
consent: {require: false}
`
	sequence = `
name: upgrade
entry: {stages: [nurturing]}
exit: [qualified, unsubscribed]
steps:
  - {id: one, mail: {subject: First, body: "First mail."}}
  - {id: rest, wait: 20s}
  - {id: two, mail: {subject: Second, body: "Second mail."}}
`
	later    = "20 seconds" // when what is held back comes due
	visitor  = "visitor-of-before-the-upgrade"
	failing  = "nobody" // no address
	halfRows = 300
)

// cast is who lives in the house of before, by name, and what stands there beside them.
type cast struct {
	ids         map[string]string
	reps        []string
	whole, half string // imports: done, and perhaps still running
	decision    string // that nobody has answered
}

func (c cast) id(name string) string { return c.ids[name] }

// settle fills the house: a lead in every stage, and one for each thing that may be under way.
func settle(h *house) cast {
	ctx := h.t.Context()
	require.NoError(h.t, h.door.Rules(ctx, model, sequence, policy))
	c := cast{ids: map[string]string{}}
	var err error
	c.reps, err = h.door.Reps(ctx, "North", "ann", "bob", "cyd")
	require.NoError(h.t, err)
	c.whole = h.upload("email,name\nida@import.example,Ida\nian@import.example,Ian\n" + failing + ",No\n")

	// Quinn's mails wait, as outside a send window.
	h.exec(`CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF NEW.kind = 'nurture' AND EXISTS (SELECT FROM leads WHERE id = NEW.lead_id AND email LIKE 'quinn@%') THEN
			NEW.not_before := now() + interval '` + later + `';
		END IF;
		RETURN NEW; END $$`)
	h.exec("CREATE TRIGGER hold BEFORE INSERT ON deliveries FOR EACH ROW EXECUTE FUNCTION hold()")
	for _, name := range []string{
		"nora", "quinn", "edda", "hanna", "wanda", "olga", "penny", "dora", "lotta", "paula", "wilma", "diana", "erna", "otto",
	} {
		lead := h.post("/v1/leads", object{"email": name + "@person.example", "profile": object{"first_name": name, "title": "Head of Things"}})
		c.ids[name] = lead["id"].(string)
	}
	c.engage(h)
	c.sell(h)
	c.leaveOpen(h)
	return c
}

// numbered are events of Edda and of a visitor nobody knows yet. They come again after the upgrade, under the same ids.
func (c cast) numbered(from time.Time) (all []object) {
	for i, kind := range []string{"page_view", "page_view", "page_view", "content_download", "webinar_attendance", "email_open"} {
		at := from.Add(-time.Duration(i) * 20 * time.Hour).Format(time.RFC3339Nano)
		e := object{"id": fmt.Sprintf("e%d", i), "type": kind, "occurred_at": at, "properties": object{"path": "/pricing", "n": i}}
		lead, known := object{"lead_id": c.id("edda")}, object{"visitor_id": visitor}
		for name, value := range e {
			lead[name], known[name] = value, value
		}
		all = append(all, lead, known)
	}
	return all
}

var began = time.Now().UTC().Truncate(time.Millisecond)

func (c cast) engage(h *house) {
	accepted, duplicates := h.events(c.numbered(began)...)
	require.Equal(h.t, []int{12, 0}, []int{accepted, duplicates})
	for _, name := range []string{"hanna", "wanda", "olga", "penny", "dora", "lotta", "paula", "wilma", "diana"} {
		h.events(object{"lead_id": c.id(name), "type": "demo_request"})
	}
}

// sell takes each lead as far as its part goes.
func (c cast) sell(h *house) {
	owner := func(name string) string { return h.awaitStage(c.id(name), "handoff")["owner"].(string) }
	for _, name := range []string{"wanda", "olga", "penny", "lotta", "wilma"} {
		h.decide(c.id(name), "accept", object{"rep_id": owner(name)})
	}
	h.decide(c.id("olga"), "qualify", object{})
	h.decide(c.id("lotta"), "lose", object{"reason": "no_fit"})
	h.decide(c.id("wilma"), "win", object{"amount": "12500.00", "currency": "EUR"})
	h.decide(c.id("dora"), "reject", object{"rep_id": owner("dora"), "reason": "not_ready"})
	h.decide(c.id("diana"), "reject", object{"rep_id": owner("diana"), "reason": "not_a_buyer"})
	owner("paula")
	h.decide(c.id("paula"), "pause", object{})
	owner("hanna")
	require.NoError(h.t, h.door.Call(h.t.Context(), "DELETE", "/v1/leads/"+c.id("erna"), nil, nil))
	h.eventually("a mail is held back", func() bool {
		return len(column[string](h, "SELECT id::text FROM deliveries WHERE state = 'queued' AND kind = 'nurture' AND not_before > now()")) == 1
	})
	h.exec("DROP TRIGGER hold ON deliveries")
	h.exec("DROP FUNCTION hold")
	h.eventually("the mail before the wait", func() bool { return len(h.mails("nora@person.example")) == 1 })
	h.eventually("an import is done", func() bool { return h.call("GET", "/v1/imports/"+c.whole, nil)["state"] == "done" })
}

// leaveOpen leaves behind what waits for somebody who went away: a claim of a relay that is gone, a decision that was
// asked in vain, an import in its middle.
func (c *cast) leaveOpen(h *house) {
	h.eventually("all has been told", func() bool { return len(column[string](h, "SELECT lead_id::text FROM outbox")) == 0 })
	h.exec(`INSERT INTO outbox (lead_id, seq, claimed_until) VALUES ($1, nextval('outbox_seq'), now() + interval '`+later+`')`, c.id("otto"))
	h.events(object{"lead_id": c.id("otto"), "type": "demo_request", "id": "otto-asks"})
	c.decision = column[string](h, `INSERT INTO decisions (id, lead_id, kind, body, fingerprint, attempts, next_at)
		VALUES (gen_random_uuid(), $1, 'qualify', '{}', 'asked-in-vain', 3, now() + interval '`+later+`') RETURNING id::text`, c.id("penny"))[0]
	var rows strings.Builder
	rows.WriteString("email,name\n")
	for i := range halfRows {
		fmt.Fprintf(&rows, "half-%03d@import.example,Half %d\n", i, i)
	}
	c.half = h.upload(rows.String())
}
