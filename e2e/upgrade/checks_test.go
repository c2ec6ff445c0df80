package upgrade

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// sight is the house as it was just before it was stopped.
type sight struct {
	at        time.Time // by Postgres
	stages    map[string]string
	scores    map[string]object // the explanation at that moment
	timelines map[string][]object
	events    []string
	imported  string
}

// sqlEvents are all events, but for whom a visitor turned out to be.
const sqlEvents = `SELECT concat_ws(' ', id, CASE WHEN visitor_id IS NULL THEN lead_id END, visitor_id, client_id, type, occurred_at, received_at, properties)
FROM events ORDER BY id`

func look(h *house, c cast) sight {
	s := sight{stages: map[string]string{}, scores: map[string]object{}, timelines: map[string][]object{}}
	s.at = column[time.Time](h, "SELECT clock_timestamp()")[0]
	for name, id := range c.ids {
		if name == "erna" {
			continue
		}
		s.stages[name] = h.lead(id)["stage"].(string)
		s.scores[name] = h.scoreAt(id, s.at)
		s.timelines[name] = h.timeline(id)
	}
	s.events = column[string](h, sqlEvents)
	s.imported = outcome(h, c.whole)
	require.Equal(h.t, map[string]string{
		"nora": "nurturing", "quinn": "nurturing", "edda": "nurturing", "otto": "nurturing", "hanna": "handoff", "paula": "handoff",
		"wanda": "working", "penny": "working", "olga": "opportunity", "dora": "dormant", "lotta": "lost", "wilma": "won",
		"diana": "disqualified",
	}, s.stages, "the house before")
	require.Len(h.t, s.events, 12+9+1)
	return s
}

// outcome is what became of an import.
func outcome(h *house, id string) string {
	got := h.call("GET", "/v1/imports/"+id, nil)
	return fmt.Sprint(got["state"], got["rows"], got["created"], got["updated"], got["unchanged"], got["failed"])
}

// nothingIsLost: what was known of a moment is known of it still.
func nothingIsLost(h *house, c cast, was sight) {
	for _, name := range slices.Sorted(maps.Keys(was.stages)) {
		id := c.id(name)
		score := h.scoreAt(id, was.at)
		maps.DeleteFunc(score, func(part string, _ any) bool { _, told := was.scores[name][part]; return !told }) // a later release may say more
		require.Equal(h.t, was.scores[name], score, "the score of %s and its points, at the moment before", name)
		now := h.timeline(id)
		require.GreaterOrEqual(h.t, len(now), len(was.timelines[name]), name)
		require.Equal(h.t, lines(was.timelines[name]), lines(now[:len(was.timelines[name])]), "the timeline of %s goes on from where it was", name)
	}
	require.Subset(h.t, column[string](h, sqlEvents), was.events)
	require.Equal(h.t, was.imported, outcome(h, c.whole), "the import that was done")
	errors, err := h.door.Text(h.t.Context(), "/v1/imports/"+c.whole+"/errors.csv")
	require.NoError(h.t, err)
	require.Contains(h.t, errors, failing, "the row that failed")
	err = h.door.Call(h.t.Context(), "GET", "/v1/leads/"+c.id("erna"), nil, nil)
	require.ErrorContains(h.t, err, ": 410 ", "who was erased stays erased")
}

// lines are what a timeline says, without when. What a run was about to record when it was killed, it decides anew.
func lines(items []object) (all []string) {
	for _, i := range items {
		all = append(all, fmt.Sprint(i["kind"], i["from"], i["to"], i["actor"], i["why"], i["cycle"], i["version"], i["data"]))
	}
	return all
}

// nothingIsTakenTwice: ids of before are known, of leads and of visitors, and of a visitor who is known meanwhile.
func nothingIsTakenTwice(h *house, c cast) {
	accepted, duplicates := h.events(c.numbered(began)...)
	require.Equal(h.t, []int{0, 12}, []int{accepted, duplicates}, "all were here before")
	vera := h.post("/v1/leads", object{"email": "vera@person.example", "visitor_id": visitor, "profile": object{"title": "Head of Things"}})
	c.ids["vera"] = vera["id"].(string)
	require.Equal(h.t, h.lead(c.id("edda"))["score"], vera["score"], "what the visitor did counts as if it had been known at once")
	accepted, duplicates = h.events(c.numbered(began)...)
	require.Equal(h.t, []int{0, 12}, []int{accepted, duplicates}, "also of who is known now")
	accepted, duplicates = h.events(object{"lead_id": c.id("otto"), "type": "demo_request", "id": "otto-asks"})
	require.Equal(h.t, []int{0, 1}, []int{accepted, duplicates}, "the trigger that waits in the outbox")
}

// whatWaitedGoesOn: clocks, cool-downs, waiting steps, mails, rows of the outbox, a decision, an import.
func whatWaitedGoesOn(h *house, c cast, was sight) {
	h.awaitStage(c.id("otto"), "handoff")
	h.awaitStage(c.id("penny"), "opportunity")
	require.Equal(h.t, "applied", h.call("GET", "/v1/decisions/"+c.decision, nil)["state"])
	h.told("the row of the outbox and the decision took effect")
	h.eventually("who rested comes back", func() bool { return h.lead(c.id("dora"))["cycle"] == 2.0 })
	h.eventually("the clock of the offer fires", func() bool {
		return slices.ContainsFunc(h.timeline(c.id("hanna")), func(i object) bool {
			at, err := time.Parse(time.RFC3339Nano, i["at"].(string))
			return err == nil && i["kind"] == "passed" && at.After(was.at)
		})
	})
	h.told("the cool-down is over, the clock has fired")
	h.eventually("the step after the wait", func() bool { return len(h.mails("nora@person.example")) == 2 })
	h.eventually("the mail that was held back, and the one after it", func() bool { return len(h.mails("quinn@person.example")) == 2 })
	for _, name := range []string{"nora", "quinn"} {
		require.Equal(h.t, []string{"First", "Second"}, slices.Sorted(slices.Values(h.mails(name+"@person.example"))), "each once")
	}
	h.told("the mails went out")
	h.exec("UPDATE imports SET claimed_until = now() WHERE claimed_until > now()") // the lease of who went away, over early
	h.eventually("the import that was under way", func() bool { return strings.HasPrefix(outcome(h, c.half), "done") })
	require.Equal(h.t, []int64{halfRows}, column[int64](h, "SELECT count(*) FROM leads WHERE email LIKE 'half-%@import.example'"))
	require.Empty(h.t, column[string](h, "SELECT key FROM deliveries WHERE kind = 'nurture' AND state IN ('failed', 'unknown')"),
		"no mail failed, and of none is unknown whether it left")
}

// mailsCameOnce: of nurture mail the ledger and the catcher tell the same, mail by mail.
func mailsCameOnce(h *house) {
	sent := func() (all []string) {
		return column[string](h, `SELECT l.email || ' ' || initcap(CASE d.step WHEN 'one' THEN 'first' ELSE 'second' END)
			FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE d.kind = 'nurture' AND d.state = 'sent' ORDER BY 1`)
	}
	caught := func() (all []string) {
		for _, address := range column[string](h, "SELECT email FROM leads WHERE email LIKE '%@person.example' ORDER BY email") {
			for _, subject := range h.mails(address) {
				all = append(all, address+" "+subject)
			}
		}
		slices.Sort(all)
		return all
	}
	h.eventually("every mail the ledger calls sent was caught once, and no other", func() bool { return slices.Equal(sent(), caught()) })
	require.NotEmpty(h.t, sent())
}

// peopleGoOnDeciding: every stage takes the decisions it took before, and the answer is the lead as it results.
func peopleGoOnDeciding(h *house, c cast) {
	require.Equal(h.t, "opportunity", h.decide(c.id("wanda"), "qualify", object{})["stage"])
	require.Equal(h.t, "won", h.decide(c.id("wanda"), "win", object{"amount": 1, "currency": "EUR"})["stage"])
	require.Equal(h.t, "dormant", h.decide(c.id("olga"), "lose", object{"reason": "price"})["stage"])
	require.Equal(h.t, "nurturing", h.decide(c.id("lotta"), "recycle", object{})["stage"])
	resumed := h.decide(c.id("paula"), "resume", object{})
	require.Equal(h.t, false, resumed["paused"])
	require.Equal(h.t, "working", h.decide(c.id("paula"), "accept", object{"rep_id": resumed["owner"]})["stage"])
	owner := h.awaitStage(c.id("otto"), "handoff")["owner"]
	require.Equal(h.t, "working", h.decide(c.id("otto"), "accept", object{"rep_id": owner})["stage"])
	require.Equal(h.t, "won", h.lead(c.id("wilma"))["stage"])
	require.Equal(h.t, "disqualified", h.lead(c.id("diana"))["stage"])
	fresh := h.post("/v1/leads", object{"email": "freya@person.example"})["id"].(string)
	c.ids["freya"] = fresh
	h.events(object{"lead_id": fresh, "type": "demo_request"})
	h.awaitStage(fresh, "handoff")
}

// scoresAddUp: one more event is folded onto what the release before had folded, and the sum is the explanation's.
func scoresAddUp(h *house, c cast) {
	for name, id := range c.ids {
		if name == "erna" {
			continue
		}
		h.events(object{"lead_id": id, "type": "page_view", "properties": object{"path": "/pricing/new"}})
		lead, score := h.lead(id), h.call("GET", "/v1/leads/"+id+"/score", nil)
		require.Equal(h.t, score["score"], lead["score"], name)
		require.InDelta(h.t, score["engagement"], lead["engagement"], 0.01, name)
		sum := 0.0
		for _, i := range score["items"].([]any) {
			sum += i.(object)["points"].(float64)
		}
		require.InDelta(h.t, sum, score["fit"].(float64)+score["engagement"].(float64), 0.01, name)
	}
}
