package scoring

// Holds tests a value that is there, or is not. A condition whose expression cannot be read, which Problems tells, holds for
// nothing.
func (c Condition) Holds(v any, there bool) bool {
	if s, ok := v.(string); ok && s == "" {
		there = false
	}
	t, err := compile(c)
	return err == nil && t.holds(v, there && v != nil)
}

// Problems finds everything that is wrong with a condition but the name of its field.
func (c Condition) Problems(path string) []Problem {
	k := &check{}
	k.tests(path, c)
	return k.problems
}
