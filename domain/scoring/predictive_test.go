package scoring

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/person"
)

func likelihood() Predictor {
	return Predictor{
		Target: "won", Outcomes: 400, Positive: 100, Blank: []string{"Select"}, Intercept: -1,
		Features: []Feature{
			{Field: "industry", Levels: []Level{{"Software", 1}, {"Finance", -0.5}}, Other: -0.25, Missing: 0.01},
			{Field: "custom.visits", Curve: []Knot{{0, -1}, {2, 0}, {10, 2}}, Missing: -0.75},
		},
		Calibration: Calibration{Method: Platt, A: 0.1, B: 0.9},
	}
}

func TestPredictor_logit(t *testing.T) {
	t.Parallel()
	f := likelihood().Ready()
	for _, tt := range []struct {
		industry, visits any
		want             float64
	}{
		{"software", 2.0, 0},
		{" SOFTWARE ", 6.0, 1},
		{"Finance", -5.0, -2.5},
		{"mining", 99.0, 0.75},
		{nil, nil, -1.74},
		{"select", "", -1.74},
		{"software", "6", 1},
		{"software", "many", 0},
		{"software", math.NaN(), 0},
	} {
		p := person.Profile{"industry": tt.industry, "custom": map[string]any{"visits": tt.visits}}
		require.InDelta(t, tt.want, f.Logit(p.Get), 1e-12, "%v, %v", tt.industry, tt.visits)
	}
}

func TestPredictor_reasons(t *testing.T) {
	t.Parallel()
	got := likelihood().Ready().Predict(person.Profile{"industry": "software", "custom": map[string]any{"visits": 7}}.Get)
	require.InDelta(t, 1/(1+math.Exp(-(0.1+0.9*1.25))), got.Probability, 1e-12)
	require.InDelta(t, 0.25, got.Average, 0)
	require.Equal(t, []Influence{
		{"custom.visits", 3.49, "custom.visits is about 2 to 10"},
		{"industry", 2.72, "industry is Software"},
	}, got.Reasons, "strongest first, in the predictor's words")
	got = likelihood().Ready().Predict(person.Profile{"industry": "a secret of one person"}.Get)
	require.Equal(t, "custom.visits is not known", got.Reasons[0].Why)
	require.Equal(t, "industry is none of the usual values", got.Reasons[1].Why)
	require.Empty(t, likelihood().Ready().Predict(person.Profile{"custom": map[string]any{"visits": 2}}.Get).Reasons, "what moves nothing is no reason")
}

func TestCalibration_isotonic(t *testing.T) {
	t.Parallel()
	c := Calibration{Method: Isotonic, Curve: []Knot{{-1, 0.1}, {0, 0.1}, {2, 0.7}}}
	for logit, want := range map[float64]float64{-9: 0.1, -0.5: 0.1, 1: 0.4, 2: 0.7, 50: 0.7, math.Inf(-1): 0.1} {
		require.InDelta(t, want, c.Probability(logit), 1e-12, "%v", logit)
	}
}

func withPredictor(use string, points float64) Model {
	m := everyKind()
	m.Predictive = &Predictive{Use: use, Points: points, Predictor: likelihood()}
	return m
}

func TestPredictive_asAxisShadowAndOff(t *testing.T) {
	t.Parallel()
	lead := person.Profile{"industry": "software", "company": "x", "custom": map[string]any{"visits": 2}} // 15 points of rules
	probability := 1 / (1 + math.Exp(-0.1))
	plain := scorer(t, everyKind())
	for _, tt := range []struct {
		use     string
		points  float64
		gives   float64
		predict bool
	}{{UseAxis, 40, 40 * probability, true}, {UseAxis, 400, 45, true}, {UseShadow, 0, 0, true}, {UseOff, 0, 0, false}} {
		s := scorer(t, withPredictor(tt.use, tt.points))
		got := s.Evaluate(lead, Accumulators{}, nil, now, "")
		require.InDelta(t, plain.FitOf(lead)+tt.gives, got.Fit, 1e-6, "%s: caps hold for it, too", tt.use)
		require.InDelta(t, got.Fit, s.FitOf(lead), 0)
		e := s.Explain(lead, nil, nil, now, "")
		require.Equal(t, got, e.Result)
		addsUp(t, s, e)
		require.Equal(t, tt.predict, e.Prediction != nil)
		if tt.predict {
			require.InDelta(t, probability, e.Prediction.Probability, 1e-12)
			require.Equal(t, tt.use, e.Prediction.Use)
		}
		last := e.Items[0]
		for _, i := range e.Items {
			if i.Axis == AxisFit {
				last = i
			}
		}
		require.Equal(t, tt.use == UseAxis, last.Rule == itemPredictive)
		if tt.use == UseAxis {
			require.Contains(t, last.Why, "52 % likely to convert, where the average is 25 %: industry is Software (odds x 2.72)")
		}
	}
}

// A score whose fit was taken over from another predictor would be wrong until the profile changes.
func TestSince_anotherPredictorIsAnotherFit(t *testing.T) {
	t.Parallel()
	axis := scorer(t, withPredictor(UseAxis, 40))
	require.True(t, axis.Since(scorer(t, withPredictor(UseAxis, 40))).FitKept)
	require.False(t, axis.Since(scorer(t, withPredictor(UseAxis, 41))).FitKept)
	require.False(t, axis.Since(scorer(t, withPredictor(UseShadow, 0))).FitKept)
	require.False(t, scorer(t, everyKind()).Since(axis).FitKept)
	require.True(t, scorer(t, withPredictor(UseShadow, 0)).Since(scorer(t, everyKind())).FitKept, "a shadow has no effect")
	changed := withPredictor(UseAxis, 40)
	changed.Predictive.Predictor.Features[0].Levels[0].Weight = 2
	require.False(t, axis.Since(scorer(t, changed)).FitKept)
}

func TestValidate_predictive(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		path, says string
		change     func(*Predictive)
	}{
		{"predictive.use", "axis, shadow or off", func(p *Predictive) { p.Use = "perhaps" }},
		{"predictive.points", "above 0", func(p *Predictive) { p.Points = 0 }},
		{"predictive.points", "as a shadow", func(p *Predictive) { p.Use = UseShadow }},
		{"predictive.points", "between", func(p *Predictive) { p.Points = math.Inf(1) }},
		{"predictive.predictor.outcomes", "rules go on scoring", func(p *Predictive) { p.Predictor.Outcomes = 99 }},
		{"predictive.predictor.positive", "above 0", func(p *Predictive) { p.Predictor.Positive = 400 }},
		{"predictive.predictor.intercept", "between", func(p *Predictive) { p.Predictor.Intercept = math.NaN() }},
		{"predictive.predictor.features", "at least one", func(p *Predictive) { p.Predictor.Features = nil }},
		{"predictive.predictor.features[0].field", "no field of a profile", func(p *Predictive) { p.Predictor.Features[0].Field = "Lead Origin" }},
		{"predictive.predictor.features[1].field", "twice", func(p *Predictive) { p.Predictor.Features[1].Field = "industry" }},
		{"predictive.predictor.features[0].levels[1].value", "twice", func(p *Predictive) { p.Predictor.Features[0].Levels[1].Value = "SOFTWARE" }},
		{"predictive.predictor.features[1].curve[1].at", "above that", func(p *Predictive) { p.Predictor.Features[1].Curve[1].At = 0 }},
		{"predictive.predictor.features[1].curve[1].value", "between", func(p *Predictive) { p.Predictor.Features[1].Curve[1].Value = 1e9 }},
		{"predictive.predictor.calibration.b", "above 0", func(p *Predictive) { p.Predictor.Calibration.B = -1 }},
		{"predictive.predictor.calibration.method", "platt or isotonic", func(p *Predictive) { p.Predictor.Calibration.Method = "" }},
		{"predictive.predictor.calibration.curve", "at least one", func(p *Predictive) { p.Predictor.Calibration.Method = Isotonic }},
		{"predictive.predictor.calibration.curve[1].value", "must not fall", func(p *Predictive) {
			p.Predictor.Calibration = Calibration{Method: Isotonic, Curve: []Knot{{0, 0.5}, {1, 0.4}}}
		}},
	} {
		m := withPredictor(UseAxis, 40)
		tt.change(m.Predictive)
		found := false
		for _, p := range m.Validate() {
			found = found || p.Path == tt.path
			if p.Path == tt.path {
				require.Contains(t, p.Message, tt.says)
			}
		}
		require.True(t, found, "%s: %v", tt.path, m.Validate())
		m.Predictive.Use, m.Predictive.Points = UseOff, 0
		require.Empty(t, m.Validate(), "%s: off, nothing is asked of it", tt.path)
	}
	require.Empty(t, Model{Predictive: withPredictor(UseAxis, 40).Predictive}.Validate(), "a predictor alone is a model")
	m := withPredictor(UseAxis, 40)
	m.Fit[0].ID = itemPredictive
	require.NotEmpty(t, m.Validate())
}

func TestPredictive_isReadBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(withPredictor(UseAxis, 40))
	require.NoError(t, err)
	var back Model
	require.NoError(t, json.Unmarshal(raw, &back))
	lead := person.Profile{"industry": "finance", "custom": map[string]any{"visits": 3.3}}
	require.Equal(t, scorer(t, withPredictor(UseAxis, 40)).Evaluate(lead, Accumulators{}, nil, now, ""), scorer(t, back).Evaluate(lead, Accumulators{}, nil, now, ""))
}
