package record

import "time"

// HeldPlace is a place of a rep who takes only so many leads: a task of the lead's run has given it away, and it goes to the next once that
// task is known to have been kept.
type HeldPlace struct {
	LeadID  string
	Version int64         // of the lead, that gives the place away
	For     time.Duration // how long it has been held
}
