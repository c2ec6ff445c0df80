package replay

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/funnel"
)

// The real file, beside the repository and never in it.
const logFile = "../../../shared/data/bpic2012/events.csv.gz"

// byHand is the log, read by nothing of ours: of every n-th case the moments of its activities.
type byHand struct {
	lines int
	first map[string]map[string]time.Time // by activity and case
	ended map[string]string               // by case: how it ended, and how far it had come
}

func needsLog(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(logFile); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not here; it is not part of the repository", logFile)
	}
}

func readByHand(t *testing.T, every int) byHand {
	t.Helper()
	needsLog(t)
	f, err := os.Open(logFile)
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	rows, err := csv.NewReader(z).ReadAll()
	require.NoError(t, err)
	h, seen := byHand{first: map[string]map[string]time.Time{}, ended: map[string]string{}}, map[string]int{}
	for _, row := range rows[1:] {
		if _, known := seen[row[0]]; !known {
			seen[row[0]] = len(seen)
		}
		if seen[row[0]]%every != 0 {
			continue
		}
		h.lines++
		at, err := time.Parse(time.RFC3339, row[6])
		require.NoError(t, err)
		if h.first[row[3]] == nil {
			h.first[row[3]] = map[string]time.Time{}
		}
		if was, known := h.first[row[3]][row[0]]; !known || at.Before(was) {
			h.first[row[3]][row[0]] = at
		}
	}
	for id := range h.first["A_SUBMITTED"] {
		h.ended[id] = h.ending(id)
	}
	return h
}

// ending is the stage of the product that the bank's ending stands for.
func (h byHand) ending(id string) string {
	has := func(activity string) bool { _, ok := h.first[activity][id]; return ok }
	switch {
	case has("A_ACTIVATED"):
		return "won"
	case has("A_DECLINED"), !has("A_PREACCEPTED"): // what is never preaccepted ends stale
		return "disqualified"
	case has("A_CANCELLED") && has("A_ACCEPTED"):
		return "lost"
	case has("A_CANCELLED"):
		return "dormant"
	case has("O_SENT"):
		return "opportunity"
	case has("A_ACCEPTED"):
		return "working"
	}
	return "handoff"
}

func (h byHand) count(activity string) int { return len(h.first[activity]) }

// facts are the milestones of the cases, at the bank's own time.
func facts(cases []Case) (all []funnel.Fact) {
	for _, c := range cases {
		for _, l := range c.Lines {
			all = append(all, funnel.Fact{Subject: c.ID, Step: l.Activity, At: l.At})
		}
	}
	return all
}

// What is published of the whole log is what our reader and our funnel make of it.
func TestRead_theWholeLogIsTheOnePublished(t *testing.T) {
	t.Parallel()
	hand := readByHand(t, 1)
	cases, err := Read(logFile, 1)
	require.NoError(t, err)
	require.Equal(t, []int{13087, 262200, 7635, 2807}, []int{len(cases), hand.lines, hand.count(Declined), hand.count(Cancelled)})
	open := 0
	for _, stage := range hand.ended {
		if stage == "handoff" || stage == "working" || stage == "opportunity" {
			open++
		}
	}
	require.Equal(t, 399, open)

	all := facts(cases)
	var reached []int
	steps := funnel.Count(Milestones, all)
	for _, s := range steps {
		reached = append(reached, s.Reached)
	}
	require.Equal(t, []int{13087, 7367, 5113, 5015, 2246}, reached)
	near := func(hours, within float64, got time.Duration, what string) {
		require.InDelta(t, hours, got.Hours(), within, what)
	}
	require.Equal(t, 43*time.Second, steps[1].Took.Median.Truncate(time.Second), "submitted -> preaccepted, median, published in whole seconds")
	near(9.60, 0.01, steps[1].Took.P90, "submitted -> preaccepted, p90")
	near(4.12, 0.005, steps[2].Took.Median, "preaccepted -> accepted")
	near(43.6, 0.05, steps[2].Took.P90, "preaccepted -> accepted, p90")
	near(0.052, 0.0005, steps[3].Took.Median, "accepted -> sent")
	near(331.8, 0.05, steps[4].Took.Median, "sent -> activated")
	near(667, 0.5, steps[4].Took.P90, "sent -> activated, p90")
	near(346.5, 0.05, funnel.Between(Submitted, Activated, all).Median, "submitted -> activated")
	near(0.187, 0.0005, funnel.Between(Submitted, Declined, all).Median, "submitted -> declined")
	near(404, 0.5, funnel.Between(Submitted, Cancelled, all).Median, "submitted -> cancelled")
}

func TestClock_keepsTheOrderAndLiesWithinTheHorizon(t *testing.T) {
	t.Parallel()
	needsLog(t)
	cases, err := Read(logFile, 1)
	require.NoError(t, err)
	now := time.Now()
	clock := NewClock(now)
	for _, c := range cases {
		for i, l := range c.Lines {
			at := clock.At(l)
			require.WithinRange(t, at, now.Add(-29*24*time.Hour), now.Add(-24*time.Hour), c.ID)
			require.False(t, i > 0 && at.Before(clock.At(c.Lines[i-1])), c.ID)
		}
	}
}
