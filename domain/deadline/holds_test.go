package deadline

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// A clock of work stands still in the holds of the lead: by its own calendar, from its own beginning, and for good where a hold lasts.
func TestPlan_holdsOfWork(t *testing.T) {
	t.Parallel()
	day := []calendar.Hours{{From: "09:00", To: "17:00"}}
	hours, err := calendar.New(calendar.Spec{Name: "office", TimeZone: "UTC", Weekly: map[string][]calendar.Hours{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day}}, time.UTC)
	require.NoError(t, err)
	at := func(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) } // the 2nd is a Monday
	terms := lifecycle.SLA{FirstTouch: lifecycle.TouchSLA{Within: span.Span(8 * time.Hour)}, Idle: lifecycle.Idle{Working: span.Span(48 * time.Hour)}}
	for name, c := range map[string]struct {
		since       time.Time
		holds       []lifecycle.Hold
		touch, idle time.Time
	}{
		"none":                        {at(2, 9), nil, at(2, 17), at(4, 9)},
		"one within":                  {at(2, 9), []lifecycle.Hold{{From: at(2, 10), To: at(2, 12)}}, at(3, 11), at(4, 11)},
		"a night, which is no office": {at(2, 9), []lifecycle.Hold{{From: at(2, 16), To: at(3, 9)}}, at(3, 10), at(5, 2)},
		"two":                         {at(2, 9), []lifecycle.Hold{{From: at(2, 10), To: at(2, 12)}, {From: at(2, 13), To: at(2, 14)}}, at(3, 12), at(4, 12)},
		"one before it began":         {at(2, 12), []lifecycle.Hold{{From: at(2, 9), To: at(2, 11)}}, at(3, 12), at(4, 12)},
		"one in which it began":       {at(2, 10), []lifecycle.Hold{{From: at(2, 9), To: at(2, 12)}}, at(3, 12), at(4, 12)},
		"one that lasts":              {at(2, 9), []lifecycle.Hold{{From: at(2, 12)}}, at(2, 17), at(4, 9)},
		"begun in one that lasts":     {at(2, 14), []lifecycle.Hold{{From: at(2, 12)}}, at(3, 14), at(4, 14)},
	} {
		cmd := lifecycle.Command{Stage: lifecycle.StageWorking, Holds: c.holds, Clocks: []lifecycle.Clock{{Kind: lifecycle.ClockTouch, Since: c.since}, {Kind: lifecycle.ClockIdle, Since: c.since}}}
		got, err := Plan(cmd, hours, lifecycle.Policy{}, terms)
		require.NoError(t, err, name)
		require.Len(t, got, 2, name)
		require.Equal(t, [2]time.Time{c.touch, c.idle}, [2]time.Time{got[0].At, got[1].At}, name)
	}
}
