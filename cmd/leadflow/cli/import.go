package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// importing is the command `import`, which Go has taken as a word.
type importing struct {
	mapping, errors, follow string
	dryRun, alert, nurture  bool
	rate                    float64
}

func importCommand(t *tool) *cobra.Command {
	var o importing
	cmd := &cobra.Command{
		Use: "import FILE --map MAPPING", Short: "Imports a CSV file; alerts and mails nobody unless asked", Args: cobra.MaximumNArgs(1),
		Long: "Imports a CSV file under a mapping that says which column is what (YAML or JSON). Encoding and delimiter are found out\n" +
			"where the mapping does not say; how the file was read is told, and --dry-run shows its first rows. Of leads that are known\n" +
			"blanks are filled, unless the mapping says on_known: overwrite or skip. Nobody is alerted and no mail is sent unless asked.\n" +
			"Rows that failed are written to a CSV with their original columns and row, column and error, which can be corrected and\n" +
			"imported again; the exit code is 3 then. An import can be cancelled, and undone within an hour of its end.",
		Example: "  leadflow import leads.csv --map mapping.yaml --dry-run\n  leadflow import leads.csv --map mapping.yaml --errors failed.csv\n  leadflow import --follow 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59\n" +
			"  leadflow import undo 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59",
	}
	cmd.AddCommand(importList(t), importCancel(t), importUndo(t), importKept(t), importSchema(t))
	f := cmd.Flags()
	f.StringVar(&o.mapping, "map", "", "file that says which column is what")
	f.BoolVar(&o.dryRun, "dry-run", false, "count what would happen; write nothing")
	f.BoolVar(&o.alert, "alert", false, "new leads alert sales")
	f.BoolVar(&o.nurture, "nurture", false, "new leads get mail")
	f.Float64Var(&o.rate, "rate", 0, "runs it may start a second (default: as many as the server does)")
	f.StringVar(&o.errors, "errors", "", "where rows that failed are written (default FILE.errors.csv in this directory)")
	f.StringVar(&o.follow, "follow", "", "follow an import that runs already, by id")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		imp, err := o.start(ctx, t, args)
		if err != nil {
			return err
		}
		if imp, err = t.watch(ctx, imp); err != nil {
			return err
		}
		return t.conclude(ctx, imp, o.errorFile(args, imp))
	})
	return cmd
}

// start uploads the file, or finds the import to follow.
func (o importing) start(ctx context.Context, t *tool, args []string) (record.Import, error) {
	switch {
	case o.follow != "" && len(args) == 0:
		return t.importState(ctx, o.follow)
	case o.follow != "":
		return record.Import{}, misused("either a file or --follow", "an import that runs already has its file")
	case len(args) == 0:
		return record.Import{}, misused("an import needs a file", "leadflow import FILE --map MAPPING")
	case o.mapping == "":
		return record.Import{}, misused("an import needs --map: a file that says which column is what", "leadflow import FILE --map MAPPING; the manual shows one")
	}
	imp, err := o.upload(ctx, t, args[0])
	if err == nil {
		t.read(imp)
	}
	return imp, err
}

func (o importing) errorFile(args []string, imp record.Import) string {
	if o.errors != "" {
		return o.errors
	}
	if len(args) == 0 {
		return imp.ID + ".errors.csv"
	}
	name := filepath.Base(args[0])
	return strings.TrimSuffix(name, filepath.Ext(name)) + ".errors.csv"
}

func (t *tool) importState(ctx context.Context, id string) (record.Import, error) {
	got, err := t.call(ctx, http.MethodGet, "/v1/imports/"+url.PathEscape(id), nil)
	if err != nil {
		return record.Import{}, err
	}
	return decode[record.Import](got.body)
}

// How often the import is looked at: soon at first, since small files are done at once.
const (
	firstLook = 100 * time.Millisecond
	lastLook  = time.Second
)

// patience is how many looks in a row may fail: a server that starts anew does not end what it works on.
const patience = 10

// over are the states in which no more rows are taken.
var over = []string{"done", "failed", "cancelled", "undoing", "undone"}

// watch follows an import to its end.
func (t *tool) watch(ctx context.Context, imp record.Import) (record.Import, error) {
	bar := t.newBar("import")
	defer bar.end()
	show := func(imp record.Import) {
		var left time.Duration
		if imp.ETA != nil {
			left = imp.ETA.Sub(t.now())
		}
		bar.note = startsLeft(imp, t.now())
		bar.at(worked(imp), imp.Rows, imp.Rate, left)
	}
	imp, err := t.follow(ctx, imp, func(state string) bool { return slices.Contains(over, state) }, show)
	if err != nil {
		return imp, t.leave(imp, err)
	}
	bar.note = startsLeft(imp, t.now())
	bar.at(worked(imp), imp.Rows, imp.Rate, 0)
	return imp, nil
}

// follow looks at an import, and shows it, until its state is the last. It answers the newest one seen, and why it was left.
func (t *tool) follow(ctx context.Context, imp record.Import, last func(state string) bool, show func(record.Import)) (record.Import, error) {
	for wait, misses := firstLook, 0; !last(imp.State); wait = min(wait*2, lastLook) {
		show(imp)
		select {
		case <-ctx.Done():
			return imp, ctx.Err()
		case <-time.After(wait):
		}
		next, err := t.importState(ctx, imp.ID)
		if err == nil {
			imp, misses = next, 0
			continue
		}
		var f *failure
		if misses++; ctx.Err() != nil || misses == patience || !errors.As(err, &f) || !f.passing {
			return imp, cmp.Or(ctx.Err(), err)
		}
	}
	return imp, nil
}

// startsLeft says how many runs are still to be started, and how long that takes.
func startsLeft(i record.Import, now time.Time) string {
	if i.Starts == nil || i.Starts.Waiting == 0 {
		return ""
	}
	text := fmt.Sprintf("%d starts wait", i.Starts.Waiting)
	if i.Starts.ETA != nil {
		text += fmt.Sprintf(" (%.0f a second, %s left)", i.Starts.Rate, short(i.Starts.ETA.Sub(now)))
	}
	return text
}

func worked(i record.Import) int { return i.Created + i.Updated + i.Unchanged + i.Failed }

// leave says that nobody watches any more, and how to go on watching.
func (t *tool) leave(imp record.Import, err error) error {
	why := err.Error()
	if errors.Is(err, context.Canceled) {
		why = "it was interrupted"
	}
	return &failure{
		what: "the import is no longer watched", why: why, code: ExitFailure,
		next: "it goes on by itself; watch it again with: leadflow import --follow " + imp.ID,
	}
}

// conclude tells the counts and fetches what failed.
func (t *tool) conclude(ctx context.Context, imp record.Import, errorFile string) error {
	if err := show(t, asJSON(imp), importColumns); err != nil {
		return err
	}
	if imp.DryRun && imp.State == "done" {
		t.tell("This was a dry run: nothing was written.")
	}
	if text := startsLeft(imp, t.now()); text != "" {
		t.tell("%s: they go on by themselves.", text)
	}
	var saved error
	if imp.Failed > 0 {
		if saved = t.saveErrors(ctx, imp, errorFile); saved == nil {
			t.tell("The rows that failed are in %s.", errorFile)
		}
	}
	switch {
	case imp.State == "cancelled":
		return &failure{what: "the import was cancelled", why: fmt.Sprintf("somebody stopped it after %d of %d rows", worked(imp), imp.Rows), next: "undo what it did with: leadflow import undo " + imp.ID + "; or import the file again", code: ExitFailure}
	case imp.State == "failed":
		return &failure{what: "the import failed", why: cmp.Or(imp.Error, "the server does not say why"), next: "correct it and import the file again: rows that were taken change nothing the second time", code: ExitFailure}
	case saved != nil:
		return saved
	case imp.Failed == 0:
		return nil
	case imp.Failed == worked(imp):
		return &failure{what: "nothing was imported", why: fmt.Sprintf("all %d rows failed", imp.Failed), next: "see " + errorFile + ": the mapping may not fit the file", code: ExitFailure}
	}
	return &failure{
		what: "the import is partial", why: fmt.Sprintf("%d of %d rows failed", imp.Failed, worked(imp)), code: ExitPartial,
		next: "correct the rows in " + errorFile + " and import the file again: rows that were taken change nothing the second time",
	}
}

var importColumns = []column[record.Import]{
	{"id", func(i record.Import) any { return i.ID }},
	{"state", func(i record.Import) any { return i.State }},
	{"rows", func(i record.Import) any { return i.Rows }},
	{"created", func(i record.Import) any { return i.Created }},
	{"updated", func(i record.Import) any { return i.Updated }},
	{"unchanged", func(i record.Import) any { return i.Unchanged }},
	{"failed", func(i record.Import) any { return i.Failed }},
	{"skipped", func(i record.Import) any { return i.Skipped }},
	{"repeated", func(i record.Import) any { return i.Repeated }},
	{"encoding", func(i record.Import) any { return i.Encoding }},
	{"delimiter", func(i record.Import) any { return delimiterName(i.Delimiter) }},
	{"starts", func(i record.Import) any { return started(i) }},
}

// started is how many of its runs were started, of all.
func started(i record.Import) string {
	if i.Starts == nil {
		return ""
	}
	return fmt.Sprintf("%d of %d", i.Starts.Started, i.Starts.Started+i.Starts.Waiting)
}

// delimiterName is a delimiter that can be seen.
func delimiterName(d string) string {
	if d == "\t" {
		return "tab"
	}
	return d
}
