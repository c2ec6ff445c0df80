package measure

// Sample is one measurement of one side.
type Sample struct {
	Units   float64            `json:"units"`           // what was done: events, leads, starts
	Seconds float64            `json:"seconds"`         // in how long
	CPU     map[string]float64 `json:"cpu"`             // seconds of processor by process, of all that took part
	Value   float64            `json:"value"`           // what is compared; Units/Seconds unless it was set
	P50     float64            `json:"p50_ms,omitzero"` // where answers were waited for, in milliseconds
	P99     float64            `json:"p99_ms,omitzero"`
}

// Rate gives the sample its value, units a second, unless it has one.
func (s Sample) Rate() Sample {
	if s.Value == 0 && s.Seconds > 0 {
		s.Value = s.Units / s.Seconds
	}
	return s
}

// Cost is the processor seconds of all processes together.
func (s Sample) Cost() float64 {
	var sum float64
	for _, seconds := range s.CPU {
		sum += seconds
	}
	return sum
}
