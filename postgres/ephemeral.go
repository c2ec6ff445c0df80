package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// watch waits until its input ends, which is when the process that holds the other end is gone, then stops a server
// that has its data in a directory below and removes everything.
const watch = `cat >/dev/null
n=0
while [ $n -lt 300 ] && pid=$(head -n 1 "$1"/*/postmaster.pid 2>/dev/null) && [ -n "$pid" ] && kill -INT "$pid" 2>/dev/null; do
	sleep 0.1
	n=$((n+1))
done
rm -rf "$1"`

// watched holds the ends of pipes by which watchers see that we live: the garbage collector would close one that nobody
// holds, such as when remove is not kept.
var watched sync.Map

// Ephemeral makes a temporary directory in which a server can have its data (in a directory below, not in itself). It is
// gone, and the server with it, soon after remove was called or this process has ended, however that came about.
func Ephemeral(pattern string) (dir string, remove func(), err error) {
	return EphemeralIn(os.TempDir(), pattern)
}

// EphemeralIn is Ephemeral with the directory it is made in.
func EphemeralIn(parent, pattern string) (dir string, remove func(), err error) {
	if Reachable(parent) != nil {
		parent = "/tmp" // a temporary directory of root's own is closed to the server's account
	}
	if dir, err = os.MkdirTemp(parent, pattern); err != nil {
		return "", nil, err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", nil, err
	}
	cmd := exec.Command("/bin/sh", "-c", watch, "watch", dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is meant for us
	life, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return "", nil, fmt.Errorf("watch over the temporary directory %s: %w", dir, err)
	}
	watched.Store(dir, life)
	return dir, func() {
		watched.Delete(dir)
		_ = life.Close()
		_ = cmd.Wait()
	}, nil
}
