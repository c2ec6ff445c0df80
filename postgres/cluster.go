package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// secretName is the file beside the data that keeps the superuser's password.
const secretName = "leadflow.password"

// initialise makes a cluster in an empty directory and reads the password of one that is there.
func (s *Server) initialise(ctx context.Context, bin string, who account) error {
	secret := filepath.Join(s.dir, secretName)
	major, err := majorOf(bin)
	if err != nil {
		return err
	}
	version, err := os.ReadFile(filepath.Join(s.dir, "PG_VERSION"))
	if err == nil {
		if had := strings.TrimSpace(string(version)); had != major {
			return fmt.Errorf("the data in %s was made by Postgres %s and the binaries in %s are version %s: install version %s, "+
				"or choose another data directory; nothing was changed", s.dir, had, bin, major, had)
		}
		password, err := os.ReadFile(secret)
		if err != nil {
			return fmt.Errorf("the password of the cluster: %w", err)
		}
		s.password = strings.TrimSpace(string(password))
		return nil
	}
	if err := clearUnfinished(ctx, s.dir); err != nil {
		return err
	}
	return s.initdb(ctx, bin, secret, who)
}

// initdb makes the cluster beside its place and moves it there: an interrupted start leaves no half cluster.
func (s *Server) initdb(ctx context.Context, bin, secret string, who account) error {
	fresh := filepath.Join(s.dir, unfinished)
	s.password = randomText()
	pw := filepath.Join(s.dir, unfinished+".password")
	if err := who.write(pw, s.password); err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(bin, "initdb"), "-D", fresh, "-U", superuser, "--pwfile="+pw, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "--no-instructions")
	said := &tail{}
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, said, said
	if err := finish(ctx, cmd, who); err != nil {
		return fmt.Errorf("initdb in %s: %w\n%s", s.dir, err, said)
	}
	entries, err := os.ReadDir(fresh)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != "PG_VERSION" { // last: it makes the cluster valid
			if err := os.Rename(filepath.Join(fresh, e.Name()), filepath.Join(s.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	if err := os.Rename(pw, secret); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(fresh, "PG_VERSION"), filepath.Join(s.dir, "PG_VERSION")); err != nil {
		return err
	}
	return os.Remove(fresh)
}

// finish waits for a command that must not outlive us: an initdb that goes on after us would write into what the next
// start makes.
func finish(ctx context.Context, cmd *exec.Cmd, who account) error {
	p, err := launch(cmd, who, syscall.SIGKILL)
	if err != nil {
		return err
	}
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		p.signal(syscall.SIGKILL)
		<-p.done
		return ctx.Err()
	}
}

// unfinished is where initdb works.
const unfinished = "initdb.unfinished"

// refuseStrangers refuses a directory that holds anything but a cluster of ours, a begun one, or nothing.
func refuseStrangers(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	switch {
	case names["PG_VERSION"] && !names[secretName]:
		return fmt.Errorf("%s holds a Postgres cluster that is not ours (no %s): choose another data directory; nothing was changed", dir, secretName)
	case names["PG_VERSION"], names[unfinished], names[unfinished+".password"], len(names) == 0, len(names) == 1 && names[lockName]:
		return nil
	}
	return fmt.Errorf("%s is not empty and holds no Postgres cluster: choose another data directory; nothing was changed", dir)
}

// clearUnfinished clears what an interrupted initdb left. There is no PG_VERSION, so no server ever ran here.
func clearUnfinished(ctx context.Context, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == lockName {
			continue
		}
		if err := removeAll(ctx, filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// removeAll removes a directory also while it is still written to: initdb dies with its starter, but the child that
// initdb itself had started writes on until it finds its input closed.
func removeAll(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		err := os.RemoveAll(path)
		if err == nil || !errors.Is(err, syscall.ENOTEMPTY) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}
