// Package funnel counts how far leads came, and how long it took them, from dated facts: who reached which step, and
// when. It does not know where facts come from. The order in which they arrive and how often they are told changes
// nothing: a step counts once, at the earliest moment that any fact gives it.
package funnel
