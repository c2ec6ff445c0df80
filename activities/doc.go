// Package activities grants the wishes the lifecycle decides. It is the only room that acts on the world for a run, and
// it does so through the small interfaces in ports.go, which the store fits.
//
// Every exported method of a struct here is an activity, so helpers stay unexported. Errors that leave an activity are
// codes: Postgres quotes values in its own, and what leaves an activity is kept in history.
package activities
