package sequence

// Inside says what becomes of the leads that are in other versions when a version is published.
type Inside string

// What may become of them.
const (
	Stay    Inside = "stay"    // they end in the version they are in
	Onward  Inside = "move"    // they go on in the new one at the step of the same id
	Restart Inside = "restart" // they begin the new one from its first step
)

// Insides lists all of them.
var Insides = []Inside{Stay, Onward, Restart}

// Successor is the step of a newer version at which a lead goes on that rests at a step of this one: the same, else the
// first of those this version would have led to that is still there, going by `next` and, where a lead may go several
// ways, by `else` or the first arm. End when there is none, so that a removed step strands nobody.
func (s Sequence) Successor(step string, newer Sequence) string {
	for range len(s.Steps) + 1 {
		if _, there := newer.step(step); there {
			return step
		}
		i, ok := s.step(step)
		if !ok {
			return End
		}
		step = s.onward(i)
	}
	return End
}

// onward is where a lead goes to from the i-th step about which nothing is known.
func (s Sequence) onward(i int) string {
	step := s.Steps[i]
	switch {
	case step.WaitFor != nil, step.Goal != nil, len(step.Branch) > 0:
		return s.or(step.Else, i)
	case len(step.Split) > 0:
		return step.Split[0].To
	}
	return s.or(step.Next, i)
}
