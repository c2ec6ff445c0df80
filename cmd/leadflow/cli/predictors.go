package cli

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/predict"
)

const predictorsPath = "/v1/predictors"

func predictors(t *tool) *cobra.Command {
	return group("predictor", "Predictors: what was learned from outcomes, and what is done with it",
		"A version never changes. leadflow model train --keep makes one.", listCommand(t, list[record.KeptPredictor]{
			short: "Lists versions, newest first, and what the published model does with each", path: predictorsPath, columns: predictorColumns,
			example: "  leadflow predictor list",
		}), predictorShow(t), predictorKeep(t), predictorUse(t))
}

func predictorShow(t *tool) *cobra.Command {
	return &cobra.Command{
		Use: "show VERSION", Short: "Shows a predictor with the card that says how far it can be trusted", Args: takes("a version"), Example: "  leadflow predictor show 3",
		RunE: t.do(func(ctx context.Context, args []string) error {
			got, err := t.call(ctx, http.MethodGet, predictorsPath+"/"+url.PathEscape(args[0]), nil)
			if err != nil {
				return err
			}
			if t.format == formatTable {
				p, err := decode[record.KeptPredictor](got.body)
				if err != nil {
					return err
				}
				var card predict.Card
				if err := json.Unmarshal(p.Card, &card); err != nil {
					return failed("the card cannot be read", err, "take -o json")
				}
				t.tell("Predictor %d, %s in the published model, kept by %s. %s", p.Version, p.Use, p.Author, p.Note)
				return t.write([]byte(card.Markdown()))
			}
			return show(t, got.body, predictorColumns)
		}),
	}
}

func predictorKeep(t *tool) *cobra.Command {
	var note string
	cmd := &cobra.Command{
		Use: "keep DIRECTORY", Short: "Keeps what model train --out wrote to a directory", Args: takes("the directory"), Example: `  leadflow predictor keep learned --note "first year"`,
	}
	cmd.Flags().StringVar(&note, "note", "", "what is new")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		p, c, err := trainedIn(args[0])
		if err != nil {
			return err
		}
		kept, err := t.keepPredictor(ctx, p, c, originOf(c), note)
		if err != nil {
			return err
		}
		raw, err := json.Marshal(kept)
		if err != nil {
			return err
		}
		return show(t, raw, predictorColumns)
	})
	return cmd
}

// originOf tells own leads by their columns, which no file has.
func originOf(c predict.Card) string {
	if c.Own() {
		return record.OriginLeads
	}
	return record.OriginFile
}

// trainedIn is what model train --out wrote to a directory.
func trainedIn(dir string) (p scoring.Predictor, c predict.Card, err error) {
	if err := errors.Join(readInto(dir, "predictor.json", &p), readInto(dir, "card.json", &c)); err != nil {
		return p, c, failed("there is nothing to ask", err, "name the directory that model train --out wrote")
	}
	if problems := p.Problems("predictor"); len(problems) > 0 {
		return p, c, failed("there is nothing to ask", errors.New(problems[0].Path+": "+problems[0].Message), "train it again")
	}
	return p, c, nil
}

func (t *tool) keepPredictor(ctx context.Context, p scoring.Predictor, c predict.Card, origin, note string) (record.KeptPredictor, error) {
	body := fields{"predictor": p, "card": c, "origin": origin}
	body.put("note", note)
	got, err := t.call(ctx, http.MethodPost, predictorsPath, body)
	if err != nil {
		return record.KeptPredictor{}, err
	}
	return decode[record.KeptPredictor](got.body)
}

func predictorUse(t *tool) *cobra.Command {
	var as, note string
	var points float64
	cmd := &cobra.Command{
		Use: "use VERSION", Short: "Publishes the model again with a predictor as an axis, as a shadow, or off", Args: takes("a version"),
		Long: `Makes another version of the published model, which names the predictor, and publishes it: everybody is scored anew, as by every publication.
leadflow model publish takes the version before back.`,
		Example: "  leadflow predictor use 3 --as shadow\n  leadflow predictor use 3 --as axis --points 40",
	}
	cmd.Flags().StringVar(&as, "as", "", "axis (it gives points), shadow (it is only shown), off")
	cmd.Flags().Float64Var(&points, "points", 0, "as an axis: the points of a lead that is certain to convert")
	cmd.Flags().StringVar(&note, "note", "", "of the model that is made")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		if as == "" {
			return misused("--as is missing", "say --as axis --points 40, --as shadow or --as off")
		}
		body := fields{"use": as}
		if points != 0 {
			body["points"] = points
		}
		body.put("note", note)
		return ask(ctx, t, http.MethodPost, predictorsPath+"/"+url.PathEscape(args[0])+"/use", body, modelColumns)
	})
	return cmd
}

var predictorColumns = []column[record.KeptPredictor]{
	{"version", func(p record.KeptPredictor) any { return p.Version }},
	{"use", func(p record.KeptPredictor) any { return p.Use }},
	{"along", func(p record.KeptPredictor) any { return p.Along }},
	{"state", func(p record.KeptPredictor) any { return p.State }},
	{"auc", func(p record.KeptPredictor) any {
		var auc predict.Interval
		_ = json.Unmarshal(p.AUC, &auc)
		return auc.String()
	}},
	{"outcomes", func(p record.KeptPredictor) any { return p.Outcomes }},
	{"converted", func(p record.KeptPredictor) any { return p.Positive }},
	{"from", func(p record.KeptPredictor) any { return p.Origin }},
	{"author", func(p record.KeptPredictor) any { return p.Author }},
	{"created", func(p record.KeptPredictor) any { return p.CreatedAt }},
	{"note", func(p record.KeptPredictor) any { return p.Note }},
}

// healthList shows what was found on the schedule.
func (t *tool) healthList(ctx context.Context, predictor int) error {
	query := url.Values{"limit": {strconv.Itoa(pageSize)}}
	if predictor != 0 {
		query.Set("predictor", strconv.Itoa(predictor))
	}
	l := list[record.PredictorHealth]{path: "/v1/predictor-health", columns: healthColumns}
	got, items, _, err := l.page(ctx, t, query)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(got)
	if err != nil {
		return err
	}
	if err := showAll(t, raw, items, healthColumns); err != nil {
		return err
	}
	if len(items) == 0 {
		t.tell("Nothing was looked at yet: it is on a schedule, and only of predictors that the published model uses, or one that scores along.")
		return nil
	}
	return unhealthy(items)
}

// unhealthy is the failure of predictors of which the newest look, of a list that begins with the newest, found something.
func unhealthy(items []record.PredictorHealth) error {
	var which, alarms []string
	seen := map[int]bool{}
	for _, h := range items {
		if !seen[h.Predictor] && len(h.Alarms) > 0 {
			which, alarms = append(which, strconv.Itoa(h.Predictor)), append(alarms, h.Alarms...)
		}
		seen[h.Predictor] = true
	}
	switch len(which) {
	case 0:
		return nil
	case 1:
		return &failure{what: "predictor " + which[0] + " is not what it was", why: strings.Join(alarms, "\n"), next: retrain, code: ExitPartial}
	}
	return &failure{what: "predictors " + strings.Join(which, ", ") + " are not what they were", why: strings.Join(alarms, "\n"), next: retrain, code: ExitPartial}
}

const retrain = "train again: leadflow model train --keep; then leadflow predictor use VERSION"

var healthColumns = []column[record.PredictorHealth]{
	{"at", func(h record.PredictorHealth) any { return h.At }},
	{"predictor", func(h record.PredictorHealth) any { return h.Predictor }},
	{"state", func(h record.PredictorHealth) any { return h.State }},
	{"leads", func(h record.PredictorHealth) any { return h.Leads }},
	{"young", func(h record.PredictorHealth) any { return h.Young }},
	{"alarms", func(h record.PredictorHealth) any { return strings.Join(h.Alarms, "; ") }},
}
