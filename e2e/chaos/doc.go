// Package chaos runs the real program as processes of its own (Postgres, Temporal, two of `leadflow serve`, two of `leadflow
// work`), kills them with -9 at random while a load generator writes through the doors, and afterwards asks Postgres,
// Temporal and the doors whether everything that was acknowledged came true, once. What happens follows a seed.
//
// It looks from outside: HTTP, SQL, the Temporal client. It must not call what it judges.
package chaos
