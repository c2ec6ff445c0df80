package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// EnvBin names the directory of the binaries where they are in none of the usual places.
const EnvBin = "LEADFLOW_POSTGRES_BIN"

// ErrNoBinaries says that this machine has no Postgres server.
var ErrNoBinaries = errors.New("no Postgres server binaries (initdb, postgres) were found: " + remedy() +
	", or set " + EnvBin + " to the directory that holds them")

func remedy() string {
	if runtime.GOOS == "darwin" {
		return "install them with `brew install postgresql@17`"
	}
	return "install them with `sudo apt-get install postgresql`"
}

// FindBinaries looks for a directory with initdb and postgres: LEADFLOW_POSTGRES_BIN, PATH, pg_config, Debian's and
// Homebrew's places, newest version first. It returns ErrNoBinaries when there is none.
func FindBinaries() (string, error) {
	if dir := os.Getenv(EnvBin); dir != "" {
		if !complete(dir) {
			return "", fmt.Errorf("%s is %q, but initdb and postgres are not both there", EnvBin, dir)
		}
		return dir, nil
	}
	var dirs []string
	if p, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil { // initdb looks for its neighbours where it really is
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
		"/opt/homebrew/bin", "/usr/local/bin",
	} {
		found, _ := filepath.Glob(pattern)
		slices.SortFunc(found, func(a, b string) int { return versionIn(b) - versionIn(a) })
		dirs = append(dirs, found...)
	}
	for _, dir := range dirs {
		if complete(dir) {
			return dir, nil
		}
	}
	return "", ErrNoBinaries
}

func complete(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

// versionIn reads the major version out of a path such as /usr/lib/postgresql/17/bin; 0 when there is none.
func versionIn(path string) int {
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r < '0' || r > '9' }) {
		if n, err := strconv.Atoi(part); err == nil {
			return n
		}
	}
	return 0
}

// majorOf asks the binaries for their major version.
func majorOf(bin string) (string, error) {
	out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", bin, err)
	}
	fields := strings.Fields(string(out)) // postgres (PostgreSQL) 15.18 (Debian ...)
	if len(fields) < 3 {
		return "", fmt.Errorf("%s/postgres answered %q to --version", bin, out)
	}
	major, _, _ := strings.Cut(fields[2], ".")
	return major, nil
}
