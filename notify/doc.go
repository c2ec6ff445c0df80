// Package notify tells other systems: it signs webhooks the Standard Webhooks way and posts them, with a guard that keeps
// them away from addresses inside the house, and it knows the schedule of second attempts.
//
// It must not decide what is told to whom, retry by itself, keep state or follow a redirect. Bodies, answers and the
// query of an address never enter an error or a log.
package notify
