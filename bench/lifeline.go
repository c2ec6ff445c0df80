package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
)

// lived is a life as the client saw it.
type lived struct {
	id    string
	steps []moment
}

// moment is what somebody says happened.
type moment struct {
	at   time.Time
	who  string
	what string
}

func (l *lived) step(what string) { l.steps = append(l.steps, moment{time.Now(), "client", what}) }

const sqlLifeline = `SELECT at, 'timeline', kind || ' ' || why FROM timeline WHERE lead_id = $1
UNION ALL SELECT created_at, 'ledger', kind || ' queued' FROM deliveries WHERE lead_id = $1
UNION ALL SELECT sent_at, 'ledger', kind || ' ' || state FROM deliveries WHERE lead_id = $1 AND sent_at IS NOT NULL`

// drawn writes down what a life waited for, beside what perf recorded: the client's steps, what Postgres says, and the
// history, on one clock.
func (g *golden) drawn(ctx context.Context, l *lived) error {
	if g.profile == "" {
		return nil
	}
	all := slices.Clone(l.steps)
	rows, err := g.pool.Query(ctx, sqlLifeline, l.id)
	if err != nil {
		return err
	}
	for rows.Next() {
		var m moment
		if err := rows.Scan(&m.at, &m.who, &m.what); err != nil {
			return err
		}
		all = append(all, m)
	}
	if rows.Err() != nil {
		return rows.Err()
	}
	events := g.temporal.GetWorkflowHistory(ctx, "lead/"+l.id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return err
		}
		all = append(all, moment{e.GetEventTime().AsTime(), "history", fmt.Sprintf("%d %s", e.GetEventId(), e.GetEventType())})
	}
	slices.SortStableFunc(all, func(a, b moment) int { return cmp.Or(a.at.Compare(b.at), 0) })
	var out strings.Builder
	last := all[0].at
	for _, m := range all {
		fmt.Fprintf(&out, "%8.1f ms %+7.1f  %-8s %s\n", ms(m.at.Sub(all[0].at)), ms(m.at.Sub(last)), m.who, m.what)
		last = m.at
	}
	return os.WriteFile(filepath.Join(g.profile, "B2-life.txt"), []byte(out.String()), 0o644)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
