package lifecycle

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// drawn is every edge of the table on which a lead leaves its stage, as doc.go draws it.
func drawn() []string {
	var lines []string
	for _, from := range Stages {
		by := map[Stage][]string{}
		for _, k := range EventKinds {
			for _, to := range Targets(from, k) {
				if to != from && to != StageErased && !slices.Contains(by[to], string(k)) {
					by[to] = append(by[to], string(k))
				}
			}
		}
		for _, to := range Stages {
			if len(by[to]) > 0 {
				sort.Strings(by[to])
				lines = append(lines, fmt.Sprintf("%-12s --> %-12s  %s", from, to, strings.Join(by[to], ", ")))
			}
		}
	}
	return lines
}

func TestDoc_theDrawingIsTheTable(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	var got []string
	for _, line := range strings.Split(string(src), "\n") {
		if strings.Contains(line, " --> ") {
			got = append(got, strings.TrimSpace(strings.TrimPrefix(line, "//")))
		}
	}
	require.Equal(t, strings.Join(drawn(), "\n"), strings.Join(got, "\n"))
	for _, s := range Stages {
		if s != StageErased {
			require.Equal(t, []Stage{StageErased}, Targets(s, Erased), "any stage may be erased")
		}
	}
}

func TestDocs_theDiagramIsTheTable(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/state-machine.md")
	require.NoError(t, err)
	var want []string
	for _, line := range drawn() {
		f := strings.Fields(line)
		want = append(want, fmt.Sprintf("%s --> %s: %s", f[0], f[2], strings.Join(f[3:], " ")))
	}
	var got []string
	for _, line := range strings.Split(string(page), "\n") {
		if strings.Contains(line, " --> ") && !strings.Contains(line, "[*]") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	require.Equal(t, strings.Join(want, "\n"), strings.Join(got, "\n"))
	for _, s := range Stages {
		require.Contains(t, string(page), "\n| `"+string(s)+"` |", "the table of stages")
	}
}

func TestMigrations_theStageColumnKnowsTheStages(t *testing.T) {
	t.Parallel()
	sql, err := os.ReadFile("../../migrations/00001_people.sql")
	require.NoError(t, err)
	check := regexp.MustCompile(`(?s)leads_stage CHECK \(stage IN \((.*?)\)\)`).FindSubmatch(sql)
	require.NotNil(t, check, "the constraint leads_stage")
	var got []Stage
	for _, m := range regexp.MustCompile(`'(\w+)'`).FindAllSubmatch(check[1], -1) {
		got = append(got, Stage(m[1]))
	}
	require.ElementsMatch(t, Stages, got)
}
