// Package person is what Leadflow knows of people: the fields of a profile and the kinds of engagement. It only names and
// reads; what comes in is normalised by intake, what is kept is the store's, and what it is worth is scoring's.
package person
