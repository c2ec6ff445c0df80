package replay

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

// Case is one application and what happened to it, in the order of the log.
type Case struct {
	ID     string
	Amount string // asked for, in whole euros
	Lines  []Line
}

// Line is one event of the log.
type Line struct {
	Number                        int // in the file, from 1
	Activity, Lifecycle, Resource string
	At                            time.Time
}

// Read reads every n-th case of events.csv.gz, beginning with the first, in the order of their first lines.
func Read(path string, every int) ([]Case, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	in := csv.NewReader(z)
	if _, err := in.Read(); err != nil { // case_id, amount_req, reg_date, activity, lifecycle, resource, timestamp
		return nil, err
	}
	var cases []Case
	index := map[string]int{} // of a case in cases; -1 of those left out
	for number := 1; ; number++ {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return cases, nil
		}
		if err != nil {
			return nil, err
		}
		n, known := index[row[0]]
		if !known {
			n = -1
			if len(index)%every == 0 {
				n = len(cases)
				cases = append(cases, Case{ID: row[0], Amount: row[1]})
			}
			index[row[0]] = n
		}
		if n < 0 {
			continue
		}
		at, err := time.Parse("2006-01-02T15:04:05.999Z07:00", row[6])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		cases[n].Lines = append(cases[n].Lines, Line{number, row[3], row[4], row[5], at})
	}
}

// Began is when the log begins.
var Began = time.Date(2011, 9, 30, 22, 38, 44, 546e6, time.UTC)

// Compression is how much faster than the bank the events are played.
const Compression = 7

// Clock says when a line happens in the replay.
type Clock struct{ Zero time.Time }

// NewClock begins 28 days before now, on a whole second.
func NewClock(now time.Time) Clock {
	return Clock{now.UTC().Add(-28 * 24 * time.Hour).Truncate(time.Second)}
}

// At is the moment of a line, in whole microseconds: that is what Postgres keeps.
func (c Clock) At(l Line) time.Time {
	return c.Zero.Add(l.At.Sub(Began) / Compression).Truncate(time.Microsecond)
}

// event is the line as POST /v1/events takes it.
func (c Clock) event(lead string, l Line) map[string]any {
	return map[string]any{
		"id": strconv.Itoa(l.Number), "lead_id": lead, "type": typeOf(l), "occurred_at": c.At(l).Format(time.RFC3339Nano),
		"properties": map[string]any{"activity": l.Activity, "lifecycle": l.Lifecycle, "resource": l.Resource},
	}
}
