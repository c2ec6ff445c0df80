// Package worker hosts the runs: it registers workflow and activities, relays the outbox to Temporal, and works off what
// leaves the house, in three lanes that cannot delay each other. Starting more processes is how it scales: every loop
// here claims by lease.
//
// It holds no SQL and decides nothing about a lead.
package worker
