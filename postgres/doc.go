// Package postgres runs a private Postgres over the machine's own binaries: for the standalone product and for tests.
//
// Its rules protect people: data is never deleted and never opened with binaries of another version; the server
// listens on loopback only, behind a random password kept beside the data; as root it runs as another user; it dies
// with its starter, and one that outlived its starter is stopped before the data is opened again. A locked file tells
// such an orphan from the server of a program that lives, which is left alone.
package postgres
