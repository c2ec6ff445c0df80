// Package fitting makes a behaviour for a simulation out of what a house has seen: when leads come and from where, what they do in visits and with mails, how
// reps answer offers, what becomes of leads at work. What there is too little of is taken from a behaviour that is assumed, and said.
//
// A behaviour describes many people and nobody: a value that fewer than Anonymous leads have is in none, and reps have numbers.
//
// It must not read a clock, load zones or perform I/O.
package fitting
