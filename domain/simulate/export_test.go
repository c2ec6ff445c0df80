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
