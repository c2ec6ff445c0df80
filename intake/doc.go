// Package intake is what comes in: captures by API, form and file, and engagement events. It checks and normalises
// everything before Postgres sees it, commits events in groups, and carries imports out row by row.
//
// A capture is refused as a whole, with every bad field named at once (Problems); of a batch of events or of a file
// only the bad items are refused and their neighbours are kept. No submitted value is ever part of an error: what
// people typed does not belong into logs.
//
// It must not: open an HTTP listener or a database, know SQL, talk to Temporal, or decide anything about a life. Its
// only outlets are the ports in ports.go.
package intake
