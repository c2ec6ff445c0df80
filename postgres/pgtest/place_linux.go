package pgtest

import (
	"os"
	"syscall"
)

// memory is where Linux keeps files that live in memory, and room is how much of it must be free: tests have some hundreds of MB at
// once.
const (
	memory = "/dev/shm"
	room   = 4 << 30
)

// place is where the data of a server for tests lies: where TMPDIR says, else in memory, if there is room. A test's database is seven
// hundred small files that live for a second; on a disk, making and removing them takes more than most tests do.
func place() string {
	var fs syscall.Statfs_t
	const tmpfs = 0x01021994 // statfs(2)
	if os.Getenv("TMPDIR") == "" && syscall.Statfs(memory, &fs) == nil && fs.Type == tmpfs && fs.Bavail*uint64(fs.Bsize) >= room {
		return memory
	}
	return os.TempDir()
}
