package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Load writes through the doors, repeats what was not acknowledged, and keeps what was.
type Load struct {
	house *House
	seed  uint64

	mu      sync.Mutex
	leads   []string            // acknowledged
	emails  map[string]string   // -> lead
	events  map[string][]string // lead -> client ids acknowledged
	demo    map[string]bool     // leads whose demo request was acknowledged
	refused map[string]int      // answers that no outage explains

	retries atomic.Int64
	doubled atomic.Int64 // answered as duplicates
}

// Set up: rules, a team and a subscriber, through the door.
const (
	sequence = `
name: chaos
entry: {stages: [nurturing]}
exit: [qualified, unsubscribed, replied]
steps:
  - {id: one, mail: {subject: First, body: "First mail."}}
  - {id: w1, wait: 3s}
  - {id: two, mail: {subject: Second, body: "Second mail."}}
`
)

// Settle publishes the rules and hires a team.
func (h *House) Settle(ctx context.Context) error {
	if _, err := h.ask(ctx, http.MethodPost, "/v1/sequences", map[string]any{"source": sequence, "default": true}); err != nil {
		return err
	}
	if _, err := h.ask(ctx, http.MethodPost, "/v1/sequences/chaos/1/publish", map[string]any{}); err != nil {
		return err
	}
	for _, name := range []string{"ann", "bob", "cyd"} {
		if _, err := h.ask(ctx, http.MethodPost, "/v1/reps", map[string]any{"name": name, "email": name + "@sales.example"}); err != nil {
			return err
		}
	}
	_, err := h.ask(ctx, http.MethodPost, "/v1/webhooks", map[string]any{"url": h.Sink.Hook, "kinds": []string{"handoff.offered"}})
	return err
}

// NewLoad makes a generator that follows the seed.
func NewLoad(h *House, seed uint64) *Load {
	return &Load{house: h, seed: seed, emails: map[string]string{}, events: map[string][]string{}, demo: map[string]bool{}, refused: map[string]int{}}
}

// Run writes with so many writers until the time is over. Each finishes what it has begun: nothing stays unacknowledged
// unless the context ends.
func (l *Load) Run(ctx context.Context, writers int, most time.Duration) {
	end := time.Now().Add(most)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(l.seed, uint64(w)))
			for n := 0; time.Now().Before(end) && ctx.Err() == nil; n++ {
				l.step(ctx, rng, fmt.Sprintf("w%d-%d", w, n))
			}
		})
	}
	all.Wait()
}

func (l *Load) step(ctx context.Context, rng *rand.Rand, name string) {
	switch dice := rng.IntN(100); {
	case dice < 25 || l.count() < 5:
		l.capture(ctx, rng, name)
	case dice < 29:
		l.send(ctx, rng, name, l.pick(rng, 1), "demo_request")
	default:
		l.send(ctx, rng, name, l.pick(rng, 1+rng.IntN(20)), "")
	}
	select { // what the machine can digest while it is being killed; speed is measured elsewhere
	case <-ctx.Done():
	case <-time.After(time.Duration(rng.IntN(60)) * time.Millisecond):
	}
}

func (l *Load) count() int { l.mu.Lock(); defer l.mu.Unlock(); return len(l.leads) }

func (l *Load) pick(rng *rand.Rand, n int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]string, n)
	for i := range out {
		out[i] = l.leads[min(rng.IntN(len(l.leads)), rng.IntN(len(l.leads)))] // some are hotter than others
	}
	return out
}

func (l *Load) capture(ctx context.Context, rng *rand.Rand, name string) {
	email := name + "@person.example"
	answer, ok := l.until(ctx, rng, "/v1/leads", map[string]any{
		"email": email, "profile": map[string]any{"title": []string{"Head of Sales", "Engineer", "Student"}[rng.IntN(3)]}, "source": map[string]any{"channel": "chaos"},
	})
	id, _ := answer["id"].(string)
	if !ok || id == "" {
		return
	}
	l.mu.Lock()
	l.leads, l.emails[email] = append(l.leads, id), id
	l.mu.Unlock()
	if rng.IntN(3) == 0 { // at once: its run is just being started, and what it must be told grows meanwhile
		l.send(ctx, rng, name+"-at-once", []string{id}, "demo_request")
	}
}

// cheap are events that alone make nobody an MQL.
var cheap = []map[string]any{
	{"type": "page_view", "properties": map[string]any{"path": "/blog"}},
	{"type": "page_view", "properties": map[string]any{"path": "/pricing"}},
	{"type": "content_download", "properties": map[string]any{"kind": "guide"}},
	{"type": "email_open"},
	{"type": "cta_click"},
	{"type": "ad_click"},
	{"type": "webinar_registration"},
}

// send brings events of leads in one request, and what was rejected for the moment again, until all are taken.
func (l *Load) send(ctx context.Context, rng *rand.Rand, name string, leads []string, kind string) {
	var items []map[string]any
	for i, lead := range leads {
		item := map[string]any{"id": fmt.Sprintf("%s-%d", name, i), "lead_id": lead, "type": kind, "occurred_at": time.Now().UTC()}
		if kind == "" {
			for k, v := range cheap[rng.IntN(len(cheap))] {
				item[k] = v
			}
		}
		items = append(items, item)
	}
	if rng.IntN(10) == 0 { // a client that did not hear its answer sends the same again
		defer l.until(ctx, rng, "/v1/events", items)
	}
	for len(items) > 0 {
		answer, ok := l.until(ctx, rng, "/v1/events", items)
		if !ok {
			return
		}
		again := map[int]bool{}
		rejected, _ := answer["rejected"].([]any)
		for _, r := range rejected {
			r := r.(map[string]any)
			code := r["error"].(map[string]any)["code"].(string)
			if again[int(r["index"].(float64))] = code == "unavailable"; code != "unavailable" {
				l.refuse("event: " + code)
			}
		}
		items = l.taken(items, again)
	}
}

// taken keeps what was acknowledged and gives back what was not.
func (l *Load) taken(items []map[string]any, again map[int]bool) (rest []map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, item := range items {
		if retry, rejected := again[i]; rejected {
			if retry {
				rest = append(rest, item)
			}
			continue
		}
		lead := item["lead_id"].(string)
		l.events[lead] = append(l.events[lead], item["id"].(string))
		if item["type"] == "demo_request" {
			l.demo[lead] = true
		}
	}
	return rest
}

func (l *Load) refuse(why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused[why]++
}

// until repeats a request at one door after the other until it is acknowledged. An answer that no outage explains is kept
// and ends it.
func (l *Load) until(ctx context.Context, rng *rand.Rand, path string, body any) (map[string]any, bool) {
	for try := rng.IntN(2); ctx.Err() == nil; try++ {
		status, answer, err := l.house.post(ctx, l.house.doors[try%len(l.house.doors)], http.MethodPost, path, body)
		switch {
		case err == nil && status < 300:
			if n, _ := answer["duplicates"].(float64); n > 0 {
				l.doubled.Add(int64(n))
			}
			return answer, true
		case err == nil && status < 500 && status != http.StatusTooManyRequests && status != http.StatusConflict:
			l.refuse(fmt.Sprintf("%s: %d %v", path, status, answer["code"]))
			return nil, false
		}
		l.retries.Add(1)
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(50+rng.IntN(200)) * time.Millisecond):
		}
	}
	return nil, false
}

// ask is a request of the harness itself to the first door.
func (h *House) ask(ctx context.Context, method, path string, body any) (map[string]any, error) {
	status, answer, err := h.post(ctx, h.doors[0], method, path, body)
	if err == nil && status >= 300 {
		err = fmt.Errorf("%s %s: %d %v", method, path, status, answer)
	}
	return answer, err
}

func (h *House) post(ctx context.Context, door, method, path string, body any) (int, map[string]any, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, door+path, bytes.NewReader(raw))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+h.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := h.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	if raw, err = io.ReadAll(resp.Body); err != nil {
		return 0, nil, err
	}
	answer := map[string]any{}
	_ = json.Unmarshal(raw, &answer) // of a problem its code is told where there is one
	return resp.StatusCode, answer, nil
}
