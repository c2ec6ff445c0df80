package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/predict"
)

// training is what `model train` was asked.
type training struct {
	csv, mapping, out string
	keep              bool
	note              string
	predict.Options
}

func modelTrain(t *tool) *cobra.Command {
	var o training
	cmd := &cobra.Command{
		Use: "train", Short: "Learns from outcomes how likely a lead is to convert", Args: cobra.NoArgs,
		Long: `Fits a calibrated logistic regression to leads with outcomes, and writes what it is worth: a card with its data, its figures and its limits.
From a file it needs no server. Without one it learns from the leads of DATABASE_URL that came to an end, as they were known when sales were asked.

Columns that could only be known after the decision are refused. docs/scoring.md says what a mapping holds and how to use what was learned.`,
		Example: `  leadflow model train --csv leads.csv --mapping training.yaml --out learned
  leadflow model train --csv leads.csv --mapping training.yaml --drop-refused -o json
  leadflow model train --out learned
  leadflow model train --keep --note "first year"`,
	}
	flags := cmd.Flags()
	flags.StringVar(&o.csv, "csv", "", "file of leads with outcomes; - is standard input")
	flags.StringVar(&o.mapping, "mapping", "", "what its columns are and when each is known, in YAML or JSON")
	flags.StringVar(&o.out, "out", "", "directory for predictor.json, card.json and card.md")
	flags.BoolVar(&o.keep, "keep", false, "keep it in the database as well, as a version that a model may name (over the API)")
	flags.StringVar(&o.note, "note", "", "of what is kept: what is new")
	flags.Uint64Var(&o.Seed, "seed", 1, "of the folds; the same data and seed give the same predictor")
	flags.BoolVar(&o.AcceptUnstated, "accept-unstated", false, "yes, columns that do not say when they are known may be used")
	flags.BoolVar(&o.DropRefused, "drop-refused", false, "leave refused columns out and go on")
	cmd.RunE = t.do(func(ctx context.Context, _ []string) error {
		table, m, err := t.examples(ctx, o)
		if err != nil {
			return untrained(err)
		}
		got, err := predict.Train(table, m, o.Options)
		if err != nil {
			return untrained(err)
		}
		return t.showTrained(ctx, got, o)
	})
	return cmd
}

// examples are the leads of a file with its mapping, or those of the database that came to an end.
func (t *tool) examples(ctx context.Context, o training) (predict.Table, predict.Mapping, error) {
	switch {
	case o.csv == "" && o.mapping == "":
		own, err := t.own(ctx)
		if err != nil {
			return predict.Table{}, predict.Mapping{}, err
		}
		table, m := predict.FromLeads(own)
		return table, m, nil
	case o.csv == "" || o.mapping == "":
		return predict.Table{}, predict.Mapping{}, misused("a file and its mapping belong together", "give --csv and --mapping, or neither to take your own leads")
	}
	raw, err := readInput(o.mapping, t.In)
	if err != nil {
		return predict.Table{}, predict.Mapping{}, err
	}
	m, err := predict.ParseMapping(raw)
	if err != nil {
		return predict.Table{}, m, err
	}
	if raw, err = readInput(o.csv, t.In); err != nil {
		return predict.Table{}, m, err
	}
	table, err := predict.ReadCSV(bytes.NewReader(raw), m.Delimiter)
	return table, m, err
}

// own are the leads of the database that came to an end.
func (t *tool) own(ctx context.Context) (record.Examples, error) {
	cfg, err := t.engine.load()
	if err != nil {
		return record.Examples{}, err
	}
	return t.engine.examples(ctx, cfg)
}

// untrained tells why nothing was learned.
func untrained(err error) error {
	const what = "nothing was trained"
	var refused *predict.Refused
	var few *predict.TooFew
	var unusable *predict.Unusable
	switch {
	case errors.As(err, &refused):
		f := &failure{what: what, code: ExitFailure, cause: err, why: "these columns could only be known after the decision, or do not say when they are known:"}
		var unstated bool
		f.fields, unstated = refused.Told()
		f.next = "put them under ignore, or take --drop-refused"
		if unstated {
			f.next += "; say under columns when each is known (capture, engagement, sales), or take --accept-unstated for those that do not say it"
		}
		return f
	case errors.As(err, &few):
		return failed(what, err, "nothing changes: train again when more leads have come to an end")
	case errors.As(err, &unusable):
		return failed(what, err, unusable.Next)
	}
	return failed(what, err, "")
}

func (t *tool) showTrained(ctx context.Context, got *predict.Trained, o training) error {
	raw, err := json.Marshal(got)
	if err != nil {
		return err
	}
	if o.out != "" {
		if err := keepTrained(got, o.out); err != nil {
			return err
		}
		t.tell("Written to %s: predictor.json, card.json, card.md.", o.out)
	}
	if o.keep {
		origin := record.OriginFile
		if o.csv == "" {
			origin = record.OriginLeads
		}
		kept, err := t.keepPredictor(ctx, got.Predictor, got.Card, origin, o.note)
		if err != nil {
			return err
		}
		t.tell("Kept as predictor %d. leadflow predictor use %d --as shadow shows what it says and changes nothing.", kept.Version, kept.Version)
	}
	switch t.format {
	case formatJSON:
		return t.writeJSON(raw)
	case formatCSV:
		rows := [][]string{{"split", "figure", "value", "low", "high"}}
		add := func(split string, m predict.Measured) {
			for _, f := range []struct {
				name string
				is   predict.Interval
			}{{"auc", m.AUC}, {"log_loss", m.LogLoss}, {"brier", m.Brier}, {"ece", m.ECE}} {
				rows = append(rows, []string{split, f.name, fmt.Sprint(f.is.Value), fmt.Sprint(f.is.Low), fmt.Sprint(f.is.High)})
			}
		}
		add("cross_validation", got.Card.CrossValidation)
		if got.Card.TimeSplit != nil {
			add("time", *got.Card.TimeSplit)
		}
		return t.writeCSV(rows)
	}
	return t.write([]byte(got.Card.Markdown()))
}

func keepTrained(got *predict.Trained, out string) error {
	if err := os.MkdirAll(out, 0o750); err != nil {
		return err
	}
	for name, v := range map[string]any{"predictor.json": got.Predictor, "card.json": got.Card} {
		raw, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, name), append(raw, '\n'), 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(out, "card.md"), []byte(got.Card.Markdown()), 0o600)
}
