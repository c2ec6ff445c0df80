package chaos

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// The clocks of the test, in units of within, and its rules. What rests, rests for hours.
const (
	stressPolicy = `
name: stress
calendar: always
sla:
  accept: {within: %[1]s, remind_at: [0.5], escalate_at: 1.0, reassign_after: %[2]s, max_offers: 2, then: team_queue}
  first_touch: {within: %[1]s, remind_at: [0.5], reassign_after: %[2]s, max_reassign: 1, then: team_queue}
  idle: {working: 8h, opportunity: 8h, after_manager: 8h, finally: dormant}
stale: {nurturing: 12h}
recycle:
  max_cycles: 3
  reasons:
    not_ready: {path: recycle, cool_down: 6h, score: keep}
    out_of_territory: {path: reroute}
    bad_data: {path: disqualify}
    price: {path: recycle, cool_down: 6h}
    no_fit: {path: stay_lost}
  default: {path: recycle, cool_down: 6h, score: keep}
`
	stressRouting = `
name: stress
account: {owner: none}
rules:
  - {id: east, when: [{field: source.channel, equals: east}], pool: east, fallback: [everybody]}
  - {id: west, when: [{field: source.channel, equals: west}], pool: west, fallback: [everybody]}
  - {id: rest, pool: rest, fallback: [everybody]}
pools:
  east: {strategy: round_robin, reps: [%s]}
  west: {strategy: weighted, reps: [%s]}
  rest: {strategy: least_loaded, reps: [%s]}
  everybody: {strategy: round_robin}
`
	staff = 16
)

// Hire publishes the rules and hires a staff: each pool shares reps with the next, and two of three may have only a few leads.
func (h *House) Hire(ctx context.Context, seed uint64, leads int, within time.Duration) (*Sales, error) {
	s := &Sales{house: h, seed: seed, begun: map[string]bool{}, count: map[string]int{}}
	team, err := h.ask(ctx, http.MethodPost, "/v1/teams", map[string]any{"name": "stress"})
	if err != nil {
		return nil, err
	}
	var pools [3][]string
	for i := range staff {
		rep := map[string]any{"name": fmt.Sprintf("rep %d", i), "email": fmt.Sprintf("rep%d@sales.example", i), "team_id": team["id"], "weight": 1 + i%4}
		if i%3 != 2 {
			rep["capacity"] = 2 + leads/100
		}
		if i == 5 {
			rep["per_day"] = 2 + leads/30
		}
		made, err := h.ask(ctx, http.MethodPost, "/v1/reps", rep)
		if err != nil {
			return nil, err
		}
		id := made["id"].(string)
		if s.reps = append(s.reps, id); rep["capacity"] == nil && rep["per_day"] == nil {
			s.free = append(s.free, id)
		}
		for p, from := range []int{0, 4, 8} {
			if i >= from && i < from+8 {
				pools[p] = append(pools[p], rep["email"].(string))
			}
		}
	}
	policy := fmt.Sprintf(stressPolicy, within, within/2)
	if _, err := h.ask(ctx, http.MethodPost, "/v1/policies", map[string]any{"source": policy, "active": true}); err != nil {
		return nil, err
	}
	routing := fmt.Sprintf(stressRouting, list(pools[0]), list(pools[1]), list(pools[2]))
	made, err := h.ask(ctx, http.MethodPost, "/v1/routes", map[string]any{"source": routing})
	if err != nil {
		return nil, err
	}
	_, err = h.ask(ctx, http.MethodPost, fmt.Sprintf("/v1/routes/%v/publish", made["version"]), map[string]any{})
	return s, err
}

func list(names []string) (out string) {
	for i, n := range names {
		if i > 0 {
			out += ", "
		}
		out += n
	}
	return out
}

// Flood captures so many leads, each of whom asks for a demo, while nothing is told to runs; then all of them are to be handed over at once.
func (h *House) Flood(ctx context.Context, n int) error {
	if out, err := h.Leadflow(ctx, "lanes", "hold", "outbox"); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	work, errs := make(chan int), make(chan error, n)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range work {
				errs <- h.enter(ctx, i)
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	all.Wait()
	for range n {
		if err := <-errs; err != nil {
			return err
		}
	}
	out, err := h.Leadflow(ctx, "lanes", "release", "outbox")
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func (h *House) enter(ctx context.Context, i int) error {
	lead, err := h.ask(ctx, http.MethodPost, "/v1/leads", map[string]any{
		"email": fmt.Sprintf("lead%d@person.example", i), "source": map[string]any{"channel": []string{"east", "west", "other"}[i%3]},
	})
	if err != nil {
		return err
	}
	answer, err := h.ask(ctx, http.MethodPost, "/v1/events", map[string]any{"id": "demo", "lead_id": lead["id"], "type": "demo_request"})
	if err == nil && answer["accepted"] != 1.0 {
		err = fmt.Errorf("the demo request of lead %d was not accepted: %v", i, answer)
	}
	return err
}
