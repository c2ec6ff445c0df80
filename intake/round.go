package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	commitTimeout = 30 * time.Second // of one transaction
	maxMisses     = 64               // transactions that fail in a row before a batch is given up
)

// round is the commit of one batch, in as many transactions as it takes.
type round struct {
	events   Events
	misses   int      // transactions that failed since one was committed
	suspects []ticket // failed alone, with an error that does not say whose fault it was
	held     []ticket // somebody else holds whom they are about: not decided
}

// store commits what it can. A batch that fails is halved until the culprit stands alone: that one is refused. When even
// single events fail one after the other it is not the events, and the rest is told so.
func (r *round) store(batch []ticket) {
	if len(batch) == 0 {
		return
	}
	results, err := r.ingest(batch)
	if err == nil {
		r.committed(batch, results)
		return
	}
	r.misses++
	switch {
	case notNow(err) || r.misses > maxMisses:
		for _, t := range batch {
			t.failed(err)
		}
	case len(batch) == 1 && blamesData(err):
		batch[0].decided(record.Ingested{Code: CodeInvalid})
	case len(batch) == 1:
		batch[0].failed(err)
		r.suspects = append(r.suspects, batch[0])
	default:
		half := len(batch) / 2
		r.store(batch[:half])
		r.store(batch[half:])
	}
}

// committed answers the tickets of a transaction. That it went through proves that it was the suspects' own fault.
func (r *round) committed(batch []ticket, results []record.Ingested) {
	for i, t := range batch {
		if results[i].Waits {
			r.held = append(r.held, t)
			continue
		}
		t.decided(results[i])
	}
	for _, t := range r.suspects {
		t.decided(record.Ingested{Code: CodeInvalid})
	}
	r.misses, r.suspects = 0, nil
}

// ingest is one transaction. It outlives the requests whose events it carries, not for long.
func (r *round) ingest(batch []ticket) ([]record.Ingested, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(batch[0].ctx), commitTimeout)
	defer cancel()
	events := make([]record.Event, len(batch))
	for i, t := range batch {
		events[i] = t.events[t.n]
	}
	results, err := r.events.Ingest(ctx, events)
	if err == nil && len(results) != len(events) {
		err = fmt.Errorf("ingest: %d answers for %d events", len(results), len(events))
	}
	return results, err
}

// sqlState is the code of an error of Postgres.
func sqlState(err error) string {
	var coded interface{ SQLState() string }
	if errors.As(err, &coded) {
		return coded.SQLState()
	}
	return ""
}

// blamesData reports whether Postgres says that the data is at fault: data exceptions, integrity, program limits.
func blamesData(err error) bool {
	state := sqlState(err)
	return len(state) == 5 && (state[:2] == "22" || state[:2] == "23" || state[:2] == "54")
}

// notNow reports whether nothing about the batch is known to be wrong: trying its halves would change nothing.
func notNow(err error) bool {
	state := sqlState(err)
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, record.ErrUnavailable) ||
		state != "" && !blamesData(err)
}
