package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/routing"
	"github.com/leadflow-dev/leadflow/domain/scoring"
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

// houseFiles are the documents that a house lives by, as files or as what is kept in ours; empty: what Leadflow starts with, or, where all of it is
// the house's, what is in force there.
type houseFiles struct {
	model, policy, route, behaviour string
	sequences                       []string
	house                           bool
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
What people do is drawn from a behaviour (leadflow simulate schema), which says itself what it supposes; without one it is a small house that is built in,
and leadflow simulate fit writes one that is like your own house. The result is worth what the behaviour is worth. The same seed gives the same
result to the byte.

With files alone it needs no server. A document may also be one that the house keeps: a version of a model or of the routing document, a sequence as
NAME@VERSION (or NAME: the published one), a policy by its name or id. --house takes everything that is not given from the house: what is in force there, and its
reps, teams and calendars. It only reads.

--compare KIND=DOCUMENT plays the same people in a second house with another document (policy, model, sequence, route or behaviour) as well, and shows the
differences. With --worlds several it repeats that with other people and says how sure the differences are.`,
		Example: `  leadflow simulate --leads 1000 --days 90
  leadflow simulate --leads 1000 --days 90 --model model.yaml --sequence welcome.yaml --policy policy.yaml --behaviour ours.yaml -o csv
  leadflow simulate --house --model 12 --sequence welcome@3 --behaviour ours.yaml
  leadflow simulate --house --leads 500 --days 180 --compare policy=faster.yaml --worlds 10`,
	}
	o.flags(cmd.Flags())
	cmd.RunE = t.do(func(ctx context.Context, _ []string) error { return t.simulate(ctx, o) })
	schema := schemaCommand(t, document.KindBehaviour)
	schema.Example = "  leadflow simulate schema > behaviour.schema.json"
	cmd.AddCommand(schema, simulateFit(t), &cobra.Command{
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
	flags.BoolVar(&o.house, "house", false, "take what is not given from the house: documents in force, reps, teams, calendars")
	flags.StringVar(&o.model, "model", "", "file or version of the scoring model (default: the one Leadflow starts with; so with all documents)")
	flags.StringArrayVar(&o.sequences, "sequence", nil, "file of a nurture sequence, NAME@VERSION or NAME; again for more: new leads enter the first")
	flags.StringVar(&o.policy, "policy", "", "file, name or id of the policy")
	flags.StringVar(&o.route, "route", "", "file of the routing document, with teams and reps by their names in the behaviour; or its version in the house, whose reps then are played")
	flags.StringVar(&o.behaviour, "behaviour", "", "file of what people do")
	flags.StringArrayVar(&o.compare, "compare", nil, "KIND=DOCUMENT: also a second house with this model, sequence, policy, route or behaviour")
	flags.IntVar(&o.worlds, "worlds", 1, "with --compare: repeat with so many seeds")
}

func (t *tool) simulate(ctx context.Context, o simulating) error {
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
	h := &theHouse{ctx: ctx, t: t}
	in, err := t.input(h, o, o.houseFiles)
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
	other, err := t.input(h, o, files)
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
			return files, misused(fmt.Sprintf("--compare %s is no document", one), "write policy=FILE, model=FILE, sequence=FILE, route=FILE or behaviour=FILE, or what the house keeps in the place of FILE")
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
func (t *tool) input(h *theHouse, o simulating, files houseFiles) (simulate.Input, error) {
	in := simulate.Input{Leads: o.leads, Days: o.days, Seed: o.seed, Zone: zoneOf}
	var err error
	if in.Start, err = time.Parse(time.DateOnly, o.start); err != nil {
		return in, misused(fmt.Sprintf("--start %s is no day", o.start), "write it as 2026-01-05")
	}
	model := source[scoring.Model]{"model", versionForm, h.model, document.DefaultModel, document.ParseModel}
	if in.Model, err = model.read(t, files.model, files.house); err != nil {
		return in, err
	}
	policy := source[lifecycle.Policy]{"policy", policyForm, h.policy, document.DefaultPolicy, document.ParsePolicy}
	if in.Policy, err = policy.read(t, files.policy, files.house); err != nil {
		return in, err
	}
	if in.Behaviour, err = documentOf(t, files.behaviour, document.DefaultBehaviour, document.ParseBehaviour); err != nil {
		return in, err
	}
	parse := func(data []byte) (routing.Document, error) { return document.ParseRouting(data) }
	route := source[routing.Document]{"routing document", versionForm, h.route, document.DefaultRouting, parse}
	if in.Route, err = route.read(t, files.route, files.house); err != nil {
		return in, err
	}
	if files.house || kept(files.route, versionForm) {
		office, err := h.sales()
		if err != nil {
			return in, err
		}
		if len(office.Reps) == 0 {
			return in, failed("the lives cannot be played", errors.New("the house has no reps"), "leadflow rep create adds them; or play the reps of a behaviour: leave --house away and name the documents")
		}
		office.Move(&in.Behaviour.Sales)
	}
	in.Sequences, err = t.sequencesOf(h, files)
	return in, err
}

// sequencesOf are those that are named, else those of the house or the one Leadflow starts with.
func (t *tool) sequencesOf(h *theHouse, files houseFiles) (out []sequence.Sequence, err error) {
	names := files.sequences
	if len(names) == 0 && files.house {
		all, err := h.published()
		if err != nil {
			return nil, err
		}
		if len(all) == 0 || !all[0].Default {
			t.tell("No sequence is the house's default: nobody is written to.")
			return nil, nil
		}
		for _, s := range all {
			doc, err := h.sequence(fmt.Sprintf("%s@%d", s.Name, s.Version))
			if err != nil {
				return nil, err
			}
			out = append(out, doc)
		}
		return out, nil
	}
	if len(names) == 0 {
		names = []string{""}
	}
	for _, name := range names {
		var doc sequence.Sequence
		if kept(name, sequenceForm) {
			doc, err = h.sequence(name)
		} else {
			doc, err = documentOf(t, name, document.DefaultSequence, func(data []byte) (sequence.Sequence, error) { return document.ParseSequence(data) })
		}
		if err != nil {
			return nil, err
		}
		out = append(out, doc)
	}
	return out, nil
}

// source is where documents of a kind come from: the house, what Leadflow starts with, a file.
type source[T any] struct {
	what      string
	form      *regexp.Regexp // of what the house keeps
	house     func(name string) (doc T, there bool, err error)
	otherwise []byte
	parse     func([]byte) (T, error)
}

func (s source[T]) read(t *tool, value string, house bool) (T, error) {
	if value == "" && house || value != "" && kept(value, s.form) {
		if doc, there, err := s.house(value); there || err != nil {
			return doc, err
		}
		t.tell("No %s is in force in the house: the one Leadflow starts with is played.", s.what)
	}
	return documentOf(t, value, s.otherwise, s.parse)
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
