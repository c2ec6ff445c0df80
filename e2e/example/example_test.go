package example

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/e2e/stack"
)

const (
	page     = "../../docs/example.md"
	examples = "../../docs/examples"
	leads    = "../../../shared/data/xeducation/Leads.csv"
)

// step is a command as the page has it, and the lines that it shows of what came of it.
type step struct {
	line    int
	command string
	shows   []string
}

// steps reads the blocks of a page that are marked as console. A command begins with a dollar sign, and goes on over lines that end with a backslash or are in a here-document.
func steps(t *testing.T, page string) (out []step) {
	t.Helper()
	raw, err := os.ReadFile(page)
	require.NoError(t, err)
	inside, until := false, ""
	for n, line := range strings.Split(string(raw), "\n") {
		last := len(out) - 1
		switch {
		case strings.HasPrefix(line, "```"):
			inside, until = line == "```console", ""
		case !inside:
		case until != "" || last >= 0 && strings.HasSuffix(out[last].command, `\`):
			out[last].command += "\n" + line
			if line == until {
				until = ""
			}
		case strings.HasPrefix(line, "$ "):
			out = append(out, step{line: n + 1, command: line[2:]})
			if here := regexp.MustCompile(`<<'?(\w+)'?`).FindStringSubmatch(line); here != nil {
				until = here[1]
			}
		case last >= 0 && strings.TrimSpace(line) != "":
			out[last].shows = append(out[last].shows, line)
		}
	}
	return out
}

// pattern is a line as the page shows it: space is any space, and ... inside of it anything.
func pattern(line string) *regexp.Regexp {
	parts := strings.Split(strings.Join(strings.Fields(line), " "), "...")
	for i := range parts {
		parts[i] = strings.ReplaceAll(regexp.QuoteMeta(parts[i]), " ", `\s+`)
	}
	return regexp.MustCompile(`^\s*` + strings.Join(parts, ".*") + `\s*$`)
}

// missing is the first line that is shown and was not said: what is shown comes in its order, and without a line of three dots between it line by line.
func missing(shows, said []string) string {
	at, anywhere := 0, true
	for _, line := range shows {
		if strings.TrimSpace(line) == "..." {
			anywhere = true
			continue
		}
		like := pattern(line)
		for ; at < len(said) && !like.MatchString(said[at]) && anywhere; at++ { //nolint:revive // the loop is the search
		}
		if at >= len(said) || !like.MatchString(said[at]) {
			return line
		}
		at, anywhere = at+1, false
	}
	return ""
}

func TestMissing(t *testing.T) {
	t.Parallel()
	said := []string{"RULE   POINTS", "a      1", "b      2.5", "c      3"}
	require.Empty(t, missing([]string{"RULE POINTS", "a 1", "...", "c 3"}, said))
	require.Empty(t, missing([]string{"b 2..."}, said))
	require.Equal(t, "c 3", missing([]string{"a 1", "c 3"}, said))
	require.Equal(t, "a 1", missing([]string{"b 2.5", "...", "a 1"}, said))
	require.Equal(t, "b 2.4", missing([]string{"b 2.4"}, said))
}

// TestPage does what the page says, from the first command to the last.
func TestPage(t *testing.T) {
	standalone, cli := os.Getenv("LEADFLOW_STANDALONE"), os.Getenv("LEADFLOW_CLI")
	if standalone == "" || cli == "" {
		t.Skip("LEADFLOW_STANDALONE and LEADFLOW_CLI name no binaries: `make example` runs this test")
	}
	file, err := filepath.Abs(leads)
	require.NoError(t, err)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		t.Skip("the X Education file is not at " + leads + " (it may not be redistributed): the page was not tried")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
	defer cancel()
	house, err := stack.Start(ctx, standalone, "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, house.Kill()) })

	dir, env := t.TempDir(), os.Environ()
	require.NoError(t, os.Symlink(file, filepath.Join(dir, "Leads.csv")))
	docs, err := filepath.Abs(examples)
	require.NoError(t, err)
	require.NoError(t, os.Symlink(docs, filepath.Join(dir, "examples")))
	bin := filepath.Join(dir, "bin")
	require.NoError(t, os.Mkdir(bin, 0o755))
	require.NoError(t, os.Symlink(cli, filepath.Join(bin, "leadflow")))
	for name, value := range house.Env {
		env = append(env, name+"="+value)
	}
	env = append(env, "PATH="+bin+":"+os.Getenv("PATH"), "TZ=UTC")

	all := steps(t, page)
	require.NotEmpty(t, all)
	for _, s := range all {
		began := time.Now()
		cmd := exec.CommandContext(ctx, "bash", "-c", s.command)
		cmd.Dir, cmd.Env = dir, env
		said, err := cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); err != nil {
			require.ErrorAs(t, err, &exit, "%s:%d", page, s.line)
		}
		t.Logf("%s:%d: $ %s\n%s(%.1f s)", page, s.line, s.command, said, time.Since(began).Seconds())
		require.Empty(t, missing(s.shows, strings.Split(string(said), "\n")), "%s:%d shows what `%s` did not say", page, s.line, s.command)
	}
}
