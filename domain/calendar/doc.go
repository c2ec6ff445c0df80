// Package calendar is business time: when a team is open, how much open time lies between two moments, and when a
// given amount of it will be over.
//
// A calendar is a set of moments, defined by what the clock on the wall of its time zone shows:
//
//		open = (weekly hours - holidays - closures) + openings
//
//	  - Weekly hours belong to the weekday on which they begin. Hours whose end is not after their beginning run over
//	    midnight (22:00 to 06:00); 24:00 is the end of the day. Hours that overlap count once.
//	  - On a holiday nothing is open and nothing begins: the rest of the night shift of the day before is closed, and the
//	    night shift that would begin on the holiday does not take place on the next morning either.
//	  - A closure takes away what it covers, from one local moment to another.
//	  - An opening adds hours on one date and wins over everything.
//
// Where the clocks are put forward the skipped hour is no time at all; where they are put back the repeated hour is
// there twice. So open time is always time that really passes: a night shift from 22:00 to 06:00 has seven hours in one
// night of the year and nine in another, and 09:00 to 17:00 has always eight.
//
// Everything is exact to the nanosecond. Add and Elapsed cost the same for a minute and for thirty years: they search a
// running total instead of walking days. The rules of a zone are looked at between 1970 and 2200; outside, the nearest
// offset is taken as fixed.
//
// The package must not load time zones, read a clock or perform I/O: a *time.Location is given to it.
package calendar
