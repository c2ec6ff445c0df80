// Package store holds all SQL. One *Store fits the interfaces of the other rooms without importing them: what crosses
// is plain rows of domain/record. Its rules:
//
//   - A statement is a constant named sql… beside the function that runs it; a test prepares every one of them against
//     the migrated schema.
//   - Whatever must happen together is one transaction, and locks are taken in one order: leads by id, then scores by
//     id, then the outbox by id. A transaction that loses a race all the same is run again from its start. A publication
//     waits for no lock, and writes scores without their leads' (rescorePiece): so whoever changes what a score depends
//     on writes the score's row in the same transaction.
//   - Postgres tells the time wherever two writers could disagree. Time zones are loaded here and in intake only.
//   - Errors that leave are codes: Postgres quotes values in its errors, and values are people's data. See Error.
//   - Nobody polls a table that can call: migration 5 notifies the channels outbox, alert, bulk, webhook, import and
//     decision when a transaction leaves work behind.
//
// It must not decide: what a score is, where a lead goes and which rep is next are questions to the domain.
package store
