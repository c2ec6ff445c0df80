package scoring

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/span"
)

// A window ends at its age exactly, also where nothing newer has pushed the event out of the accumulators.
func TestWindow_endsToTheMicrosecond(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	events := []Event{happened("cta_click", 0), view(0, "/a"), view(0, "/b"), view(0, "/c")}
	acc := s.Recompute(nil, events)
	for after, want := range map[time.Duration]float64{
		0: 22, 5*span.Day - time.Microsecond: 22, 5 * span.Day: 15, 7*span.Day - time.Microsecond: 15, 7 * span.Day: 0,
	} {
		at := now.Add(after)
		require.InDelta(t, want, s.Evaluate(known, acc, nil, at, "").Engagement, 0, after)
		e := s.Explain(known, events, nil, at, "")
		addsUp(t, s, e)
		if after == 5*span.Day {
			require.Zero(t, itemsOf(e, "recent")[0].Points)
			require.Contains(t, itemsOf(e, "recent")[0].Why, "longer ago than 5d")
		}
	}
}

func TestWindow_countsAtMostItsNewest(t *testing.T) {
	t.Parallel()
	s := scorer(t, Model{Engagement: []EngagementRule{{ID: "views", On: "page_view", Points: 1, Within: days(30)}}})
	var events []Event
	for i := range maxMoments + 20 {
		events = append(events, view(time.Duration(i)*time.Minute, "/"))
	}
	acc := s.Recompute(nil, events)
	require.Len(t, acc.Tallies[0].Times, maxMoments)
	require.InDelta(t, maxMoments, s.Evaluate(known, acc, nil, now, "").Engagement, 0)
	e := s.Explain(known, events, nil, now, "")
	addsUp(t, s, e)
	require.Len(t, itemsOf(e, "views"), maxNamed+1)
}

func TestFold_forgetsWhatCannotCountAnyMore(t *testing.T) {
	t.Parallel()
	s := scorer(t, Model{Engagement: []EngagementRule{
		{ID: "short", On: "page_view", Points: 1, HalfLife: days(1)}, {ID: "window", On: "page_view", Points: 1, Within: days(3)},
	}})
	var events []Event
	for i := range 300 {
		events = append(events, view(time.Duration(i)*span.Day, "/"))
	}
	acc := s.Recompute(nil, events)
	require.Len(t, acc.Tallies[0].Lives, forgotten+1)
	require.Len(t, acc.Tallies[1].Times, 3)
	acc = s.Fold(acc, nil, happened("chat", -100*span.Day))
	require.Empty(t, acc.Tallies, "also by an event that no rule is for")
	require.Equal(t, now.Add(100*span.Day).UnixMicro(), acc.Newest)
}

// Each event's part is rounded by itself; together they are what the rule gives, to the millionth.
func TestExplain_levelsWhatRoundingLeavesOver(t *testing.T) {
	t.Parallel()
	m := everyKind()
	m.Caps.Engagement = nil
	s := scorer(t, m)
	var events []Event
	for i := range 90 {
		events = append(events, happened("webinar_attendance", time.Duration(i)*7777777*time.Microsecond), happened("content_download", time.Duration(i)*3333333*time.Microsecond))
	}
	for _, adjustments := range [][]Adjustment{nil, {{At: now.Add(-3 * time.Minute), Policy: "halve"}, {At: now, Policy: "halve"}}} {
		e := s.Explain(known, events, adjustments, now.Add(11*span.Day), "")
		require.Equal(t, s.Evaluate(known, s.Recompute(adjustments, events), adjustments, now.Add(11*span.Day), ""), e.Result)
		addsUp(t, s, e)
	}
}

func TestMissing_countsOnlyThisCycle(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	recycled := []Adjustment{{At: now.Add(-time.Hour), Policy: "keep", Cycle: 2}}
	e := s.Explain(known, []Event{happened("meeting", 2*time.Hour)}, recycled, now, "")
	for _, m := range e.Missing {
		if m.Rule == "talked" {
			require.Equal(t, 2, m.Events, "the meeting of the cycle before counts there")
			return
		}
	}
	require.Fail(t, "two meetings would help")
}

func TestDecaying_beforeTheEpochToo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ at, life, weight int64 }{
		{0, 0, whole}, {10, 1, whole}, {-10, -1, whole}, {-5, -1, 1518500250}, {5, 0, 1518500250}, {-15, -2, 1518500250},
	} {
		life, weight := decaying(tt.at, 10)
		require.Equal(t, tt.life, life, tt.at)
		require.Equal(t, tt.weight, weight, tt.at)
	}
}

// An id counts once, whatever its copies say; what has no id cannot be told apart and always counts.
func TestRecompute_dropsCopiesById(t *testing.T) {
	t.Parallel()
	s := scorer(t, everyKind())
	nameless := happened("email_bounce", 0)
	nameless.ID = ""
	require.Equal(t, int64(2), s.Recompute(nil, []Event{nameless, nameless}).Tallies[0].Count)
	early, late := view(14*span.Day, "/pricing"), view(0, "/pricing")
	early.ID, late.ID = "x", "x"
	for _, events := range [][]Event{{early, late}, {late, early}, {early, late, early}} {
		require.InDelta(t, 10, s.Evaluate(known, s.Recompute(nil, events), nil, now, "").Engagement, 0)
	}
}
