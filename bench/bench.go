package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/leadflow-dev/leadflow/bench/measure"
	"github.com/leadflow-dev/leadflow/bench/rig"
)

// bench is one run of the command.
type bench struct {
	options
	talk io.Writer
	row  string // that is being measured
	rig  *rig.Rig
}

// report is what -json writes.
type report struct {
	Machine rig.Machine      `json:"machine"`
	Scale   float64          `json:"scale"`
	Client  clientCost       `json:"client"`
	Results []measure.Result `json:"results"`
}

// run measures the rows, each on a Postgres of its own, and writes what came out. A row that cannot be measured does not
// keep the others from it, but it is an error at the end.
func run(ctx context.Context, o options, out, talk io.Writer) error {
	b := &bench{options: o, talk: talk}
	rep := report{Scale: o.scale}
	var failed error
	for i, r := range o.rows {
		began := time.Now()
		b.row = r.id
		b.tell("%s", r.title)
		results, err := b.one(ctx, r, i == 0, &rep)
		rep.Results = append(rep.Results, results...)
		if ctx.Err() != nil {
			failed = ctx.Err()
			break
		}
		if err != nil {
			b.tell("could not be measured: %v", err)
			failed = fmt.Errorf("%s could not be measured: %w", r.id, err)
			continue
		}
		b.tell("took %.0f s", time.Since(began).Seconds())
	}
	if err := write(o, rep, out); err != nil {
		return err
	}
	return failed
}

func (b *bench) one(ctx context.Context, r row, describe bool, rep *report) (results []measure.Result, err error) {
	if b.rig, err = rig.New(ctx, b.bin); err != nil {
		return nil, err
	}
	defer b.rig.Close()
	if describe {
		if rep.Machine, err = b.rig.Describe(ctx); err != nil {
			return nil, err
		}
		if rep.Client, err = b.clientCost(ctx); err != nil {
			return nil, err
		}
		fmt.Fprintf(b.talk, "%s\n%s\n", rep.Machine, rep.Client)
	}
	return r.measure(ctx, b)
}

func write(o options, rep report, out io.Writer) error {
	text := fmt.Sprintf("%s\n%s Scale %g.\n\n%s", rep.Machine, rep.Client, rep.Scale, measure.Table(rep.Results))
	if _, err := io.WriteString(out, text); err != nil {
		return err
	}
	if o.table != "" {
		if err := os.WriteFile(o.table, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if o.json == "" {
		return nil
	}
	raw, err := json.MarshalIndent(rep, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.json, raw, 0o644)
}

// tell says on what is worked.
func (b *bench) tell(format string, args ...any) {
	fmt.Fprintf(b.talk, "%s %-4s %s\n", time.Now().Format(time.TimeOnly), b.row, fmt.Sprintf(format, args...))
}

// inTurn measures sides in turn and tells of each measurement.
func (b *bench) inTurn(ctx context.Context, pairs int, sides ...measure.Side) ([][]measure.Sample, error) {
	for i := range sides {
		sides[i] = b.profiled(sides[i])
	}
	return measure.Interleave(ctx, pairs, sides, func(pair int, side measure.Side, s measure.Sample) {
		line := fmt.Sprintf("%d/%d %s: %s %s, %.1f s", pair+1, pairs, side.Name, measure.Number(s.Value), side.Unit, s.Seconds)
		if s.P50 > 0 {
			line += fmt.Sprintf(", p50 %s p99 %s ms", measure.Number(s.P50), measure.Number(s.P99))
		}
		if s.Units > 0 && len(s.CPU) > 0 {
			line += fmt.Sprintf(", %.0f µs CPU a unit", 1e6*s.Cost()/s.Units)
		}
		b.tell("%s", line)
	})
}
