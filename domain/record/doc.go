// Package record holds the plain rows that cross rooms: what the store writes and reads, and what the doors show. It
// has no behaviour beyond reading itself; the JSON names are those of the contracts.
package record
