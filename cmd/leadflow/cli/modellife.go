package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

func modelPath(version, what string) string { return "/v1/models/" + url.PathEscape(version) + what }

func modelLife(t *tool) []*cobra.Command {
	return []*cobra.Command{modelShow(t), modelDiff(t), modelCheck(t), modelPreview(t), modelRetire(t), modelShadow(t)}
}

func modelShow(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "show VERSION", Short: "Shows a version: who wrote it, why, and the document as it was written", Args: takes("the version"),
		Example: "  leadflow model show 3 > model.yaml",
		RunE: t.do(func(ctx context.Context, args []string) error {
			got, err := t.call(ctx, http.MethodGet, modelPath(args[0], ""), nil)
			if err != nil {
				return err
			}
			if t.format != formatTable {
				return show(t, got.body, modelColumns)
			}
			m, err := decode[record.Model](got.body)
			if err != nil {
				return err
			}
			t.tell("Version %d, %s, by %s: %s", m.Version, m.State, orNobody(m.Author), orNothing(m.Note))
			_, err = fmt.Fprintln(t.Out, m.Source)
			return err
		}),
	}
}

func orNobody(author string) string {
	if author == "" {
		return "nobody"
	}
	return author
}

func orNothing(note string) string {
	if note == "" {
		return "no note"
	}
	return note
}

// differing is what the API answers to a diff.
type differing struct {
	Version     int                  `json:"version"`
	Against     *int                 `json:"against"`
	Author      string               `json:"author"`
	Note        string               `json:"note"`
	Differences []scoring.Difference `json:"differences"`
}

func modelDiff(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "diff VERSION [AGAINST]", Short: "Says what a version changes of the one before or of another, by rule and in words",
		Args:    takesOrMore("the version", "another version"),
		Example: "  leadflow model diff 3\n  leadflow model diff 3 1",
		RunE: t.do(func(ctx context.Context, args []string) error {
			path := modelPath(args[0], "/diff")
			if len(args) > 1 {
				path += "?against=" + url.QueryEscape(args[1])
			}
			got, err := t.call(ctx, http.MethodGet, path, nil)
			if err != nil {
				return err
			}
			d, err := decode[differing](got.body)
			if err != nil {
				return err
			}
			switch {
			case d.Against == nil:
				t.tell("Version %d is the first one: there is nothing to compare it with.", d.Version)
			case len(d.Differences) == 0:
				t.tell("Versions %d and %d say the same.", *d.Against, d.Version)
			default:
				t.tell("What version %d (by %s: %s) changes of version %d:", d.Version, orNobody(d.Author), orNothing(d.Note), *d.Against)
			}
			if len(d.Differences) == 0 && t.format == formatTable {
				return nil
			}
			return showAll(t, got.body, d.Differences, []column[scoring.Difference]{
				{"part", func(d scoring.Difference) any { return d.Part }},
				{"id", func(d scoring.Difference) any { return d.ID }},
				{"change", func(d scoring.Difference) any { return d.Kind }},
				{"what", func(d scoring.Difference) any { return d.Words }},
			})
		}),
	}
}

// takesOrMore is takes for a command whose last argument may be left out.
func takesOrMore(what ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(what)-1 {
			return nil
		}
		return takes(what...)(cmd, args)
	}
}

func modelCheck(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "check VERSION", Short: "Finds what a version says and will hardly mean, also by the newest leads", Args: takes("the version"),
		Example: "  leadflow model check 3",
		RunE: t.do(func(ctx context.Context, args []string) error {
			got, err := t.call(ctx, http.MethodGet, modelPath(args[0], "/check"), nil)
			if err != nil {
				return err
			}
			w, err := decode[warned](got.body)
			if err != nil {
				return err
			}
			return showAll(t, got.body, w.Warnings, []column[record.Warning]{
				{"line", func(w record.Warning) any { return w.Line }},
				{"where", func(w record.Warning) any { return w.Path }},
				{"why", func(w record.Warning) any { return w.Why }},
				{"remedy", func(w record.Warning) any { return w.Remedy }},
			})
		}),
	}
}

type warned struct {
	Warnings []record.Warning `json:"warnings"`
}

// warn tells what is doubtful about a document that was kept all the same.
func (t *tool) warn(body []byte) {
	w, err := decode[warned](body)
	if err != nil {
		return
	}
	for _, one := range w.Warnings {
		t.tell("Warning, line %d: %s %s; %s.", one.Line, one.Path, one.Why, one.Remedy)
	}
}

func modelRetire(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "retire VERSION", Short: "Puts a version away that nobody is scored by; it can still be published", Args: takes("the version"),
		Example: "  leadflow model retire 4",
		RunE: t.do(func(ctx context.Context, args []string) error {
			return ask(ctx, t, http.MethodPost, modelPath(args[0], "/retire"), nil, modelColumns)
		}),
	}
}

// publication says what it does to publish a version.
func (t *tool) publication(version string, body []byte) {
	got, err := decode[struct {
		Publication record.ModelPublication `json:"publication"`
	}](body)
	if err != nil {
		return
	}
	p := got.Publication
	will, scored, keep := "takes", "are", "keep"
	if p.DryRun {
		will, scored, keep = "would take", "would be", "would keep"
	}
	if p.Replaces == nil {
		t.tell("No other version is published than %s: nothing is replaced.", version)
	} else {
		before := strconv.Itoa(*p.Replaces)
		t.tell("Version %s %s the place of version %s; back again: leadflow model publish %s", version, will, before, before)
	}
	if p.RollsBack {
		t.tell("This is a roll back: %s was published before %d.", version, *p.Replaces)
	}
	t.tell("%d leads %s scored anew in the background (leadflow model progress %s). Bands may change; nobody becomes an MQL before they next do something.", p.Leads, scored, version)
	t.tell("%d leads wait for sales or are with sales: they %s their offers and owners.", p.Offers, keep)
	if p.DryRun {
		t.tell("Nothing was done.")
	}
}
