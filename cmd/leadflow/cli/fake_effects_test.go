package cli

import (
	"encoding/json"
	"net/http"
	"path"

	"github.com/leadflow-dev/leadflow/domain/effect"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/trial"
)

func rateOf(tried, converted int) record.Rate {
	return record.RateOf(trial.Sample{Tried: tried, Converted: converted})
}

// insights answers reports about what rules are worth.
func insights(w http.ResponseWriter, r *http.Request) {
	lift := &effect.Bounds{Value: -0.12, Low: -0.15, High: -0.08}
	about := record.CaseFilter{Model: 4}
	switch path.Base(r.URL.Path) {
	case "rules":
		answerWith(w, http.StatusOK, record.RulesReport{
			CaseFilter: about, Cases: 900, Forgot: 7, Open: 50, PerPoint: new(1.04), Says: "mind the gap",
			Items: []record.RuleEffect{{
				Rule: "blog", Points: 40, With: rateOf(300, 30), Without: rateOf(600, 60), Lift: lift, Promised: new(0.3), Odds: &effect.Bounds{Value: 1.01, Low: 0.8, High: 1.25},
				Verdict: effect.Over, Together: []record.Together{{Rule: "webinar", Phi: 0.41}}, Reasons: []record.ReasonShare{{Kind: "rejected", Reason: "not_a_buyer", With: rateOf(300, 60), Without: rateOf(600, 6)}}, Named: rateOf(10, 1),
			}},
		})
	case "patterns":
		answerWith(w, http.StatusOK, record.PatternsReport{CaseFilter: about, Cases: 900, Items: []record.Pattern{{
			Pattern: "downloads:5:pricing", In: rateOf(300, 6), Others: rateOf(600, 84), Both: rateOf(100, 20), Lift: *lift, Points: -30, Says: "downloads 5 or more, never pricing: 2 % against 14 %",
		}}})
	case "personas":
		answerWith(w, http.StatusOK, record.PersonasReport{CaseFilter: about, Leads: 1000, Cases: 900, Items: []record.PersonaLine{
			{Persona: "buyer", Matched: 400, Matches: rateOf(1000, 400), Points: 25, Score: new(61.25), With: rateOf(360, 72), Without: rateOf(540, 54), Lift: lift}, {Matched: 600, Matches: rateOf(1000, 600)},
		}})
	case "gaps":
		answerWith(w, http.StatusOK, record.GapsReport{CaseFilter: about, Leads: 1000, Cases: 900, Items: []record.GapLine{{Field: "industry", Missing: rateOf(1000, 200), Each: 9.5, Points: 1900, Qualify: 12}}})
	default:
		http.NotFound(w, r)
	}
}

// suggestion answers suggested points, and keeps a draft where that is wanted.
func suggestion(w http.ResponseWriter, r *http.Request) {
	var b struct{ Keep bool }
	_ = json.NewDecoder(r.Body).Decode(&b)
	s := record.Suggestion{
		CaseFilter: record.CaseFilter{Model: 4}, Cases: 900, Items: []record.SuggestedPoints{{Rule: "blog", Now: 40, Suggested: 0, Low: new(-9.0), High: new(8.0), Held: true}},
		Threshold: record.SuggestedPoints{Rule: "mql.score", Now: 100, Suggested: 92}, Says: "there is no reason to change them",
		Effect: record.SuggestedEffect{AUC: record.Compared{Now: 0.7, Suggested: 0.75, Gain: effect.Bounds{Value: 0.05, Low: 0.02, High: 0.08}}},
	}
	if b.Keep {
		s.Draft = new(9)
	}
	answerWith(w, http.StatusOK, s)
}
