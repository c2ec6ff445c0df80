package funnel

import "time"

// Fact says that a subject reached a step at a moment. A subject is what counts once: a lead, or one cycle of a lead.
type Fact struct {
	Subject string
	Step    string
	At      time.Time
}

// Step is one step of a funnel.
type Step struct {
	Name       string
	Reached    int     // subjects with a fact of this step
	Conversion float64 // of those who reached the step before, the share who reached this one; 1 for the first step, 0 of nobody
	Took       Took    // from the step before
}

// Took is how long something took those who did it.
type Took struct {
	N           int // subjects with both facts, the second not before the first
	Median, P90 time.Duration
}

// Count makes a funnel of steps in their order. A subject may reach a step without the one before it: it then counts
// there, and in no conversion or duration.
func Count(steps []string, facts []Fact) []Step {
	at := earliest(facts)
	out := make([]Step, len(steps))
	for i, name := range steps {
		out[i] = Step{Name: name, Reached: len(at[name]), Conversion: 1}
		if i == 0 {
			continue
		}
		before, both := at[steps[i-1]], 0
		for subject := range at[name] {
			if _, ok := before[subject]; ok {
				both++
			}
		}
		out[i].Conversion = float64(both) / float64(max(1, len(before)))
		out[i].Took = took(before, at[name])
	}
	return out
}

// Between is how long it took from one step to another, whatever lies between.
func Between(from, to string, facts []Fact) Took {
	at := earliest(facts)
	return took(at[from], at[to])
}

// earliest is, by step and subject, the first moment that any fact names.
func earliest(facts []Fact) map[string]map[string]time.Time {
	at := map[string]map[string]time.Time{}
	for _, f := range facts {
		if at[f.Step] == nil {
			at[f.Step] = map[string]time.Time{}
		}
		if known, ok := at[f.Step][f.Subject]; !ok || f.At.Before(known) {
			at[f.Step][f.Subject] = f.At
		}
	}
	return at
}

func took(from, to map[string]time.Time) Took {
	var all []time.Duration
	for subject, end := range to {
		if begin, ok := from[subject]; ok && !end.Before(begin) {
			all = append(all, end.Sub(begin))
		}
	}
	return Spans(all)
}
