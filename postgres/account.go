package postgres

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/leadflow-dev/leadflow/postgres/freeport"
)

// account is whom the server runs as: us, unless we are root, whom Postgres refuses.
type account struct {
	name     string
	uid, gid int
	switched bool
}

// runAs chooses for a data directory: data that is there keeps its owner.
func runAs(dir string) (account, error) {
	if os.Geteuid() != 0 {
		return account{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	if info, err := os.Stat(filepath.Join(dir, "PG_VERSION")); err == nil {
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 0 {
			return account{name: fmt.Sprintf("number %d", owner.Uid), uid: int(owner.Uid), gid: int(owner.Gid), switched: true}, nil
		}
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
	if err := a.reaches(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := a.makeParents(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if a.switched {
		if err := os.Chown(dir, a.uid, a.gid); err != nil {
			return err
		}
	}
	return os.Chmod(dir, 0o700)
}

// makeParents makes what is missing above the data; whatever the umask, the account may pass through it.
func (a account) makeParents(dir string) error {
	if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
		return err
	}
	if err := a.makeParents(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	}
	if !a.switched {
		return nil
	}
	return os.Chmod(dir, 0o711)
}

// reaches checks every directory on the way that is there already.
func (a account) reaches(dir string) error {
	if !a.switched {
		return nil
	}
	for ; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil {
			owner := info.Sys().(*syscall.Stat_t)
			if info.Mode().Perm()&0o001 == 0 && int(owner.Uid) != a.uid {
				return fmt.Errorf("%s is closed to the user %s, whom Postgres runs as because root may not run it: choose a data "+
					"directory elsewhere with --data (such as /var/lib/leadflow), or start as another user", dir, a.name)
			}
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// Reachable says whether a server can have its data in the directory, which need not exist: as root it runs as another
// user, to whom a closed home on the way is a wall. The error says what to do.
func Reachable(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	who, err := runAs(dir)
	if err != nil {
		return err
	}
	return who.reaches(dir)
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
	if port == 0 {
		return freeport.One()
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return 0, &PortTakenError{port}
	}
	if err != nil {
		return 0, fmt.Errorf("listen on 127.0.0.1: %w", err)
	}
	return port, l.Close()
}

// PortTakenError says that somebody else listens there.
type PortTakenError struct{ Port int }

func (e *PortTakenError) Error() string { return fmt.Sprintf("port %d on 127.0.0.1 is taken", e.Port) }

func randomText() string { return rand.Text() }
