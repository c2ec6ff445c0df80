// Package simulate plays lives of leads over the rules by which real ones live. All leads are on one clock: reps have room for only so many, pools take turns,
// queues fill. What people do is drawn from a Behaviour, which says itself what it supposes; what the house does is the code of the
// other packages of domain, and nothing here decides it: lifecycle (stages, clocks), hearing (what a run is told), scoring, sequence, routing,
// deadline, calendar.
//
// A run of a lead is here what workflows.Lead is around the same rulebook: an event is folded in, its wishes are carried out, the answers are folded in, and
// the earliest deadline is waited for. Every wish is granted at once and nothing is ever away, so a life takes the moments that it would take in a house
// without delay. A test plays the same lives through the workflow.
//
// What is drawn is drawn from the seed, the lead and what it is drawn for, and from nothing else. So the same seed gives the same lives, and two policies can be
// compared on the same people: what they do by themselves is the same, and what they do because of what happens to them is drawn alike.
//
// It must not read a clock, load zones or perform I/O.
package simulate
