package main

import (
	"context"

	"github.com/leadflow-dev/leadflow/bench/measure"
)

// row is a line of the table, or several that are measured together.
type row struct {
	id, title string
	measure   func(context.Context, *bench) ([]measure.Result, error)
}

// rows are all there are, in the order of the table.
var rows = []row{
	{"B1a", "one event a request from 64 clients, against plain SQL and against a signal an event", b1a},
	{"B1b", "100 events a request from 16 clients, against COPY in batches of 500", b1b},
	{"B1c", "all events on 10 leads, against B1a", b1c},
	{"B2", "whole golden leads, against a bare workflow with as many state transitions", b2},
	{"B3", "history events, actions, transitions and bytes of whole lives, against naive ones; exact", b3},
	{"B4", "a new model for all leads while events come in, against an UPDATE of all scores", b4},
	{"B5", "from an event that crosses to the notification received, against the same chain bare", b5},
	{"B6", "due nurture mails, composed, signed and in the ledger, against bare SMTP of the same bytes", b6},
	{"B6w", "wake-ups of leads whose next mail is due, against a bare timer and one local activity", b6w},
	{"B7", "open idle leads: bytes of Postgres, cached heap, cold wake-up, against a bare selector and timer", b7},
	{"B8", "from a cold start to the first lead, against Temporal alone to its first workflow", b8},
	{"B9", "decisions about who gets a lead, against a single-row UPDATE a decision", b9},
	{"B10", "deadlines that fall due at one moment, against a bare timer with one local activity", b10},
	{"import", "starts a second of an import, against bare starts", imports},
	{"replay", "a real log through the doors, in order, then shuffled and doubled; divided by nothing", replay},
}
