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
}
