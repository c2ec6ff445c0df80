package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/predict"
)

func modelHealth(t *tool) *cobra.Command {
	var o training
	var predictor int
	cmd := &cobra.Command{
		Use: "health [DIRECTORY]", Short: "Says whether predictors still hold: as found on the schedule, or what model train wrote to a directory", Args: cobra.MaximumNArgs(1),
		Long: `Without a directory it lists what workers found on the schedule of predictors that the published model uses.

With one it asks the predictor about leads that came to an end since it was trained - of DATABASE_URL, or of a file - and compares: the fields with
what they were, the ranking and the probabilities with what the card promises. Exit code 3: something is off, train again.`,
		Example: `  leadflow model health
  leadflow model health learned
  leadflow model health learned --csv newer.csv --mapping training.yaml`,
	}
	cmd.Flags().StringVar(&o.csv, "csv", "", "file of newer leads with outcomes; - is standard input")
	cmd.Flags().StringVar(&o.mapping, "mapping", "", "the mapping of the training")
	cmd.Flags().IntVar(&predictor, "predictor", 0, "of the list: only this version")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		if len(args) == 0 {
			return t.healthList(ctx, predictor)
		}
		p, c, err := trainedIn(args[0])
		if err != nil {
			return err
		}
		table, m, young, err := t.later(ctx, o, c)
		if err != nil {
			return untrained(err)
		}
		h, err := predict.Watch(table, m, p, c)
		if few := (*predict.TooFew)(nil); errors.As(err, &few) {
			return failed("nothing can be said yet", fmt.Errorf("%d leads came to an end since it was trained, beside %d too young to tell, and %d are needed", few.Outcomes, young, scoring.LeastOutcomes), "ask again later")
		} else if err != nil {
			return untrained(err)
		}
		return t.showHealth(h)
	})
	return cmd
}

func readInto(dir, name string, v any) error {
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

// later are leads that came to an end after the training: those of a file, or own ones that are old enough to tell.
func (t *tool) later(ctx context.Context, o training, c predict.Card) (table predict.Table, m predict.Mapping, young int, err error) {
	if o.csv != "" || o.mapping != "" {
		table, m, err = t.examples(ctx, o)
		return table, m, 0, err
	}
	own, err := t.own(ctx)
	if err != nil {
		return table, m, 0, err
	}
	own, young = predict.Mature(own, t.now())
	table, m = predict.FromLeads(predict.Since(own, c))
	return table, m, young, nil
}

func (t *tool) showHealth(h *predict.Health) error {
	raw, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := showAll(t, raw, h.Periods, periodColumns); err != nil {
		return err
	}
	t.tell("%d leads came to an end, %d converted. Stability index of the score %.3f.", h.Rows, h.Converted, h.Logits)
	if !h.Retrain {
		t.tell("Nothing is off.")
		return nil
	}
	return &failure{what: "the predictor is not what it was", why: strings.Join(h.Alarms, "\n"), next: "train it again: leadflow model train", code: ExitPartial}
}

var periodColumns = []column[predict.Period]{
	{"from", func(p predict.Period) any { return p.From }},
	{"to", func(p predict.Period) any { return p.To }},
	{"rows", func(p predict.Period) any { return p.Rows }},
	{"auc", func(p predict.Period) any { return p.AUC.String() }},
	{"predicted", func(p predict.Period) any { return fmt.Sprintf("%.3f", p.Predicted) }},
	{"observed", func(p predict.Period) any { return p.Observed.String() }},
	{"ece", func(p predict.Period) any { return fmt.Sprintf("%.3f", p.ECE) }},
}
