package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lock keeps a second product off the same data. The system lets it go with the process, however that ends.
func lock(dir string) (func(), error) {
	f, err := os.OpenFile(filepath.Join(dir, "leadflow.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another Leadflow runs on %s: stop it, or choose another directory with --data", dir)
		}
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}
