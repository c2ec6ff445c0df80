// Package routing chooses who gets a lead. A routing document says by ordered rules to which pool of reps, or to which person,
// a lead goes; Decide follows it. It decides from candidates that were read under a lock and reads nothing itself, so the same
// document and the same input always give the same decision: the ledger keeps the input, and anybody may ask again.
package routing
