package predict

import (
	"fmt"
	"strings"
)

// Markdown is the card for people.
func (c Card) Markdown() string {
	w := &page{}
	w.line("# How likely is `%s`?", plain(c.Target))
	w.line("")
	w.line("A logistic regression with an L2 penalty, calibrated. It was fitted to %d rows, of which %d (%s) converted.", c.Rows, c.Converted, c.BaseRate.percent())
	if c.Period != nil {
		w.line("They are from %s to %s.", plain(c.Period[0]), plain(c.Period[1]))
	}
	if c.Open > 0 {
		w.line("%d rows have no outcome and were left out.", c.Open)
	}
	if c.Twins > 0 {
		w.line("%d rows are equal to an earlier one but for their ids; %s.", c.Twins, map[bool]string{true: "equal rows were kept in one fold", false: "they could not be kept in one fold"}[c.Grouped])
	}
	w.line("Empty cells say nothing; so do: %s.", orNone(c.Missing))
	w.line("")
	w.line("Seed %d, data `%s`. The same data and seed give the same predictor.", c.Seed, c.Fingerprint[:16])
	w.measures(c)
	w.reliability("Reliability in cross-validation", c.CrossValidation.Bins)
	if c.TimeSplit != nil {
		w.reliability("Reliability on the newest 30 %", c.TimeSplit.Bins)
	}
	w.choices(c)
	w.features(c)
	w.heading("Known limits")
	for _, l := range c.Limits {
		w.line("* %s", l)
	}
	return w.String()
}

type page struct{ strings.Builder }

func (w *page) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *page) heading(text string) { w.line("\n## %s\n", text) }

// plain keeps what a file says from becoming Markdown.
func plain(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.NewReplacer("|", `\|`, "`", "'", "<", "&lt;", "*", `\*`, "[", `\[`).Replace(text)
}

func orNone(texts []string) string {
	if len(texts) == 0 {
		return "none"
	}
	var out []string
	for _, t := range texts {
		out = append(out, "`"+plain(t)+"`")
	}
	return strings.Join(out, ", ")
}

func (i Interval) String() string { return fmt.Sprintf("%.3f (%.3f to %.3f)", i.Value, i.Low, i.High) }

func (i Interval) percent() string {
	return fmt.Sprintf("%.1f %%, %.1f to %.1f", 100*i.Value, 100*i.Low, 100*i.High)
}

func (w *page) measures(c Card) {
	w.heading("How good it is, on rows it did not know")
	w.line("| | 5-fold cross-validation | oldest 70 %% asked about the newest 30 %% |")
	w.line("|---|---|---|")
	row := func(name string, f func(m Measured) string) {
		later := "-"
		if c.TimeSplit != nil {
			later = f(*c.TimeSplit)
		}
		w.line("| %s | %s | %s |", name, f(c.CrossValidation), later)
	}
	row("rows, converted", func(m Measured) string { return fmt.Sprintf("%d, %d", m.Rows, m.Converted) })
	row("AUC", func(m Measured) string { return m.AUC.String() })
	row("log loss", func(m Measured) string { return m.LogLoss.String() })
	row("Brier score", func(m Measured) string { return m.Brier.String() })
	row("calibration error (ECE)", func(m Measured) string { return m.ECE.String() })
	row("the same before calibration", func(m Measured) string { return fmt.Sprintf("%.3f", m.RawECE) })
	row("lift of the likeliest tenth", func(m Measured) string { return fmt.Sprintf("%.2f", m.TopTenth) })
	w.line("\nIn brackets 95 %% intervals: of AUC by DeLong, DeLong and Clarke-Pearson (1988); of log loss and Brier score by the normal distribution;")
	w.line("of ECE (ten bins of equal count) by 200 bootstrap samples, which lean upwards; of shares by Wilson (1927). Penalty and calibration were")
	w.line("chosen anew inside each part that was trained on.")
	if c.TimeSplit == nil {
		w.line("\nThere is no time split: %s.", c.NoTimeSplit)
	}
}

func (w *page) reliability(title string, bins []Bin) {
	w.heading(title)
	w.line("| rows | predicted | converted (95 %% interval) |")
	w.line("|---|---|---|")
	for _, b := range bins {
		w.line("| %d | %.1f %% | %s |", b.Rows, 100*b.Predicted, b.Observed.percent())
	}
}

func (w *page) choices(c Card) {
	w.heading("What was chosen")
	w.line("Penalty %g, by the log loss of five folds:\n", c.Penalty)
	w.line("| penalty | log loss |")
	w.line("|---|---|")
	for _, t := range c.Tried {
		w.line("| %g | %.4f |", t.Penalty, t.LogLoss)
	}
	w.line("\nCalibration: %s (log loss of Platt %.4f, of isotonic regression %.4f).", c.Calibration, c.Calibrated["platt"], c.Calibrated["isotonic"])
}

func (w *page) features(c Card) {
	w.heading("What it looks at")
	w.line("Spread is how much a column moves the log-odds (standard deviation); AUC alone is what it tells without the others.\n")
	w.line("| column | known | type | blank | spread | AUC alone |")
	w.line("|---|---|---|---|---|---|")
	for _, f := range c.Features {
		known := f.Known
		if known == "" {
			known = "not said"
		}
		name := plain(f.Column)
		if f.Field != f.Column {
			name += " (" + plain(f.Field) + ")"
		}
		w.line("| %s | %s | %s | %.1f %% | %.2f | %s |", name, known, f.Type, 100*f.Missing, f.Spread, f.Alone)
	}
	if len(c.Left) > 0 {
		w.line("\nLeft out:\n")
		for _, l := range c.Left {
			w.line("* %s: %s", plain(l.Column), plain(l.Why))
		}
	}
}
