package postgres

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockName is the file in the data directory that the one who runs a server on it keeps locked.
const lockName = "leadflow.lock"

// InUseError says that somebody alive runs a server on the directory. A server whose starter is gone is no such case.
type InUseError struct{ Dir string }

func (e *InUseError) Error() string {
	return fmt.Sprintf("the data in %s is in use by a program that runs now: stop that one, or choose another data directory", e.Dir)
}

// hold takes the directory's lock. The kernel lets it go with this process, however that ends, so a held lock means a
// starter that is alive, and a server without one is an orphan that may be stopped. Errors: InUseError.
func hold(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &InUseError{dir}
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return f, nil
}
