package store

// zoneOfRep is the time zone by whose clock a rep r is told of times: their own; where they have the one that a rep has of whom
// nobody said anything, that of their calendar, else of their team's. Who lives by Greenwich all the same says Etc/UTC.
const zoneOfRep = `coalesce(nullif(r.time_zone, 'UTC'), (SELECT c.spec ->> 'time_zone' FROM calendars c WHERE c.id = r.calendar_id),
	(SELECT c.spec ->> 'time_zone' FROM teams t JOIN calendars c ON c.id = t.calendar_id WHERE t.id = r.team_id), 'UTC')`
