package app

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

type knownSeeds []record.CalendarSeed

func (s knownSeeds) CalendarSeeds(context.Context) ([]record.CalendarSeed, error) { return s, nil }

func TestDoctor_warnsBeforeHolidaysEnd(t *testing.T) {
	t.Parallel()
	s := knownSeeds{{Calendar: "berlin", Country: "DE", Until: 2027}, {Calendar: "paris", Country: "FR", Until: 2030}}
	for now, ok := range map[string]bool{"2027-09-30": true, "2027-10-04": false, "2028-05-01": false} {
		at, err := time.Parse(time.DateOnly, now)
		require.NoError(t, err)
		check := checkHolidays(t.Context(), s, at)
		require.Equal(t, ok, check.OK, "%s: %s", now, check.Says)
		if !ok {
			require.Equal(t, "berlin has those of DE until the end of 2027", check.Says)
			require.Contains(t, check.Mend, "2030")
		}
	}
	require.True(t, checkHolidays(t.Context(), knownSeeds{}, time.Now()).OK)
}
