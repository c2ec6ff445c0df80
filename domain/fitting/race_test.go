//go:build race

package fitting_test

// underRace says that the race detector is on: fitting is ten times as slow then.
const underRace = true
