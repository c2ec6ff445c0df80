// Command report reads what `go test -json` writes and shows people what matters: failures with what they printed, the
// ten slowest tests, and one line of counts. It ends with 1 when anything failed.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// event is one line of `go test -json` (see go doc test2json).
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64 // seconds
}

type slow struct {
	name    string
	seconds float64
}

func main() {
	r := &report{printed: map[string][]string{}, began: map[string]bool{}}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text()) // not from a test: the build's own words
			continue
		}
		r.take(e)
	}
	r.close()
	if r.failed > 0 || in.Err() != nil || r.passed == 0 {
		os.Exit(1)
	}
}

type report struct {
	printed                 map[string][]string
	began                   map[string]bool
	slowest                 []slow
	passed, failed, skipped int
}

func (r *report) take(e event) {
	name := strings.TrimSuffix(e.Package+" "+e.Test, " ")
	switch e.Action {
	case "output", "build-output":
		if e.Action == "build-output" {
			name = e.ImportPath
			fmt.Print(e.Output)
		}
		r.printed[name] = append(r.printed[name], e.Output)
	case "run":
		r.began[name] = true
	case "pass", "skip", "fail":
		r.end(e, name)
	}
}

func (r *report) end(e event, name string) {
	delete(r.began, name)
	switch {
	case e.Action == "fail":
		fmt.Printf("FAIL %s\n%s", name, strings.Join(r.printed[name], ""))
		r.failed++
	case e.Test == "":
		fmt.Printf("%-4s %6.1fs %s\n", e.Action, e.Elapsed, e.Package)
		return
	case e.Action == "skip":
		fmt.Printf("skip %s\n%s", name, strings.Join(r.printed[name], ""))
		r.skipped++
	default:
		r.passed++
		r.slowest = append(r.slowest, slow{name, e.Elapsed})
	}
	delete(r.printed, name)
}

func (r *report) close() {
	for name := range r.began {
		fmt.Printf("NEVER ENDED %s\n%s", name, strings.Join(r.printed[name], ""))
		r.failed++
	}
	slices.SortFunc(r.slowest, func(a, b slow) int { return cmp.Compare(b.seconds, a.seconds) })
	fmt.Println("\nThe ten slowest:")
	for _, s := range r.slowest[:min(10, len(r.slowest))] {
		fmt.Printf("  %6.1fs %s\n", s.seconds, strings.TrimPrefix(s.name, "github.com/leadflow-dev/leadflow/"))
	}
	fmt.Printf("\n%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
}
