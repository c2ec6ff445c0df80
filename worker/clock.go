package worker

import (
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// onClock is a moment as whom an alert is for reads it: by their clock to the minute, and by which clock that is. Short names of
// zones are several zones', or only numbers, so the whole name stands beside.
func onClock(d record.Delivery, at time.Time) string {
	const layout = "Mon, 2 Jan 2006 15:04 "
	loc, err := time.LoadLocation(d.ToZone)
	if err != nil || d.ToZone == "" || d.ToZone == time.UTC.String() {
		return at.UTC().Format(layout + "MST")
	}
	return at.In(loc).Format(layout+"MST") + " (" + strings.ReplaceAll(d.ToZone, "_", " ") + ")"
}
