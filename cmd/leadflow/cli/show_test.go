package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

func TestTimes_areShort(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.Local)
	for _, c := range []struct {
		ago  time.Duration
		want string
	}{
		{0, "just now"},
		{42 * time.Second, "42s ago"},
		{5*time.Minute + 40*time.Second, "5m ago"},
		{3*time.Hour + 10*time.Minute, "3h 10m ago"},
		{26 * time.Hour, "26h ago"},
		{72 * time.Hour, "3d ago"},
		{-2 * time.Hour, "in 2h"},
		{20 * 24 * time.Hour, "4 Nov"},
		{400 * 24 * time.Hour, "20 Oct 2025"},
		{-20 * 24 * time.Hour, "14 Dec"},
	} {
		require.Equal(t, c.want, ago(now.Add(-c.ago), now))
	}
	require.Equal(t, "2h 30m left", left(now.Add(150*time.Minute), now))
	require.Equal(t, "10m late", left(now.Add(-10*time.Minute), now))
	require.Equal(t, "11:59:00", clock(now.Add(-time.Minute), now))
	require.Equal(t, "23 Nov 12:00", clock(now.Add(-24*time.Hour), now))
}

func TestPlain_keepsTerminalsUnsteered(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a b[31m ü 日本", plain("a\nb\x1b[31m\x07\u0085\u202e ü 日本"))
	require.Equal(t, "a\n\tb", plainLines("a\n\tb\x1b"))
}

func TestEnvLine(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][2]string{
		"A=1": {"A", "1"}, " export B = two words ": {"B", "two words"}, `C="x=y"`: {"C", "x=y"}, "D='": {"D", "'"}, "E=": {"E", ""}, "F=a#b": {"F", "a#b"},
	} {
		key, value, ok, err := envLine(line)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, want, [2]string{key, value}, line)
	}
	for _, line := range []string{"", "  ", "# A=1"} {
		_, _, ok, err := envLine(line)
		require.NoError(t, err)
		require.False(t, ok)
	}
	for _, line := range []string{"A", "=1", "A B=1"} {
		_, _, _, err := envLine(line)
		require.Error(t, err, line)
	}
}

func TestBar_isDrawnOnATerminalOnly(t *testing.T) {
	t.Parallel()
	var talk bytes.Buffer
	b := &bar{t: &tool{Streams: Streams{Err: &talk}}, what: "import", wide: 90, tenth: -1}
	b.at(5, 20, 100, time.Minute)
	b.at(20, 20, 100, 0)
	b.end()
	require.Contains(t, talk.String(), "\r[######..................] import:  25 % (5 of 20), 100 a second, 1m left")
	require.Contains(t, talk.String(), "\r[########################] import: 100 % (20 of 20)")
	require.True(t, strings.HasSuffix(talk.String(), "\n"))

	talk.Reset()
	b.wide = 20
	b.at(5, 20, 100, time.Minute)
	require.Equal(t, "\rimport:  25 % (5 of", talk.String(), "no line is broken")
}

func TestSaveEnv_setVariablesWin(t *testing.T) {
	t.Setenv("LEADFLOW_TEST_SET", "mine")
	t.Setenv("LEADFLOW_TEST_FRESH", "") // so that it is put back
	require.NoError(t, os.Unsetenv("LEADFLOW_TEST_FRESH"))
	path := filepath.Join(t.TempDir(), "env")
	require.NoError(t, os.WriteFile(path, []byte("LEADFLOW_TEST_SET=theirs\nLEADFLOW_TEST_FRESH=new\n"), 0o600))
	require.NoError(t, readEnvFile(path))
	require.Equal(t, "mine", os.Getenv("LEADFLOW_TEST_SET"))
	require.Equal(t, "new", os.Getenv("LEADFLOW_TEST_FRESH"))
}

// Every command says in a sentence what it does, and those that do something show an example.
func TestHelp_isWhole(t *testing.T) {
	t.Parallel()
	var look func(c *cobra.Command)
	seen := 0
	look = func(c *cobra.Command) {
		require.NotEmpty(t, c.Short, c.CommandPath())
		if !c.HasSubCommands() {
			seen++
			require.NotEmpty(t, c.Example, c.CommandPath())
			require.True(t, strings.HasPrefix(c.Example, "  "), c.CommandPath())
			require.Contains(t, c.Example, c.CommandPath(), "the example of %s shows it", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			look(sub)
		}
	}
	look(newRoot(&tool{engine: leadflow()}))
	require.Greater(t, seen, 45)
}
