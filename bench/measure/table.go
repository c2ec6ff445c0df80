package measure

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Table writes results as a Markdown table, a line each, and what explains them below it.
func Table(results []Result) string {
	var b strings.Builder
	b.WriteString("| row | ours / divided by | target | ratio (min - max) | | ours | divided by | CPU a unit, ours / theirs |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %s / %s | %s | **%s** (%s - %s) | %s | %s | %s | %s / %s |\n", r.Row, r.Ours.Name, r.Theirs.Name, r.Target,
			Number(r.Ratio.Median), Number(r.Ratio.Min), Number(r.Ratio.Max), r.Verdict, shown(r.Ours), shown(r.Theirs),
			seconds(r.Ours.Cost), seconds(r.Theirs.Cost))
	}
	for _, r := range results {
		fmt.Fprintf(&b, "\n* **%s, %s**: %s.\n", r.Row, r.Theirs.Name, r.What)
		if len(r.Ours.CPU) > 0 {
			fmt.Fprintf(&b, "  Processor, ours: %s; divided by: %s.\n", shares(r.Ours.CPU), shares(r.Theirs.CPU))
		}
		if r.Pairs > 1 {
			fmt.Fprintf(&b, "  %d pairs, spread of the denominator %s.\n", r.Pairs, Number(r.Spread))
		}
		for _, n := range r.Notes {
			fmt.Fprintf(&b, "  %s\n", n)
		}
	}
	return b.String()
}

func shown(f Figures) string {
	text := Number(f.Value.Median) + " " + f.Unit
	if f.P50 > 0 {
		text += fmt.Sprintf(" (p50 %s, p99 %s ms)", Number(f.P50), Number(f.P99))
	}
	return text
}

// Number writes a figure with three digits that matter.
func Number(v float64) string {
	switch a := math.Abs(v); {
	case math.IsInf(v, 0) || math.IsNaN(v):
		return "-"
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	case a >= 0.1 || a == 0:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// seconds writes a cost in the unit that fits it.
func seconds(v float64) string {
	switch {
	case v == 0:
		return "-"
	case v < 1e-3:
		return Number(v*1e6) + " µs"
	case v < 1:
		return Number(v*1e3) + " ms"
	}
	return Number(v) + " s"
}

// shares says which process took which part of the time.
func shares(cpu map[string]float64) string {
	var sum float64
	names := make([]string, 0, len(cpu))
	for name, s := range cpu {
		sum += s
		names = append(names, name)
	}
	if sum == 0 {
		return "not counted"
	}
	slices.SortFunc(names, func(a, b string) int {
		if cpu[a] != cpu[b] {
			return int(math.Copysign(1, cpu[b]-cpu[a]))
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, name := range names {
		if part := cpu[name] / sum; part >= 0.005 {
			parts = append(parts, fmt.Sprintf("%s %.0f %%", name, 100*part))
		}
	}
	return strings.Join(parts, ", ")
}
