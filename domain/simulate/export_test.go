package simulate

import "github.com/leadflow-dev/leadflow/domain/lifecycle"

// Ends is Run, and how each lead stands at the end.
func Ends(in Input) (*Result, []lifecycle.Lead, error) {
	w, err := play(in)
	if err != nil {
		return nil, nil, err
	}
	var leads []lifecycle.Lead
	for _, p := range w.people {
		p.lead.Version = 0
		leads = append(leads, p.lead)
	}
	return w.result(), leads, nil
}

// Score is the points a lead has at the end, as they came about, and as they are when all of it is scored anew.
type Score struct{ Stands, Anew int }

// Scores plays lives, and scores each anew by what the store would ask of it.
func Scores(in Input) ([]Score, error) {
	w, err := play(in)
	if err != nil {
		return nil, err
	}
	var out []Score
	for _, p := range w.people {
		w.follows(p, p.acc, p.fit, nil) // as of now: points decay
		acc := w.scorer.Recompute(p.adjustments, p.events)
		r := w.scorer.Evaluate(w.scorer.Facts(p.source, p.profile), acc, p.adjustments, w.now, p.stands.Band)
		out = append(out, Score{p.stands.Score, r.Score})
	}
	return out, nil
}
