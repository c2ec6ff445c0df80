package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/leadflow-dev/leadflow/domain/backtest"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// backtesting is what `model backtest` was asked.
type backtesting struct {
	from, to, decision, show string
	matureDays               int
	onlyMature               bool
}

// What --show takes.
const (
	showModels     = "models"
	showDeciles    = "deciles"
	showThresholds = "thresholds"
)

func modelBacktest(t *tool) *cobra.Command {
	var o backtesting
	cmd := &cobra.Command{
		Use: "backtest VERSION", Short: "How a version would have told who was won from who was not, beside the published one", Args: takes("the version"),
		Long: `Judges every decision that is over by what was known when it was made, and by nothing that was learned later: the moment is the first offer of a
cycle, or of one that nobody was offered when it became an MQL. What has no outcome yet and is young is left out, and counted; what is open for
longer counts as not converted.

auc: how often a lead that was won had a higher score than one that was not; interval of DeLong (1988), of the difference the paired one. Shares have
Wilson's interval. Decile 1 is the tenth with the highest scores, equal scores stay together. docs/scoring.md says more.`,
		Example: `  leadflow model backtest 13
  leadflow model backtest 13 --from 2026-01-01 --show thresholds -o csv
  leadflow model backtest 13 --decision mql --mature-days 120 --only-mature -o json`,
	}
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "decisions from then on: a date, or a moment (RFC 3339)")
	f.StringVar(&o.to, "to", "", "and before then")
	f.StringVar(&o.decision, "decision", record.DecidedByOffer, "offer, or mql: always when it became an MQL")
	f.IntVar(&o.matureDays, "mature-days", 90, "what is open for longer counts as not converted, what is younger is left out")
	f.BoolVar(&o.onlyMature, "only-mature", false, "leave out all that is younger, also what has an outcome: what ends soon is not as the rest is")
	f.StringVar(&o.show, "show", "", "models, deciles or thresholds (default: models and deciles; as CSV models)")
	cmd.RunE = t.do(func(ctx context.Context, args []string) error {
		switch o.show {
		case "", showModels, showDeciles, showThresholds:
		default:
			return misused("--show "+o.show+" is unknown", "take models, deciles or thresholds")
		}
		raw, err := t.streamBacktest(ctx, o.path(args[0]))
		if err != nil {
			return err
		}
		p, err := decode[record.Performance](raw)
		if err != nil {
			return err
		}
		if err := t.showBacktest(raw, p, o.show); err != nil || t.format != formatTable {
			return err
		}
		t.tellBacktest(p)
		return nil
	})
	return cmd
}

func (o backtesting) path(version string) string {
	query := url.Values{"progress": {"true"}, "mature_days": {strconv.Itoa(o.matureDays)}, "decision": {o.decision}}
	if o.onlyMature {
		query.Set("only_mature", "true")
	}
	for name, value := range map[string]string{"from": moment(o.from), "to": moment(o.to)} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return "/v1/models/" + url.PathEscape(version) + "/performance?" + query.Encode()
}

// streamBacktest follows a backtest to its end, however long it takes.
func (t *tool) streamBacktest(ctx context.Context, path string) (json.RawMessage, error) {
	c, err := t.client()
	if err != nil {
		return nil, err
	}
	c.http.Timeout = 0
	resp, err := c.send(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	bar, began := t.newBar("backtest"), t.now()
	defer bar.end()
	lines := bufio.NewReader(resp.Body)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) == 0 {
			if err != nil {
				return nil, c.unreachable(fmt.Errorf("the answer was cut short: %w", err))
			}
			continue
		}
		said, err := decode[struct {
			Done, Total int
			Performance json.RawMessage `json:"performance"`
			Problem     json.RawMessage `json:"problem"`
		}](line)
		switch {
		case err != nil:
			return nil, err
		case said.Problem != nil:
			return nil, c.problem(http.StatusInternalServerError, said.Problem)
		case said.Performance != nil:
			return said.Performance, nil
		}
		bar.at(said.Done, said.Total, pace(said.Done, t.now().Sub(began)), 0)
	}
}

// ofModel is a row of one of several models.
type ofModel[T any] struct {
	model int
	row   T
}

// figure is nothing where there is none.
func figure(x *float64) any {
	if x == nil {
		return nil
	}
	return threeDigits(*x)
}

// threeDigits keeps three digits behind the point: more would only look exact.
func threeDigits(x float64) float64 {
	out, err := strconv.ParseFloat(strconv.FormatFloat(x, 'f', 3, 64), 64)
	if err != nil {
		return x
	}
	return out
}

var measuredColumns = []column[record.ModelMeasured]{
	{"model", func(m record.ModelMeasured) any { return m.Model }},
	{"auc", func(m record.ModelMeasured) any {
		return bound(m.AUC, func(i backtest.Interval) float64 { return i.Value })
	}},
	{"auc_low", func(m record.ModelMeasured) any {
		return bound(m.AUC, func(i backtest.Interval) float64 { return i.Low })
	}},
	{"auc_high", func(m record.ModelMeasured) any {
		return bound(m.AUC, func(i backtest.Interval) float64 { return i.High })
	}},
	{"threshold", func(m record.ModelMeasured) any { return m.Own.Threshold }},
	{"picked", func(m record.ModelMeasured) any { return m.Own.Picked }},
	{"won", func(m record.ModelMeasured) any { return m.Own.Won }},
	{"precision", func(m record.ModelMeasured) any { return figure(m.Own.Precision.Share) }},
	{"recall", func(m record.ModelMeasured) any { return figure(m.Own.Recall.Share) }},
	{"lift", func(m record.ModelMeasured) any { return figure(m.Own.Lift) }},
}

func bound(i *backtest.Interval, of func(backtest.Interval) float64) any {
	if i == nil {
		return nil
	}
	return threeDigits(of(*i))
}

var decileColumns = []column[ofModel[backtest.Decile]]{
	{"model", func(d ofModel[backtest.Decile]) any { return d.model }},
	{"decile", func(d ofModel[backtest.Decile]) any { return d.row.Decile }},
	{"from", func(d ofModel[backtest.Decile]) any { return d.row.From }},
	{"to", func(d ofModel[backtest.Decile]) any { return d.row.To }},
	{"leads", func(d ofModel[backtest.Decile]) any { return d.row.Leads }},
	{"won", func(d ofModel[backtest.Decile]) any { return d.row.Won }},
	{"conversion", func(d ofModel[backtest.Decile]) any { return figure(d.row.Conversion.Share) }},
	{"low", func(d ofModel[backtest.Decile]) any { return figure(d.row.Conversion.Low) }},
	{"high", func(d ofModel[backtest.Decile]) any { return figure(d.row.Conversion.High) }},
	{"lift", func(d ofModel[backtest.Decile]) any { return figure(d.row.Lift) }},
}

var pointColumns = []column[ofModel[backtest.Point]]{
	{"model", func(p ofModel[backtest.Point]) any { return p.model }},
	{"threshold", func(p ofModel[backtest.Point]) any { return p.row.Threshold }},
	{"picked", func(p ofModel[backtest.Point]) any { return p.row.Picked }},
	{"won", func(p ofModel[backtest.Point]) any { return p.row.Won }},
	{"precision", func(p ofModel[backtest.Point]) any { return figure(p.row.Precision.Share) }},
	{"precision_low", func(p ofModel[backtest.Point]) any { return figure(p.row.Precision.Low) }},
	{"precision_high", func(p ofModel[backtest.Point]) any { return figure(p.row.Precision.High) }},
	{"recall", func(p ofModel[backtest.Point]) any { return figure(p.row.Recall.Share) }},
	{"recall_low", func(p ofModel[backtest.Point]) any { return figure(p.row.Recall.Low) }},
	{"recall_high", func(p ofModel[backtest.Point]) any { return figure(p.row.Recall.High) }},
	{"lift", func(p ofModel[backtest.Point]) any { return figure(p.row.Lift) }},
}

func (t *tool) showBacktest(raw []byte, p record.Performance, show string) error {
	var deciles []ofModel[backtest.Decile]
	var points []ofModel[backtest.Point]
	for _, m := range p.Models {
		for _, d := range m.Deciles {
			deciles = append(deciles, ofModel[backtest.Decile]{m.Model, d})
		}
		for _, at := range m.Thresholds {
			points = append(points, ofModel[backtest.Point]{m.Model, at})
		}
	}
	switch show {
	case showDeciles:
		return showAll(t, raw, deciles, decileColumns)
	case showThresholds:
		return showAll(t, raw, points, pointColumns)
	}
	if err := showAll(t, raw, p.Models, measuredColumns); err != nil || show == showModels || t.format != formatTable || len(deciles) == 0 {
		return err
	}
	if err := t.write([]byte("\n")); err != nil {
		return err
	}
	return showAll(t, raw, deciles, decileColumns)
}

// tellBacktest says what the figures are of.
func (t *tool) tellBacktest(p record.Performance) {
	t.tell("%d of %d decisions measured, %d won.", p.Used, p.Decisions, p.Won)
	l := p.LeftOut
	for _, out := range []struct {
		n    int
		what string
	}{
		{l.Young, "young and without an outcome"},
		{l.YoungEnded, "young"},
		{l.EventsGone, "with events that are no longer kept"},
		{l.Erased, "erased or merged"},
		{l.Duplicates, "duplicates"},
	} {
		if out.n > 0 {
			t.tell("Left out: %d %s.", out.n, out.what)
		}
	}
	if d := p.AUCDifference; d != nil {
		t.tell("AUC less that of the published model %d, on the same decisions: %.3f (%.3f to %.3f).", p.Published, d.Value, d.Low, d.High)
	}
	for _, s := range p.Says {
		t.tell("Note: %s.", s)
	}
}
