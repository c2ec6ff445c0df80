//go:build !race

package loop

// underRace says that the race detector is on: fitting is ten times as slow then.
const underRace = false
