// Package stack runs the real leadflow-standalone as somebody runs it in a terminal, and speaks to it through its doors:
// HTTP, and what it leaves in DATA/leadflow.env. It is for tests from outside and knows nothing of what is inside; which
// binary it runs is the caller's choice, so that it runs older releases too.
package stack
