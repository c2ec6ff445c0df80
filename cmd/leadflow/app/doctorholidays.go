package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/domain/holiday"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// seedsEndWithin is how long before a calendar runs out of holidays somebody is told.
const seedsEndWithin = 90 * 24 * time.Hour

type seeds interface {
	CalendarSeeds(ctx context.Context) ([]record.CalendarSeed, error)
}

// checkHolidays tells of calendars whose holidays end: after that their clocks run on holidays, and nobody would notice.
func checkHolidays(ctx context.Context, s seeds, now time.Time) Check {
	check := Check{Name: "holidays"}
	all, err := s.CalendarSeeds(ctx)
	if err != nil {
		check.Says, check.Mend = err.Error(), "look again; if it stays, the log of Postgres says why"
		return check
	}
	var ending []string
	for _, seed := range all {
		if seed.Ends().Sub(now) < seedsEndWithin {
			ending = append(ending, fmt.Sprintf("%s has those of %s until the end of %d", seed.Calendar, seed.Country, seed.Until))
		}
	}
	if len(ending) == 0 {
		check.OK, check.Says = true, fmt.Sprintf("%d calendars were given a country's, none ends within 90 days", len(all))
		return check
	}
	check.Says = strings.Join(ending, "; ")
	check.Mend = "run: leadflow calendar day seed ID COUNTRY --until YEAR; rules are known until " + knownUntil() + ", what comes after: leadflow calendar day import"
	return check
}

func knownUntil() string {
	last := 0
	for _, c := range holiday.Countries() {
		last = max(last, c.Until)
	}
	return fmt.Sprint(last)
}
