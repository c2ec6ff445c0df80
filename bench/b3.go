package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"

	"github.com/leadflow-dev/leadflow/bench/measure"
)

// b3 plays lives beside naive ones, and reads what either cost off the server: the test of standalone/ does it, since the
// server's own count of billable actions is told to nobody else. The figures are exact, so each is taken once.
func b3(ctx context.Context, b *bench) ([]measure.Result, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-v", "-run", "TestGolden|TestCosts", ".")
	cmd.Dir = "standalone"
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("the test of the costs in standalone/: %w: %s", err, out[max(0, len(out)-1000):])
	}
	told := readCosts(out)
	var results []measure.Result
	for _, life := range []struct {
		name                         string
		events, transitions, actions float64 // how many times fewer they are to be; 0: told only
	}{{"golden", 4, 4, 4}, {"silent", 1.5, 2, 0}, {"recycled", 1.5, 2, 0}} {
		ours, naive := told[life.name+" life"], told[life.name+" naive"]
		if ours == nil || naive == nil {
			return nil, fmt.Errorf("the test of the costs tells of no %s life", life.name)
		}
		for _, what := range []struct {
			unit  string
			times float64
		}{{"history events", life.events}, {"state transitions", life.transitions}, {"billable actions", life.actions}} {
			if what.times == 0 {
				continue
			}
			side := func(name string) measure.Side { return measure.Side{Name: name, Unit: what.unit} }
			sample := func(c map[string]float64) []measure.Sample {
				return []measure.Sample{{Units: 1, Value: c[what.unit]}}
			}
			// Naive by ours: how many times fewer.
			r := measure.Compare("B3", "how many times fewer "+what.unit+" the "+life.name+" life has, over all its runs", measure.AtLeast(what.times),
				side("naive"), side(life.name), sample(naive), sample(ours))
			if what.unit == "history events" {
				r.Notes = append(r.Notes, fmt.Sprintf("The naive life has %.0f billable actions and %.0f bytes of history, ours %.0f and %.0f.",
					naive["billable actions"], naive["bytes"], ours["billable actions"], ours["bytes"]))
			}
			results = append(results, r)
		}
	}
	return results, nil
}

var costLine = regexp.MustCompile(`: (\w+ (?:life|naive)): (\d+) (history events), (\d+) (billable actions), (\d+) (state transitions), (\d+) (bytes)`)

// readCosts reads the lines that the test logs.
func readCosts(out []byte) map[string]map[string]float64 {
	told := map[string]map[string]float64{}
	for _, m := range costLine.FindAllStringSubmatch(string(out), -1) {
		told[m[1]] = map[string]float64{}
		for i := 2; i < len(m); i += 2 {
			told[m[1]][m[i+1]], _ = strconv.ParseFloat(m[i], 64) // digits
		}
	}
	return told
}
