// Package cli is the command line: it reads arguments, asks the API (or, for what runs and mends the processes
// themselves, package app), and shows the answer. Data goes to standard output, talk to standard error.
//
// It must not decide anything about leads, and it never touches Postgres or Temporal by itself: what app cannot do, it
// cannot do.
package cli
