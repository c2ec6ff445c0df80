package record

// Hit is a request for a link, the trap or the pixel of a mail. Nothing in it says from where it came: only why it is known
// not to be a person's.
type Hit struct {
	Event
	MailID string // the delivery it is of; empty: the link does not tell
	Link   string // which of its links; empty: none
	Known  string // a reason of domain/scanner; empty: nothing says so
}

// HitNoted is what became of a hit.
type HitNoted struct {
	Machine   string // a reason of domain/scanner: it is kept and counts nowhere; empty: a person's
	Duplicate bool   // it was noted before
	Untracked bool   // the policy wants a consent that the lead has not given: nothing was kept
}
