package life

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func after(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }

func moved(hours, cycle int, kind, from, to, why string) record.TimelineItem {
	return record.TimelineItem{At: after(hours), Cycle: cycle, Kind: kind, From: from, To: to, Why: why}
}

func TestTell_aLifeOfTwoCycles(t *testing.T) {
	t.Parallel()
	l := Tell(record.Lead{ID: "lead", Stage: "won", CreatedAt: noon}, []record.TimelineItem{
		moved(0, 1, "captured", "", "", ""),
		moved(1, 1, "started", "captured", "nurturing", "captured"),
		moved(2, 1, "moved", "", "", "mail:hello"),
		moved(10, 1, "triggered", "nurturing", "qualified", "mql"),
		moved(10, 1, "offered", "qualified", "handoff", "in_turn"),
		moved(12, 1, "rejected", "handoff", "dormant", "not_ready"),
		moved(60, 2, "passed", "dormant", "nurturing", "cool_down_over"),
		moved(70, 2, "triggered", "nurturing", "qualified", "demo_request"),
		moved(71, 2, "claimed", "qualified", "working", "team_queue"),
		moved(90, 2, "won", "working", "won", "decision"),
		moved(91, 2, "noted", "", "", ""),
	}, after(500))
	require.Len(t, l.Cycles, 2)
	first, second := l.Cycles[0], l.Cycles[1]
	stages := func(c Cycle) (out []lifecycle.Stage, hours []int64) {
		for _, s := range c.Stays {
			out, hours = append(out, s.Stage), append(hours, s.Seconds/3600)
		}
		return out, hours
	}
	names, took := stages(first)
	require.Equal(t, []lifecycle.Stage{"captured", "nurturing", "qualified", "handoff", "dormant"}, names)
	require.Equal(t, []int64{1, 9, 0, 2, 48}, took)
	require.Equal(t, []any{noon, after(60), int64(60 * 3600)}, []any{first.Began, *first.Ended, first.Seconds})
	require.Equal(t, "not_ready", first.Stays[4].Why)
	require.Equal(t, []StayLine{{At: after(2), Kind: "moved", Why: "mail:hello"}}, first.Stays[1].Lines)
	names, took = stages(second)
	require.Equal(t, []lifecycle.Stage{"nurturing", "qualified", "working", "won"}, names)
	require.Equal(t, []int64{10, 1, 19, 0}, took, "an end takes no time")
	require.Equal(t, []any{"cool_down_over", 2, after(90)}, []any{second.Why, second.N, *second.Ended})
	require.Equal(t, "noted", second.Stays[3].Lines[0].Kind)
}

func TestTell_whatGoesOn(t *testing.T) {
	t.Parallel()
	l := Tell(record.Lead{ID: "lead", Stage: "captured", CreatedAt: noon}, nil, after(3))
	require.Len(t, l.Cycles, 1)
	require.Nil(t, l.Cycles[0].Ended)
	require.Equal(t, int64(3*3600), l.Cycles[0].Stays[0].Seconds)
	// A timeline whose beginning is cut off begins where it can.
	l = Tell(record.Lead{ID: "lead", Stage: "working", CreatedAt: noon}, []record.TimelineItem{moved(5, 4, "accepted", "handoff", "working", "decision")}, after(6))
	require.Equal(t, []any{4, 2}, []any{l.Cycles[0].N, len(l.Cycles[0].Stays)})
	require.Equal(t, int64(3600), l.Cycles[0].Stays[1].Seconds)
}
