package holiday

import "time"

// rule gives the day of one year, or none in this year.
type rule struct {
	name string
	on   func(year int) (time.Time, bool)
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func fixed(name string, month time.Month, day int) rule {
	return rule{name, func(year int) (time.Time, bool) { return date(year, month, day), true }}
}

// since leaves out the years before a law.
func (r rule) since(first int) rule {
	on := r.on
	return rule{r.name, func(year int) (time.Time, bool) {
		if year < first {
			return time.Time{}, false
		}
		return on(year)
	}}
}

// easter is a day so many days after Easter Sunday.
func easter(name string, after int) rule {
	return rule{name, func(year int) (time.Time, bool) { return Easter(year).AddDate(0, 0, after), true }}
}

// nth is the nth weekday of a month; -1 is the last.
func nth(name string, month time.Month, day time.Weekday, n int) rule {
	return rule{name, func(year int) (time.Time, bool) { return Nth(year, month, day, n) }}
}

// Nth is the nth such weekday of a month, counted from its end where n is negative; false where the month has not so many.
func Nth(year int, month time.Month, day time.Weekday, n int) (time.Time, bool) {
	at := date(year, month, 1)
	at = at.AddDate(0, 0, (int(day)-int(at.Weekday())+7)%7+7*(n-1))
	if n < 0 {
		at = date(year, month+1, 0)
		at = at.AddDate(0, 0, -((int(at.Weekday())-int(day)+7)%7)+7*(n+1))
	}
	return at, n != 0 && at.Month() == month
}

// nearest is kept on Friday where it falls on a Saturday and on Monday where it falls on a Sunday.
func (r rule) nearest() rule {
	return r.moved(func(at time.Time) time.Time {
		switch at.Weekday() {
		case time.Saturday:
			return at.AddDate(0, 0, -1)
		case time.Sunday:
			return at.AddDate(0, 0, 1)
		}
		return at
	})
}

// monday is kept on the Monday after a weekend.
func (r rule) monday() rule {
	return r.moved(func(at time.Time) time.Time {
		switch at.Weekday() {
		case time.Saturday:
			return at.AddDate(0, 0, 2)
		case time.Sunday:
			return at.AddDate(0, 0, 1)
		}
		return at
	})
}

func (r rule) moved(to func(time.Time) time.Time) rule {
	on := r.on
	return rule{r.name, func(year int) (time.Time, bool) {
		at, ok := on(year)
		return to(at), ok
	}}
}

// Easter is Easter Sunday of the Gregorian calendar: the anonymous algorithm, Nature, 20 April 1876, in the form of Meeus,
// Astronomical Algorithms, chapter 8.
func Easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return date(year, time.Month(n/31), n%31+1)
}
