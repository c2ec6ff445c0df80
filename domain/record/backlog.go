package record

import "time"

// Backlog is what waits, and what went wrong and waits for somebody.
type Backlog struct {
	Outbox       int           // leads whose runs have something to be told
	OutboxOldest time.Duration // how long the oldest of them has waited

	Decisions       int           // asked and not yet answered by the run
	DecisionsOldest time.Duration // how long the oldest of them has waited

	Due     map[string]int // deliveries that may go out now and have not, by lane
	Unknown int            // mails of which nobody knows whether they arrived: somebody decides
	Imports map[string]int // not yet done, by state

	SLALate time.Duration // by how much the worst accept deadline has passed that no run has looked at
	GivenUp int           // commands given up in the last seven days

	Held map[string]string // lanes that are held, and why

	ScoresLate time.Duration // by how much the longest overdue moment has passed at which a score was to be looked at
	Rescoring  int           // leads the published model has not reached

	EventsKept   time.Duration // how long ago the house of the events was kept: partitions made, others dropped
	EventsBeside int           // events that lie in no partition of a time, 1,000 at most
}
