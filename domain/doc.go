// Package domain is the rulebook of Leadflow, in small packages. Nothing below it performs I/O, reads a clock, draws
// randomness or imports anything but the standard library and its own siblings: facts come in as arguments, wishes
// leave as values.
package domain
