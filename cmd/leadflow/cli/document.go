package cli

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/record"
)

func models(t *tool) *cobra.Command {
	return group("model", "Scoring models: what is worth how many points", "", append([]*cobra.Command{listCommand(t, list[record.Model]{
		short: "Lists versions, newest first", path: "/v1/models", columns: modelColumns, example: `  leadflow model list`,
	}), modelCreate(t), schemaCommand(t, document.KindModel), modelPublish(t), modelProgress(t), modelTrain(t), modelHealth(t), modelBacktest(t), modelSuggest(t), modelPattern(t)}, modelLife(t)...)...)
}

func publishPath(kind string, parts ...string) string {
	path := "/v1/" + kind
	for _, part := range parts {
		path += "/" + url.PathEscape(part)
	}
	return path + "/publish"
}

func modelCreate(t *tool) *cobra.Command {
	var publish bool
	var note string
	var predicts predicting
	cmd := &cobra.Command{
		Use: "create FILE", Short: "Keeps a model as a new version; - is standard input", Args: takes("a file"),
		Example: `  leadflow model create model.yaml --note "webinars count double" --publish
  leadflow model create model.yaml --predictor learned/predictor.json --use shadow`,
	}
	cmd.Flags().StringVar(&predicts.file, "predictor", "", "also use this predictor.json, which model train wrote")
	cmd.Flags().StringVar(&predicts.use, "use", "", "of the predictor: axis (it gives points), shadow (it is only shown), off")
	cmd.Flags().Float64Var(&predicts.points, "points", 0, "as an axis: the points of a lead that is certain to convert")
	cmd.Flags().BoolVar(&publish, "publish", false, "score everybody by it at once")
	cmd.Flags().StringVar(&note, "note", "", "what is new")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body, err := t.source(args[0])
		if err != nil {
			return err
		}
		if body["source"], err = predicts.into(body["source"].(string)); err != nil {
			return err
		}
		body.put("note", note)
		return keep(ctx, t, "/v1/models", body, publish, modelColumns, func(m record.Model) string {
			return publishPath("models", strconv.Itoa(m.Version))
		})
	})
	return cmd
}

func sequences(t *tool) *cobra.Command {
	return group("sequence", "Nurture sequences: which mails, in which order", "", append([]*cobra.Command{listCommand(t, list[record.Sequence]{
		short: "Lists all versions of all sequences", path: "/v1/sequences", columns: sequenceColumns, example: `  leadflow sequence list`,
	}), sequenceCreate(t), sequenceRetire(t), sequenceResults(t), schemaCommand(t, document.KindSequence), sequencePreview(t), sequenceTestSend(t), sequenceCoverage(t)}, sequenceInside(t)...)...)
}

func sequenceCreate(t *tool) *cobra.Command {
	var publish, standard bool
	cmd := &cobra.Command{
		Use: "create FILE", Short: "Keeps a sequence as a new version; - is standard input", Args: takes("a file"),
		Example: `  leadflow sequence create welcome.yaml --publish --default`,
	}
	cmd.Flags().BoolVar(&publish, "publish", false, "let leads enter it at once")
	cmd.Flags().BoolVar(&standard, "default", false, "new leads enter it")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body, err := t.source(args[0])
		if err != nil {
			return err
		}
		if standard {
			body["default"] = true
		}
		return keep(ctx, t, "/v1/sequences", body, publish, sequenceColumns, func(s record.Sequence) string {
			return publishPath("sequences", s.Name, strconv.Itoa(s.Version))
		})
	})
	return cmd
}

func policies(t *tool) *cobra.Command {
	return group("policy", "Policies: clocks, recycling, consent", "", listCommand(t, list[record.Policy]{
		short: "Lists policies, newest first", path: "/v1/policies", columns: policyColumns, example: `  leadflow policy list`,
	}), policyCreate(t), policyUpdate(t), schemaCommand(t, document.KindPolicy))
}

func policyCreate(t *tool) *cobra.Command {
	var activate bool
	create := &cobra.Command{
		Use: "create FILE", Short: "Keeps a policy; - is standard input", Args: takes("a file"),
		Example: `  leadflow policy create policy.yaml --activate`,
	}
	create.Flags().BoolVar(&activate, "activate", false, "leads live by it")
	create.RunE = t.do(func(ctx context.Context, args []string) error {
		body, err := t.source(args[0])
		if err != nil {
			return err
		}
		if activate {
			body["active"] = true
		}
		return ask(ctx, t, http.MethodPost, "/v1/policies", body, policyColumns)
	})
	return create
}

func policyUpdate(t *tool) *cobra.Command {
	var activate bool
	cmd := &cobra.Command{
		Use: "update ID [FILE]", Short: "Writes a policy anew, or makes it the one leads live by; - is standard input",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && activate {
				return nil
			}
			return takes("the policy's id", "a file (or --activate)")(cmd, args)
		},
		Example: "  leadflow policy update 0199... policy.yaml\n  leadflow policy update 0199... --activate",
	}
	cmd.Flags().BoolVar(&activate, "activate", false, "leads live by it")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		body := fields{}
		if len(args) == 2 {
			var err error
			if body, err = t.source(args[1]); err != nil {
				return err
			}
		}
		if activate {
			body["active"] = true
		}
		return ask(ctx, t, http.MethodPatch, "/v1/policies/"+url.PathEscape(args[0]), body, policyColumns)
	})
	return cmd
}

// source is a document as the API takes it: its text as it is, so that errors name the lines people see.
func (t *tool) source(path string) (fields, error) {
	raw, err := readInput(path, t.In)
	return fields{"source": string(raw)}, err
}

// keep stores a document and, when wanted, publishes what came of it.
func keep[T any](ctx context.Context, t *tool, path string, body fields, publish bool, columns []column[T], publishing func(T) string) error {
	got, err := t.call(ctx, http.MethodPost, path, body)
	if err != nil {
		return err
	}
	t.warn(got.body)
	if !publish {
		return show(t, got.body, columns)
	}
	kept, err := decode[T](got.body)
	if err != nil {
		return err
	}
	if err := ask(ctx, t, http.MethodPost, publishing(kept), nil, columns); err != nil {
		t.tell("It was kept as a draft, and is not published.")
		return err
	}
	return nil
}
