package sequence

import (
	"fmt"
	"slices"
	"strings"
)

// ways are the steps a lead may go to from the i-th one, the end left out.
func (s Sequence) ways(i int) []int {
	step, names := s.Steps[i], []string{}
	switch {
	case step.WaitFor != nil:
		names = append(names, s.or(step.Then, i), s.or(step.Else, i))
	case step.WaitUntil != nil && step.WaitUntil.Field == "": // comes always
		names = append(names, s.or(step.Next, i))
	case step.WaitUntil != nil, step.Goal != nil:
		names = append(names, s.or(step.Next, i), s.or(step.Else, i))
	case len(step.Split) > 0:
		for _, a := range step.Split {
			names = append(names, a.To)
		}
	case len(step.Branch) > 0:
		for _, b := range step.Branch {
			names = append(names, b.To)
		}
		names = append(names, s.or(step.Else, i))
	default:
		names = append(names, s.or(step.Next, i))
	}
	var out []int
	for _, name := range names {
		if n, ok := s.step(name); ok && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// rests reports whether a lead cannot pass the i-th step without time going by. It passes a wait for a band it is in, and for
// a date that is over.
func (s Sequence) rests(i int) bool {
	step := s.Steps[i]
	return step.Wait > 0 || step.WaitFor != nil && len(step.WaitFor.Band) == 0 || step.WaitUntil != nil && step.WaitUntil.Field == ""
}

// graph finds steps no lead can come to, and loops in which no time passes.
func (c *check) graph() {
	for i, seen := range c.reach() {
		if !seen {
			c.add(fmt.Sprintf("steps[%d]", i), "can never be reached: nothing leads to it")
		}
	}
	if loop := c.loop(); loop != nil {
		var names []string
		for _, i := range append(loop, loop[0]) {
			names = append(names, c.s.Steps[i].ID)
		}
		c.add(fmt.Sprintf("steps[%d]", loop[0]),
			"is in a loop without a wait, which would turn for ever: %s; put a wait, a wait_for without a band, or a wait_until with days into it", strings.Join(names, " -> "))
	}
}

// reach begins where leads do: at the first step, and at the goals, to which they come from anywhere.
func (c *check) reach() []bool {
	seen, todo := make([]bool, len(c.s.Steps)), []int{0}
	for i, step := range c.s.Steps {
		if step.Goal != nil {
			todo = append(todo, i)
		}
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !seen[i] {
			seen[i] = true
			todo = append(todo, c.s.ways(i)...)
		}
	}
	return seen
}

// loop is the first loop in which no step rests.
func (c *check) loop() []int {
	done := make([]bool, len(c.s.Steps))
	var found []int
	var follow func(i int, trail []int)
	follow = func(i int, trail []int) {
		if found != nil || c.s.rests(i) {
			return
		}
		if at := slices.Index(trail, i); at >= 0 {
			found = slices.Clone(trail[at:])
			return
		}
		if done[i] {
			return
		}
		for _, n := range c.s.ways(i) {
			follow(n, append(slices.Clone(trail), i))
		}
		done[i] = true
	}
	for i := range c.s.Steps {
		follow(i, nil)
	}
	return found
}
