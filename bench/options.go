package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/leadflow-dev/leadflow/bench/load"
)

// options are the flags.
type options struct {
	rows    []row
	scale   float64
	pairs   int
	bin     string
	json    string
	table   string
	profile string
	self    string                                          // this program, which is also some of its helpers; a test of it has none
	null    func() (address string, stop func(), err error) // a server that does nothing
}

func parse(args []string, out io.Writer) (options, error) {
	o := options{null: nullHere}
	var names string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(out)
	f.Usage = func() {
		fmt.Fprintf(out, "bench measures ours and the denominator in turn and writes a table. It fails only when it cannot measure.\n\nFlags:\n")
		f.PrintDefaults()
		fmt.Fprintf(out, "\nRows:\n")
		for _, r := range rows {
			fmt.Fprintf(out, "  %-7s %s\n", r.id, r.title)
		}
	}
	f.StringVar(&names, "run", "", "`rows` to measure, by comma; empty: all")
	f.Float64Var(&o.scale, "scale", 1, "`factor` of all sizes and times; 1 is the issue's, 0.1 a look")
	f.IntVar(&o.pairs, "pairs", 5, "`times` that ours and the denominator are measured in turn; costly rows take fewer")
	f.StringVar(&o.bin, "bin", "bin", "`directory` of leadflow and leadflow-standalone")
	f.StringVar(&o.json, "json", "", "`file` for all figures as JSON")
	f.StringVar(&o.table, "table", "", "`file` for the Markdown that is printed as well")
	f.StringVar(&o.profile, "profile", "", "`directory` in which perf leaves what took the time; such a run measures nothing else well")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unknown argument %q; flags begin with -", f.Arg(0))
	case o.scale <= 0 || o.scale > 100:
		return o, fmt.Errorf("-scale %g is not above 0 and at most 100", o.scale)
	case o.pairs < 1:
		return o, fmt.Errorf("-pairs %d is less than one", o.pairs)
	}
	var err error
	o.rows, err = choose(names)
	return o, err
}

// choose finds the rows by their names, in the order of the table.
func choose(names string) ([]row, error) {
	if names == "" {
		return rows, nil
	}
	var out []row
	wanted := strings.Split(strings.ToLower(names), ",")
	for _, r := range rows {
		if i := slices.Index(wanted, strings.ToLower(r.id)); i >= 0 {
			out, wanted = append(out, r), slices.Delete(wanted, i, i+1)
		}
	}
	if len(wanted) > 0 {
		return nil, fmt.Errorf("no row is called %s; bench -h lists them", strings.Join(wanted, ", "))
	}
	return out, nil
}

// size is a number of things at this scale, at least so many.
func (o options) size(full, least int) int { return max(least, int(float64(full)*o.scale)) }

// window is how long one side is measured: ten seconds at full scale.
func (o options) window() load.Window {
	d := max(500*time.Millisecond, min(10*time.Second, time.Duration(o.scale*float64(10*time.Second))))
	return load.Window{WarmUp: d / 5, Measured: d}
}
