package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/predict"
)

func modelHealth(t *tool) *cobra.Command {
	var o training
	cmd := &cobra.Command{
		Use: "health DIRECTORY", Short: "Says whether what model train wrote to a directory still holds", Args: takes("the directory"),
		Long: `Asks the predictor about leads that came to an end since it was trained - of DATABASE_URL, or of a file - and compares: the fields with
what they were, the ranking and the probabilities with what the card promises. Exit code 3: something is off, train again.`,
		Example: `  leadflow model health learned
  leadflow model health learned --csv newer.csv --mapping training.yaml`,
	}
	cmd.Flags().StringVar(&o.csv, "csv", "", "file of newer leads with outcomes; - is standard input")
	cmd.Flags().StringVar(&o.mapping, "mapping", "", "the mapping of the training")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		var p scoring.Predictor
		var c predict.Card
		if err := errors.Join(readInto(args[0], "predictor.json", &p), readInto(args[0], "card.json", &c)); err != nil {
			return failed("there is nothing to ask", err, "name the directory that model train --out wrote")
		}
		if problems := p.Problems("predictor"); len(problems) > 0 {
			return failed("there is nothing to ask", errors.New(problems[0].Path+": "+problems[0].Message), "train it again")
		}
		table, m, err := t.examples(ctx, o)
		if err != nil {
			return untrained(err)
		}
		if o.csv == "" {
			table = since(table, c)
		}
		h, err := predict.Watch(table, m, p, c)
		if few := (*predict.TooFew)(nil); errors.As(err, &few) {
			return failed("nothing can be said yet", fmt.Errorf("%d leads came to an end since it was trained, and %d are needed", few.Outcomes, scoring.LeastOutcomes), "ask again later")
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

// since keeps own leads that were decided after the training's newest; both moments are as FromLeads writes them.
func since(t predict.Table, c predict.Card) predict.Table {
	if c.Period == nil {
		return t
	}
	newest, err := time.Parse(time.RFC3339Nano, c.Period[1])
	if err != nil {
		return t // it was trained on a file
	}
	t.Rows = slices.DeleteFunc(t.Rows, func(row []string) bool {
		at, err := time.Parse(time.RFC3339Nano, row[predict.Decided])
		return err == nil && !at.After(newest)
	})
	return t
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
