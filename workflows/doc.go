// Package workflows is the thin loop around the lifecycle: one durable run per lead.
//
// Handlers, timers and finished activities only fold events into the state; none of them blocks the loop. The loop
// alone waits, on everything at once, so an SLA clock runs on while a mail server is down. What a lead decides is in
// domain/lifecycle; what it wishes is granted by activities; here is only when.
//
// Nothing in this package may depend on the clock, on randomness, on the environment or on the order of a map. From the
// first release on, no change to the order of commands goes in without a GetVersion gate.
package workflows
