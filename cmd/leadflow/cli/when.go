package cli

import (
	"fmt"
	"time"
)

// ago is a moment as people say it: 5m ago, in 2h 10m, 3 Nov, 3 Nov 2024.
func ago(at, now time.Time) string {
	d := now.Sub(at)
	switch {
	case d > -time.Second && d < 10*time.Second:
		return "just now"
	case d > 0 && d < 14*24*time.Hour:
		return short(d) + " ago"
	case d < 0 && d > -14*24*time.Hour:
		return "in " + short(-d)
	}
	return day(at, now)
}

// left is how long until a deadline, or since it passed.
func left(due, now time.Time) string {
	if d := due.Sub(now); d < 0 {
		return short(-d) + " late"
	} else {
		return short(d) + " left"
	}
}

// clock is a moment by date and time, as short as it can be.
func clock(at, now time.Time) string {
	at, now = at.Local(), now.Local()
	if at.YearDay() == now.YearDay() && at.Year() == now.Year() {
		return at.Format("15:04:05")
	}
	return day(at, now) + at.Format(" 15:04")
}

func day(at, now time.Time) string {
	at, now = at.Local(), now.Local()
	if at.Year() == now.Year() {
		return at.Format("2 Jan")
	}
	return at.Format("2 Jan 2006")
}

// short is a length of time, to two units at most.
func short(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 10*time.Hour && d%time.Hour >= time.Minute:
		return fmt.Sprintf("%dh %dm", d/time.Hour, d%time.Hour/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}
