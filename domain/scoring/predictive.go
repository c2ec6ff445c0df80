package scoring

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/leadflow-dev/leadflow/domain/person"
)

// Predictive is what a model does with a trained predictor: as an axis its probability gives points of fit; as a shadow it is
// shown with every explanation and gives none; off it is only kept.
type Predictive struct {
	Use       string    `json:"use"`               // axis, shadow, off
	Points    float64   `json:"points,omitempty"`  // as an axis: of a lead that is certain to convert
	Version   int       `json:"version,omitempty"` // of a stored predictor; who keeps a model puts that one in, so that the model is whole
	Predictor Predictor `json:"predictor,omitzero"`
}

// What Predictive.Use may say.
const (
	UseAxis   = "axis"
	UseShadow = "shadow"
	UseOff    = "off"
)

// itemPredictive is the item of the axis; no rule of a model with one may have this id.
const itemPredictive = "predictive"

// axis is what gives points of fit, and nil where nothing does.
func (p *Predictive) axis() *Predictive {
	if p == nil || p.Use != UseAxis {
		return nil
	}
	return p
}

// sameAxis reports that two models give a profile the same points by probability.
func sameAxis(a, b *Predictive) bool { return reflect.DeepEqual(a.axis(), b.axis()) }

// forecaster is nil where nobody wants a probability.
func (p *Predictive) forecaster() *Forecaster {
	if p == nil || p.Use == UseOff {
		return nil
	}
	return p.Predictor.Ready()
}

// Prediction is how likely a lead is to convert, and why; nil where the model has no predictor, or has it off.
func (s *Scorer) Prediction(profile person.Profile, acc Accumulators) *Prediction {
	if s.forecast == nil {
		return nil
	}
	out := s.forecast.Predict(answers{profile, acc}.get)
	out.Use = s.Predictive.Use
	return &out
}

// likely is what the axis gives a lead.
func (s *Scorer) likely(profile person.Profile, acc Accumulators) micro {
	if s.Predictive.axis() == nil {
		return 0
	}
	return toMicro(s.Predictive.Points * s.forecast.Calibration.Probability(s.forecast.Logit(answers{profile, acc}.get)))
}

// likelyPart is the item of the axis.
func (s *Scorer) likelyPart(profile person.Profile, acc Accumulators) part {
	p := s.Prediction(profile, acc)
	why := fmt.Sprintf("%.0f %% likely to convert, where the average is %.0f %%", 100*p.Probability, 100*p.Average)
	var reasons []string
	for _, r := range p.Reasons[:min(3, len(p.Reasons))] {
		reasons = append(reasons, r.String())
	}
	if len(reasons) > 0 {
		why += ": " + strings.Join(reasons, ", ")
	}
	return part{points: s.likely(profile, acc), Item: Item{Rule: itemPredictive, Axis: AxisFit, Raw: s.Predictive.Points, Why: why}}
}

// String is "industry is software (odds x 2.1)".
func (r Influence) String() string { return fmt.Sprintf("%s (odds x %v)", r.Why, r.Odds) }

func (c *check) predictive() {
	p := c.m.Predictive
	if p == nil {
		return
	}
	switch {
	case !slices.Contains([]string{UseAxis, UseShadow, UseOff}, p.Use):
		c.add("predictive.use", "must be axis, shadow or off")
	case p.Use == UseOff:
		return
	case len(p.Predictor.Features) == 0 && p.Predictor.Outcomes == 0:
		c.add("predictive.predictor", "is missing: give one, or the version of a stored one (leadflow predictor list)")
		return
	case p.Use == UseAxis && p.Points <= 0:
		c.add("predictive.points", "must be above 0: how many points does a lead get that is certain to convert?")
	case p.Use != UseAxis && p.Points != 0:
		c.add("predictive.points", "gives nothing as a shadow: leave it out, or say use: axis")
	}
	c.finite("predictive.points", p.Points)
	c.problems = append(c.problems, p.Predictor.Problems("predictive.predictor")...)
	for i, f := range p.Predictor.Features {
		if !Foreseen(f.Field) {
			c.add(fmt.Sprintf("predictive.predictor.features[%d].field", i),
				"is no field of a profile: give the column its field in the mapping of the training (field: industry, custom.<key>, source, or events.<type> for how often) and train again")
		}
	}
}
