package scoring

// The bands.
const (
	Hot  = "hot"
	Warm = "warm"
	Cold = "cold"
)

// band is the band of a score. Who is in a band, or in the one above it, leaves it only beyond the hysteresis; so a fall
// from hot ends where it would have ended by way of warm.
func (s *Scorer) band(score float64, before string) string {
	h := s.Bands.Hysteresis
	switch {
	case score >= s.Bands.Hot, before == Hot && score >= s.Bands.Hot-h:
		return Hot
	case score >= s.Bands.Warm, (before == Warm || before == Hot) && score >= s.Bands.Warm-h:
		return Warm
	}
	return Cold
}

func (s *Scorer) grade(fit float64) string {
	switch {
	case fit >= s.Grades.A:
		return "A"
	case fit >= s.Grades.B:
		return "B"
	case fit >= s.Grades.C:
		return "C"
	}
	return "D"
}

// Qualified reports whether a result is at the MQL threshold, and at the minimum of each axis that has one.
func (s *Scorer) Qualified(r Result) bool {
	return float64(r.Score) >= s.MQL.Score && (s.MQL.MinFit == nil || r.Fit >= *s.MQL.MinFit) &&
		(s.MQL.MinEngagement == nil || r.Engagement >= *s.MQL.MinEngagement)
}

// Lifts reports the edge that makes a cycle an MQL, for a cycle that was none yet: events of this cycle earned more than
// before, and the score is at the threshold now. A kept score does not qualify by itself, nor does a better profile or a
// late event of an earlier cycle. Both results must be of one moment: before is the score without the new events.
func (s *Scorer) Lifts(before, after Result) bool {
	return s.Qualified(after) && after.Earned > before.Earned
}
