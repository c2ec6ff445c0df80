package worker

import (
	"context"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Side carries mails over so many connections of its own.
type Side struct {
	Carrier
	Connections int
}

// Sides carry the mails of a lane, each with connections and commits of its own: while one waits for Postgres the other talks
// to the mail server. A mail begins and ends on one side, so that a connection still has at most one in state sending.
type Sides struct {
	free chan Carrier // one for each mail that a side has room for
}

// NewSides has as many mails at work on each side as the pool of the lane has for that many connections.
func NewSides(sides ...Side) *Sides {
	connections := 0
	for _, s := range sides {
		connections += s.Connections
	}
	all := &Sides{make(chan Carrier, mailsForEach*connections)}
	for n := range mailsForEach * connections { // in turn, as long as both have room
		for _, s := range sides {
			if n < mailsForEach*s.Connections {
				all.free <- s.Carrier
			}
		}
	}
	return all
}

// Carry has the side send a mail that has had room for the longest.
func (s *Sides) Carry(ctx context.Context, d record.Delivery) error {
	side := <-s.free
	defer func() { s.free <- side }()
	return side.Carry(ctx, d)
}
