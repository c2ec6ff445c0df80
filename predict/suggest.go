package predict

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/leadflow-dev/leadflow/domain/effect"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

const suggestMethod = "Logistic regression on what each rule gave, with an L2 penalty that holds points to what they are; its strength by cross-validation. Whole points. " +
	"The threshold qualifies as many leads as today's, or, where today's parts nobody, has the most of Youden's J (1950). What is to be expected is " +
	"of leads that had no part in the fit (five folds, nested), with 95 % intervals by bootstrap."

// mostFitted is how many cases are fitted, the newest: points want no more, and somebody waits for the answer.
const mostFitted = 10_000

// strengths that are tried, strongest first.
var strengths = []float64{100, 30, 10, 3, 1, 0.3, 0.1}

const noRuleWorks = "no rule shows that it works, or those that do give next to nothing, so nobody can say what a point is worth"

var errNoRuleWorks = errors.New(noRuleWorks)

// pointing is points as some rows taught them.
type pointing struct {
	point     float64   // worth of one, in log odds
	strength  float64   // of the penalty
	change    []float64 // by rule: 0 keeps its points, -1 takes them away
	spread    []float64 // standard errors
	held      []bool    // at 0 points, for its sign may not turn
	points    map[string]float64
	threshold float64
}

// pointer learns points.
type pointer struct {
	ruled
	model   scoring.Model
	scorer  *scoring.Scorer
	watched []scoring.Watched
	twins   []int // cycles of one lead are kept in one fold
	seed    uint64
}

func pointerOf(c record.Cases, seed uint64) *pointer {
	p := &pointer{ruled: ruledOf(c), model: c.Model, scorer: c.Scorer, watched: c.Scorer.Watched(), seed: seed}
	groups := map[string]int{}
	for _, one := range c.Items {
		n, known := groups[one.LeadID]
		if !known {
			n = len(groups)
			groups[one.LeadID] = n
		}
		p.twins = append(p.twins, n)
	}
	return p
}

// Suggest fits points and a threshold to what became of leads, and says what is to be expected of them. The same cases and seed
// give the same answer.
func Suggest(c record.Cases, seed uint64) (record.Suggestion, scoring.Model, error) {
	if len(c.Items) > mostFitted {
		c.Items, c.More = c.Items[:mostFitted], true
	}
	p := pointerOf(c, seed)
	out := record.Suggestion{Cases: len(c.Items), Forgot: c.Forgot, Open: c.Open, More: c.More, Seed: seed, Items: []record.SuggestedPoints{}, Method: suggestMethod}
	if says := p.few(); says != "" {
		return out, c.Model, unusable("ask again when more leads have come to an end", "%s", says)
	}
	got, err := p.learn(p.all())
	if errors.Is(err, errNoRuleWorks) {
		return out, c.Model, unusable("look at report rules: what the rules count may have nothing to do with who converts", "%s", err)
	}
	if err != nil {
		return out, c.Model, err
	}
	out.Strength, out.PerPoint = got.strength, odds(got.point)
	out.Threshold = record.SuggestedPoints{Rule: "mql.score", Now: p.scorer.MQL.Score, Suggested: got.threshold}
	for i, w := range p.watched {
		out.Items = append(out.Items, record.SuggestedPoints{
			Rule: w.ID, Now: w.Points, Suggested: got.points[w.ID], Held: got.held[i],
			Low: new(w.Points * (1 + got.change[i] - effect.Z95*got.spread[i]*sign(w.Points))), High: new(w.Points * (1 + got.change[i] + effect.Z95*got.spread[i]*sign(w.Points))),
		})
	}
	if out.Effect, err = p.expected(); err != nil {
		return out, c.Model, err
	}
	out.Says = says(out.Effect)
	return out, c.Model.Repointed(got.points, got.threshold), nil
}

func sign(x float64) float64 {
	if x < 0 {
		return -1
	}
	return 1
}

// says tells whether the suggestion is worth taking.
func says(e record.SuggestedEffect) string {
	switch g := e.AUC.Gain; {
	case g.Low > 0:
		return fmt.Sprintf("who converts would stand above who does not in %.1f of 100 pairs more (%.1f to %.1f)", 100*g.Value, 100*g.Low, 100*g.High)
	case g.High < 0:
		return "the suggestion is worse than the points of today: keep them"
	}
	return "the difference to the points of today may be chance: there is no reason to change them"
}

// learn fits points to rows: the worth of a point first, then the strength by cross-validation inside the rows.
func (p *pointer) learn(rows []int) (pointing, error) {
	worths, _, err := p.worths(rows)
	if err != nil {
		return pointing{}, err
	}
	out := pointing{point: p.point(worths)}
	if out.point <= 0 {
		return out, errNoRuleWorks
	}
	of, _ := folds(rows, p.won, p.twins, foldsK, p.seed)
	losses := make([]float64, len(strengths))
	for k := range foldsK {
		train, test := split(rows, of, k)
		fits, err := p.fit(train, out.point, strengths)
		if err != nil {
			return out, err
		}
		for s := range strengths {
			losses[s] += p.loss(test, out.point, fits[s])
		}
	}
	best := slices.Index(losses, slices.Min(losses))
	out.strength = strengths[best]
	fits, err := p.fit(rows, out.point, strengths[best:best+1])
	if err != nil {
		return out, err
	}
	fitted := fits[0]
	out.change, out.spread, out.held = fitted.columns, fitted.spread, fitted.held
	out.points = map[string]float64{}
	for i, w := range p.watched {
		left := 1 + out.change[i] // of its points
		if left < 0 && -left < effect.Z95*out.spread[i] {
			left = 0 // a sign turns only where that is no chance
		}
		out.points[w.ID] = math.Round(w.Points*left) + 0 // never -0
	}
	return out, p.choose(rows, &out)
}

// changes are weights by rule: by which part its points change.
type changes struct {
	weights
	spread []float64
	held   []bool
}

// fit finds by how much the points of each rule are to change, under strengths that fall: with none, the log odds are those that the
// points say. What is penalised is the change in log odds where the rule typically meets somebody. A rule whose sign may not turn is
// held at no points where it would, and the others are fitted again without it.
func (p *pointer) fit(rows []int, point float64, strengths []float64) ([]changes, error) {
	free := p.ready(rows, point, make([]bool, p.rules))
	var out []changes
	var start []float64
	for _, strength := range strengths {
		c, next, err := free.fit(strength, start)
		if err != nil {
			return nil, err
		}
		start = next
		for p.hold(&c) {
			held := c.held
			if c, _, err = p.ready(rows, point, held).fit(strength, start); err != nil {
				return nil, err
			}
			c.held = held
		}
		for i, held := range c.held {
			if held {
				c.columns[i], c.spread[i] = -1, 0
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// hold notes the rules whose sign would turn, and reports whether there are any.
func (p *pointer) hold(c *changes) bool {
	turned := false
	for i, w := range p.watched {
		if w.Monotone && !c.held[i] && c.columns[i] < -1 {
			c.held[i], turned = true, true
		}
	}
	return turned
}

// ready are rows as they are fitted.
type ready struct {
	m      *matrix
	won    []bool
	offset []float64
	says   []float64 // by rule: the log odds that its points say where it typically meets somebody; 0: nowhere
}

func (p *pointer) ready(rows []int, point float64, held []bool) ready {
	out := ready{won: p.wonOf(rows), offset: p.said(rows, point, held), says: make([]float64, p.rules)}
	gives := make([]float64, p.rules)
	for rule := range gives {
		if g := p.gives(rows, rule); math.Abs(g) >= p.least { // other points would make no difference where they have faded
			gives[rule], out.says[rule] = g, point*g
		}
	}
	out.m = p.matrixOf(rows, func(i, rule int) float64 {
		if held[rule] || gives[rule] == 0 {
			return 0
		}
		return p.cases[i].Sight.Points[rule] / gives[rule]
	})
	return out
}

// fit answers the changes, and what another fit may start from.
func (r ready) fit(strength float64, start []float64) (changes, []float64, error) {
	n := newNewton(r.m, r.won, strength)
	n.offset = r.offset
	w, err := n.minimise(roughly, start)
	if err != nil {
		return changes{}, nil, err
	}
	start = append(slices.Clone(w.columns), w.intercept)
	out := changes{weights: w, held: make([]bool, r.m.width)}
	out.spread, err = n.errors()
	for i, says := range r.says {
		if says == 0 {
			out.columns[i], out.spread[i] = 0, 0
			continue
		}
		out.columns[i] /= says
		out.spread[i] /= math.Abs(says)
	}
	return out, start, err
}

// said are the log odds that points say, of rules that are not held.
func (p *pointer) said(rows []int, point float64, held []bool) []float64 {
	out := make([]float64, len(rows))
	for k, i := range rows {
		for rule, points := range p.cases[i].Sight.Points {
			if !held[rule] {
				out[k] += point * points
			}
		}
	}
	return out
}

// loss is what changed points leave unsaid of rows.
func (p *pointer) loss(rows []int, point float64, c changes) float64 {
	sum := 0.0
	for _, i := range rows {
		logit := c.intercept
		for rule, points := range p.cases[i].Sight.Points {
			logit += point * points * (1 + c.columns[rule])
		}
		sum += surprise(logit, p.won[i])
	}
	return sum
}

// scores are those of rows under points and a threshold.
func (p *pointer) scores(rows []int, points map[string]float64, threshold float64) ([]float64, error) {
	s, err := scoring.New(p.model.Repointed(points, threshold))
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(rows))
	for k, i := range rows {
		c := p.cases[i]
		out[k] = float64(s.Evaluate(c.Profile, c.Sight.Acc, c.Adjustments, c.DecidedAt, "").Score)
	}
	return out, nil
}

// Where today's threshold leaves less than this share of leads on one side of it, as many as today is no choice.
const parts = 0.02

// choose finds the threshold for points.
func (p *pointer) choose(rows []int, to *pointing) error {
	scores, err := p.scores(rows, to.points, p.scorer.MQL.Score)
	if invalid := (*scoring.Invalid)(nil); errors.As(err, &invalid) {
		return unusable("change the model by hand: "+invalid.Error(), "the fitted points make no model that could be used")
	}
	if err != nil {
		return err
	}
	qualified := 0
	for _, i := range rows {
		qualified += class(float64(p.cases[i].Sight.Score) >= p.scorer.MQL.Score)
	}
	candidates := slices.Compact(slices.Sorted(slices.Values(scores)))
	share := float64(qualified) / float64(len(rows))
	best, least := p.scorer.MQL.Score, math.Inf(1)
	for _, t := range candidates {
		if t < 1 || t > mostThreshold {
			continue
		}
		var all, of [2]float64
		for k, i := range rows {
			all[class(p.won[i])]++
			if scores[k] >= t {
				of[class(p.won[i])]++
			}
		}
		off := math.Abs(of[0]+of[1]-float64(qualified)) / float64(len(rows))
		if share < parts || share > 1-parts {
			off = of[0]/all[0] - of[1]/all[1]
		}
		if off < least {
			best, least = t, off
		}
	}
	to.threshold = best
	return nil
}

const mostThreshold = 10_000
