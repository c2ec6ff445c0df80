//go:build !linux

package pgtest

import "os"

// place is where the data of a server for tests lies.
func place() string { return os.TempDir() }
