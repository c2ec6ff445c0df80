package postgres

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is whom the server runs as: us, unless we are root, whom Postgres refuses.
type account struct {
	name     string
	uid, gid int
	switched bool
}

func runAs() (account, error) {
	if os.Geteuid() != 0 {
		return account{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		return account{name: name, uid: uid, gid: gid, switched: true}, nil
	}
	return account{}, errors.New("as root no Postgres can run, and there is no user postgres or nobody to run it as: start as another user")
}

func (a account) apply(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	if a.switched {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
		cmd.Env = append(os.Environ(), "HOME="+cmd.Dir)
	}
}

// prepare makes the directory and hands it to the account. A directory the account cannot reach is refused: Postgres
// would only say "permission denied".
func (a account) prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if !a.switched {
		return os.Chmod(dir, 0o700)
	}
	for parent := filepath.Dir(dir); ; parent = filepath.Dir(parent) {
		info, err := os.Stat(parent)
		if err != nil {
			return err
		}
		owner := info.Sys().(*syscall.Stat_t)
		if info.Mode().Perm()&0o001 == 0 && int(owner.Uid) != a.uid {
			return fmt.Errorf("%s is closed to the user %s, whom Postgres runs as because root may not run it: choose a data "+
				"directory elsewhere with --data (such as /var/lib/leadflow), or start as another user", parent, a.name)
		}
		if parent == filepath.Dir(parent) {
			break
		}
	}
	if err := os.Chown(dir, a.uid, a.gid); err != nil {
		return err
	}
	return os.Chmod(dir, 0o700)
}

// resume clears what an interrupted initdb left, and nothing else.
func (a account) resume(dir string, entries []os.DirEntry) error {
	begun := false
	for _, e := range entries {
		begun = begun || e.Name() == unfinished || e.Name() == unfinished+".password"
	}
	if !begun {
		return fmt.Errorf("%s is not empty and holds no Postgres cluster: choose another data directory; nothing was changed", dir)
	}
	for _, e := range entries { // there was no PG_VERSION, so no server ever ran here
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (a account) write(path, text string) error {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	if !a.switched {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// longestSocket is what a socket's path may have, less the name Postgres gives it.
const longestSocket = 107 - len("/.s.PGSQL.65535.lock")

// socketDir is a directory for the socket: in the data, or in a short temporary one where paths would be too long.
func (a account) socketDir(dir string) (string, error) {
	if len(dir) <= longestSocket {
		return dir, nil
	}
	short, err := os.MkdirTemp("", "lf-pg-")
	if err != nil {
		return "", err
	}
	if a.switched {
		err = os.Chown(short, a.uid, a.gid)
	}
	return short, err
}

// freePort checks that a port on loopback is free, or finds one.
func freePort(port int) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return 0, &PortTakenError{port}
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// PortTakenError says that somebody else listens there.
type PortTakenError struct{ Port int }

func (e *PortTakenError) Error() string { return fmt.Sprintf("port %d on 127.0.0.1 is taken", e.Port) }

func randomText() string { return rand.Text() }
