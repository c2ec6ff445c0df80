// Package reconcile compares what Postgres says of leads (projection, carried state, ledger of offers) with what their runs in Temporal
// say of themselves: whether there is one, its state, and whether a timer stands behind its next deadline. It writes nothing and
// wakes nobody but by a query. What is in flight differs for a moment, so a difference is told only when it was seen again.
package reconcile
