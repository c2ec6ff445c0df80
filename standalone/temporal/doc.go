// Package temporal embeds the Temporal server and its UI in one process, on Postgres.
//
// It is for one process only, which an advisory lock makes sure of: the services find each other at fixed addresses. It
// is open to everybody who reaches it, so it listens on loopback. Shards and task-queue partitions are fixed when the
// databases are made. Production uses a Temporal cluster of its own.
package temporal
