// Package migrations holds the numbered SQL that makes Leadflow's schema, and nothing else. What is released is never
// edited: a change is a new number.
package migrations

import "embed"

// FS holds the migration files, for goose.
//
//go:embed *.sql
var FS embed.FS
