package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/routing"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/domain/simulate"
)

// simulating is what `simulate` was asked.
type simulating struct {
	leads, days, worlds int
	seed                uint64
	start               string
	houseFiles
	compare []string
}

// houseFiles are the documents that a house lives by; empty: what Leadflow starts with.
type houseFiles struct {
	model, policy, route, behaviour string
	sequences                       []string
}

// Bounds of one call: what is longer is a mistake more often than a wish.
const (
	mostLives  = 1_000_000
	mostDays   = 3660
	mostWorlds = 1000
)

func simulateCommand(t *tool) *cobra.Command {
	var o simulating
	cmd := &cobra.Command{
		Use: "simulate", Short: "Plays lives of leads over the real rules: funnel, load on sales, SLA, mails", Args: cobra.NoArgs,
		Long: `Plays lives over the code by which real ones live, all leads on one simulated clock: reps have room for only so many, pools take turns, queues fill.
What people do is drawn from a behaviour (leadflow simulate schema), which says itself what it supposes; without one it is a small house that is built in.
The result is worth what the behaviour is worth. It needs no server and touches none, and the same seed gives the same result to the byte.

--compare KIND=FILE plays the same people in a second house with another document (policy, model, sequence, route or behaviour) as well, and shows the
differences. With --worlds several it repeats that with other people and says how sure the differences are.`,
		Example: `  leadflow simulate --leads 1000 --days 90
  leadflow simulate --leads 1000 --days 90 --model model.yaml --sequence welcome.yaml --policy policy.yaml --behaviour ours.yaml -o csv
  leadflow simulate --leads 500 --days 180 --compare policy=faster.yaml --worlds 10`,
	}
	o.flags(cmd.Flags())
	cmd.RunE = t.do(func(context.Context, []string) error { return t.simulate(o) })
	schema := schemaCommand(t, document.KindBehaviour)
	schema.Example = "  leadflow simulate schema > behaviour.schema.json"
	cmd.AddCommand(schema, &cobra.Command{
		Use: "behaviour", Short: "Writes the behaviour that is built in, to begin your own with", Args: cobra.NoArgs, Example: "  leadflow simulate behaviour > ours.yaml",
		RunE: t.do(func(context.Context, []string) error { return t.write(document.DefaultBehaviour) }),
	})
	return cmd
}

func (o *simulating) flags(flags *pflag.FlagSet) {
	flags.IntVar(&o.leads, "leads", 1000, "how many leads")
	flags.IntVar(&o.days, "days", 90, "how long it goes")
	flags.Uint64Var(&o.seed, "seed", 1, "of all that is drawn")
	flags.StringVar(&o.start, "start", "2026-01-05", "day on which it begins, UTC")
	flags.StringVar(&o.model, "model", "", "file of the scoring model (default: the one Leadflow starts with; so with all documents)")
	flags.StringArrayVar(&o.sequences, "sequence", nil, "file of a nurture sequence; again for more: new leads enter the first")
	flags.StringVar(&o.policy, "policy", "", "file of the policy")
	flags.StringVar(&o.route, "route", "", "file of the routing document, with teams and reps by their names in the behaviour")
	flags.StringVar(&o.behaviour, "behaviour", "", "file of what people do")
	flags.StringArrayVar(&o.compare, "compare", nil, "KIND=FILE: also a second house with this model, sequence, policy, route or behaviour")
	flags.IntVar(&o.worlds, "worlds", 1, "with --compare: repeat with so many seeds")
}

func (t *tool) simulate(o simulating) error {
	switch {
	case o.leads < 1 || o.leads > mostLives:
		return misused(fmt.Sprintf("--leads %d cannot be", o.leads), fmt.Sprintf("take 1 to %d", mostLives))
	case o.days < 1 || o.days > mostDays:
		return misused(fmt.Sprintf("--days %d cannot be", o.days), fmt.Sprintf("take 1 to %d", mostDays))
	case o.worlds < 1 || o.worlds > mostWorlds:
		return misused(fmt.Sprintf("--worlds %d cannot be", o.worlds), fmt.Sprintf("take 1 to %d", mostWorlds))
	case o.worlds > 1 && len(o.compare) == 0:
		return misused("--worlds belongs to --compare", "without it take one --seed after the other")
	}
	in, err := t.input(o, o.houseFiles)
	if err != nil {
		return err
	}
	if len(o.compare) == 0 {
		r, err := simulate.Run(in)
		if err != nil {
			return notPlayed(err)
		}
		return t.showSimulated(r)
	}
	files, err := o.second()
	if err != nil {
		return err
	}
	other, err := t.input(o, files)
	if err != nil {
		return err
	}
	c, err := simulate.Compare(in, other, o.worlds)
	if err != nil {
		return notPlayed(err)
	}
	return t.showCompared(c)
}

// notPlayed says why lives cannot be played.
func notPlayed(err error) error {
	next := ""
	if m := (*simulate.Misfit)(nil); errors.As(err, &m) {
		next = m.Next
	}
	return failed("the lives cannot be played", err, next)
}

// second are the documents of the second house.
func (o simulating) second() (houseFiles, error) {
	files := o.houseFiles
	files.sequences = append([]string(nil), o.sequences...)
	other := []string(nil)
	for _, one := range o.compare {
		kind, file, _ := strings.Cut(one, "=")
		into := map[string]*string{"model": &files.model, "policy": &files.policy, "route": &files.route, "behaviour": &files.behaviour}[kind]
		switch {
		case file == "" || into == nil && kind != "sequence":
			return files, misused(fmt.Sprintf("--compare %s is no document", one), "write policy=FILE, model=FILE, sequence=FILE, route=FILE or behaviour=FILE")
		case kind == "sequence":
			other = append(other, file)
		default:
			*into = file
		}
	}
	if len(other) > 0 {
		files.sequences = other
	}
	return files, nil
}

// input reads the documents of a house.
func (t *tool) input(o simulating, files houseFiles) (simulate.Input, error) {
	in := simulate.Input{Leads: o.leads, Days: o.days, Seed: o.seed, Zone: zoneOf}
	var err error
	if in.Start, err = time.Parse(time.DateOnly, o.start); err != nil {
		return in, misused(fmt.Sprintf("--start %s is no day", o.start), "write it as 2026-01-05")
	}
	if in.Model, err = documentOf(t, files.model, document.DefaultModel, document.ParseModel); err != nil {
		return in, err
	}
	if in.Policy, err = documentOf(t, files.policy, document.DefaultPolicy, document.ParsePolicy); err != nil {
		return in, err
	}
	if in.Behaviour, err = documentOf(t, files.behaviour, document.DefaultBehaviour, document.ParseBehaviour); err != nil {
		return in, err
	}
	in.Route = routing.Default()
	if files.route != "" {
		parse := func(data []byte) (routing.Document, error) { return document.ParseRouting(data) }
		if in.Route, err = documentOf(t, files.route, nil, parse); err != nil {
			return in, err
		}
	}
	if len(files.sequences) == 0 {
		files.sequences = []string{""}
	}
	for _, file := range files.sequences {
		parsed, err := documentOf(t, file, document.DefaultSequence, func(data []byte) (sequence.Sequence, error) { return document.ParseSequence(data) })
		if err != nil {
			return in, err
		}
		in.Sequences = append(in.Sequences, parsed)
	}
	return in, nil
}

// documentOf reads a document of a file, or what Leadflow starts with.
func documentOf[T any](t *tool, file string, otherwise []byte, parse func([]byte) (T, error)) (T, error) {
	raw := otherwise
	if file != "" {
		var err error
		if raw, err = readInput(file, t.In); err != nil {
			var none T
			return none, err
		}
	}
	got, err := parse(raw)
	if err != nil {
		return got, &failure{what: file + " cannot be used", why: err.Error(), next: "repair it and try again", code: ExitFailure, cause: err}
	}
	return got, nil
}

// zoneOf loads a zone; nil: there is none of that name.
func zoneOf(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if name == "" || name == "Local" || err != nil {
		return nil
	}
	return loc
}
