package scoring

// OnlyGives reports that no rule takes points from what the accumulators hold. Then the score falls with time and never
// rises, and more of the same only holds it up: whatever is folded in addition, the score turns no earlier than before, as
// long as the band, the fit and the adjustments stay. Whoever knows an earlier turn need not look for the new one.
func (s *Scorer) OnlyGives(acc Accumulators) bool {
	for i := range acc.Tallies {
		if n, known := s.index[acc.Tallies[i].Rule]; known && s.rules[n].points < 0 {
			return false
		}
	}
	return true
}
