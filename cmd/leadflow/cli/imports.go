package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

func importPath(id, what string) string { return "/v1/imports/" + url.PathEscape(id) + what }

func importList(t *tool) *cobra.Command {
	return listCommand(t, list[record.Import]{
		short: "Lists imports, newest first", example: "  leadflow import list --limit 5", path: "/v1/imports", columns: importColumns,
	})
}

func importCancel(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "cancel ID", Short: "Stops an import; what it did stays until it is undone", Args: cobra.ExactArgs(1),
		Example: "  leadflow import cancel 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59",
		RunE: t.do(func(ctx context.Context, args []string) error {
			return ask(ctx, t, http.MethodPost, importPath(args[0], "/cancel"), nil, importColumns)
		}),
	}
}

func importKept(t *tool) *cobra.Command {
	l := list[record.ImportKept]{
		short: "Lists the leads of which an undo left something, and why", example: "  leadflow import kept 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59 --all",
		columns: []column[record.ImportKept]{
			{"lead", func(k record.ImportKept) any { return k.LeadID }},
			{"row", func(k record.ImportKept) any { return k.Row }},
			{"outcome", func(k record.ImportKept) any { return k.Outcome }},
			{"left", func(k record.ImportKept) any { return leftOver(k.Left) }},
		},
	}
	return l.command(t, "kept ID", cobra.ExactArgs(1), func(args []string) string { return importPath(args[0], "/undo") })
}

// importSchema writes the JSON Schema of a mapping: it needs no server.
func importSchema(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Writes the JSON Schema of a mapping, for editors", Args: cobra.NoArgs,
		Example: "  leadflow import schema > mapping.schema.json",
		RunE: t.do(func(context.Context, []string) error {
			_, err := t.Out.Write(intake.MappingSchema)
			return err
		}),
	}
}

func leftOver(left []record.LeftOver) string {
	out := make([]string, len(left))
	for i, l := range left {
		out[i] = l.What + ": " + l.Reason
	}
	return strings.Join(out, "; ")
}

func importUndo(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "undo ID", Short: "Undoes an import within an hour of its end", Args: cobra.ExactArgs(1),
		Long: "Undoes an import within an hour of its end. Leads that it made and nobody touched since are removed, and their runs end;\n" +
			"of leads that were known before, every value that still is as the import made it is put back. What cannot be undone is\n" +
			"listed with the reason by `leadflow import kept ID`; the exit code is 3 then.",
		Example: "  leadflow import undo 0199a2c4-7e3b-7c11-9a50-4f1d2c3b4a59",
		RunE: t.do(func(ctx context.Context, args []string) error {
			got, err := t.call(ctx, http.MethodPost, importPath(args[0], "/undo"), nil)
			if err != nil {
				return err
			}
			imp, err := decode[record.Import](got.body)
			if err == nil {
				imp, err = t.watchUndo(ctx, imp)
			}
			if err != nil {
				return err
			}
			return t.undone(imp)
		}),
	}
}

// watchUndo follows an undo to its end.
func (t *tool) watchUndo(ctx context.Context, imp record.Import) (record.Import, error) {
	bar := t.newBar("undo")
	defer bar.end()
	imp, err := t.follow(ctx, imp, func(state string) bool { return state != "undoing" }, func(imp record.Import) {
		if u := imp.Undo; u != nil {
			bar.at(u.Removed+u.Restored+u.Kept, imp.Created+imp.Updated, 0, 0)
		}
	})
	if err != nil {
		return imp, leaveUndo(imp, err)
	}
	all := imp.Created + imp.Updated // rows: there may be fewer leads
	bar.at(all, all, 0, 0)
	return imp, nil
}

func leaveUndo(imp record.Import, err error) error {
	return &failure{
		what: "the undo is no longer watched", why: err.Error(), code: ExitFailure,
		next: "it goes on by itself; watch it again with: leadflow import undo " + imp.ID,
	}
}

// undone tells the counts of an undo.
func (t *tool) undone(imp record.Import) error {
	if imp.Undo == nil {
		imp.Undo = &record.ImportUndone{}
	}
	err := show(t, asJSON(imp), []column[record.Import]{
		{"id", func(i record.Import) any { return i.ID }},
		{"state", func(i record.Import) any { return i.State }},
		{"removed", func(i record.Import) any { return i.Undo.Removed }},
		{"restored", func(i record.Import) any { return i.Undo.Restored }},
		{"kept", func(i record.Import) any { return i.Undo.Kept }},
	})
	if err != nil || imp.Undo.Kept == 0 {
		return err
	}
	return &failure{
		what: "the undo is partial", why: fmt.Sprintf("of %d leads something was left: somebody or another import touched them since, or refused mail, or it is too late", imp.Undo.Kept), code: ExitPartial,
		next: "see which and why: leadflow import kept " + imp.ID,
	}
}

// read tells how the file was read, and of a dry run what its first rows look like: a wrong guess is seen there.
func (t *tool) read(imp record.Import) {
	t.tell("The file was read as %s, with %q between its cells.", imp.Encoding, imp.Delimiter)
	if !imp.DryRun {
		return
	}
	for i, row := range imp.Sample {
		cells := make([]string, len(row))
		for n, cell := range row {
			cells[n] = strings.Join(strings.Fields(cell), " ")
		}
		t.tell("  %-6s %s", map[bool]string{true: "names", false: "row"}[i == 0], strings.Join(cells, " | "))
	}
}
