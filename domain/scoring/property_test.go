package scoring

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leadflow-dev/leadflow/domain/person"
)

func shuffled[T any](t *rapid.T, list []T) []T {
	out := slices.Clone(list)
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// stored is accumulators as they are after a transaction.
func stored(t *rapid.T, acc Accumulators) Accumulators {
	raw, err := json.Marshal(acc)
	require.NoError(t, err)
	var out Accumulators
	require.NoError(t, json.Unmarshal(raw, &out))
	return out
}

// Events arrive late, twice, in any order, in batches of any size; what is kept is the same, to the bit.
func TestFold_orderBatchesAndDuplicatesDoNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := scorer(t, drawModel(t))
		events, adjustments := drawEvents(t), drawAdjustments(t)
		want, err := json.Marshal(s.Recompute(adjustments, shuffled(t, append(events, events...))))
		require.NoError(t, err)

		acc, rest := Accumulators{}, shuffled(t, events)
		for len(rest) > 0 {
			n := rapid.IntRange(1, len(rest)).Draw(t, "batch")
			acc = stored(t, s.Fold(acc, shuffled(t, adjustments), rest[:n]...))
			rest = rest[n:]
		}
		if len(events) == 0 {
			acc = s.Fold(acc, adjustments)
		}
		got, err := json.Marshal(acc)
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(got))
		require.False(t, acc.Stale(adjustments))
	})
}

// Folded accumulators and an explanation of all events say the same, now and later.
func TestExplain_saysWhatEvaluateSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := scorer(t, drawModel(t))
		events, adjustments, profile := drawEvents(t), drawAdjustments(t), drawProfile(t)
		before := rapid.SampledFrom([]string{"", Cold, Warm, Hot}).Draw(t, "band")
		at := now.Add(drawAge(t))
		acc := Accumulators{}
		for _, e := range shuffled(t, events) {
			acc = stored(t, s.Fold(acc, adjustments, e))
		}
		got := s.Explain(profile, shuffled(t, append(events, events...)), adjustments, at, before)
		require.Equal(t, s.Evaluate(profile, acc, adjustments, at, before), got.Result)
		addsUp(t, s, got)
	})
}

// addsUp holds that every point is named, and that points are of the sign of what the rule gives.
func addsUp(t require.TestingT, s *Scorer, e Explanation) {
	var total micro
	axis := map[string]micro{}
	for _, i := range e.Items {
		require.NotEmpty(t, i.Why)
		require.LessOrEqual(t, math.Abs(i.Points), math.Abs(i.Raw)+0.001, "%s gives more than it has", i.Rule)
		total += toMicro(i.Points)
		axis[i.Axis] += toMicro(i.Points)
		if _, ok := s.index[i.Rule]; ok {
			require.NotNil(t, i.OccurredAt)
			require.GreaterOrEqual(t, i.Points*i.Raw, -0.001)
		}
	}
	require.Equal(t, micro(e.Score)*point, total)
	require.Equal(t, toMicro(e.Fit), axis[AxisFit])
	require.Equal(t, toMicro(e.Engagement), axis[AxisEngagement])
	if s.Floor != nil {
		require.GreaterOrEqual(t, float64(e.Score), *s.Floor)
	}
}

// An adjustment made after everything that is folded needs no recomputation; one dated before an event does.
func TestStale_onlyWhenAnAdjustmentCutsWhatIsFolded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := scorer(t, drawModel(t))
		events, profile := drawEvents(t), drawProfile(t)
		acc := s.Recompute(nil, events)
		adjustments := drawAdjustments(t)
		if acc.Stale(adjustments) {
			cuts := slices.ContainsFunc(adjustments, func(a Adjustment) bool {
				return slices.ContainsFunc(events, func(e Event) bool { return a.At.UnixMicro() < e.micros() })
			})
			require.True(t, cuts)
			return
		}
		late := Event{ID: "late", Type: rapid.SampledFrom(drawnTypes).Draw(t, "type"), OccurredAt: now.Add(-drawAge(t))}
		all := append(slices.Clone(events), late)
		want := s.Evaluate(profile, s.Recompute(adjustments, all), adjustments, now, "")
		require.Equal(t, want, s.Evaluate(profile, s.Fold(acc, adjustments, late), adjustments, now, ""))
	})
}

// The rules as doc.go and the contract have them, in the plainest way.
func TestEvaluate_meansWhatTheModelSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		s := scorer(t, m)
		events, adjustments, profile := drawEvents(t), drawAdjustments(t), drawProfile(t)
		at := now.Add(drawAge(t))
		got := s.Evaluate(profile, s.Recompute(adjustments, events), adjustments, at, "")
		fit := plainFit(profile)
		if m.Caps.Fit != nil {
			fit = min(fit, *m.Caps.Fit)
		}
		engagement := plainEngagement(m, events, adjustments, at, fit)
		require.InDelta(t, fit, got.Fit, 1e-4)
		require.InDelta(t, engagement, got.Engagement, 1e-3)
	})
}

func plainFit(p person.Profile) float64 {
	fit := 0.0
	for field, points := range map[string]float64{"industry": 15, "company_domain": -50, "custom": 30, "phone": 5, "region": 3} {
		if _, ok := p[field]; ok {
			fit += points
		}
	}
	if _, ok := p["company"]; !ok {
		fit -= 10
	}
	if p["title"] != nil && p["company_size"] != nil {
		fit += 25
	}
	return fit
}

func plainEngagement(m Model, events []Event, adjustments []Adjustment, at time.Time, fit float64) float64 {
	adjustments = slices.Clone(adjustments)
	slices.SortFunc(adjustments, func(a, b Adjustment) int { return a.At.Compare(b.At) })
	engagement := 0.0
	for n := range len(adjustments) + 1 {
		var mine []Event
		for _, e := range events {
			moment := e.OccurredAt
			if !e.ReceivedAt.IsZero() && e.ReceivedAt.Before(moment) {
				moment = e.ReceivedAt
			}
			if (n == 0 || moment.After(adjustments[n-1].At)) && (n == len(adjustments) || !moment.After(adjustments[n].At)) {
				mine = append(mine, Event{Type: e.Type, OccurredAt: moment, Properties: e.Properties})
			}
		}
		got := plainCycle(m, mine, at)
		if n > 0 && adjustments[n-1].Policy == PolicyFloor {
			floor := 0.0
			if m.Floor != nil {
				floor = *m.Floor
			}
			got += min(0, floor-fit)
		}
		for _, a := range adjustments[n:] {
			switch a.Policy {
			case PolicyHalve:
				got /= 2
			case PolicyZero, PolicyFloor:
				got = 0
			}
		}
		engagement += got
	}
	return engagement
}

func plainCycle(m Model, events []Event, at time.Time) float64 {
	clamp := func(x float64, limit *float64) float64 {
		switch {
		case limit == nil:
			return x
		case *limit < 0:
			return max(x, *limit)
		}
		return min(x, *limit)
	}
	sum, groups := 0.0, map[string]float64{}
	for _, r := range m.Engagement {
		got, n := 0.0, 0
		for _, e := range events {
			age := at.Sub(e.OccurredAt)
			if e.Type != r.On || len(r.Where) > 0 && e.Properties["path"] == "/" || r.Within > 0 && age >= r.Within.Duration() {
				continue
			}
			n++
			if r.HalfLife > 0 {
				got += r.Points * math.Pow(0.5, float64(age)/float64(r.HalfLife))
			} else {
				got += r.Points
			}
		}
		if r.Count > 0 {
			got = 0
			if n >= r.Count && !slices.ContainsFunc(events, func(e Event) bool { return keptFrom(r, e) }) {
				got = r.Points
			}
		}
		if got = clamp(got, r.Cap); r.Group == "" {
			sum += got
		} else {
			groups[r.Group] += got
		}
	}
	for name, got := range groups {
		sum += clamp(got, new(m.Groups[name].Cap))
	}
	return clamp(sum, m.Caps.Engagement)
}

// keptFrom reports that an event keeps a rule from acting, by the conditions that are drawn.
func keptFrom(r EngagementRule, e Event) bool {
	return slices.ContainsFunc(r.Unless, func(u Unless) bool { return u.On == e.Type && (len(u.Where) == 0 || e.Properties["path"] != "/") })
}

// However many events there are, what is kept of them is bounded.
func TestAccumulators_areBounded(t *testing.T) {
	t.Parallel()
	m := everyKind()
	m.Engagement = append(m.Engagement, EngagementRule{ID: "short", On: "page_view", Points: 1, HalfLife: days(1)},
		EngagementRule{ID: "all", On: "page_view", Points: 1, Within: days(300)})
	s := scorer(t, m)
	events := make([]Event, 20_000)
	for i := range events {
		events[i] = Event{Type: []string{"page_view", "cta_click", "meeting"}[i%3], OccurredAt: now.Add(-time.Duration(i) * time.Minute * 20)}
	}
	raw, err := json.Marshal(s.Recompute(nil, events))
	require.NoError(t, err)
	require.Less(t, len(raw), 16_000)
}

func BenchmarkFoldAndEvaluate(b *testing.B) {
	m := everyKind()
	for i, on := range []string{"form_submit", "email_click", "ad_click", "call", "complaint"} {
		m.Engagement = append(m.Engagement, EngagementRule{ID: on, On: on, Points: float64(i + 1), HalfLife: days(20)})
	}
	s := scorer(b, m)
	var events []Event
	for i, r := range m.Engagement {
		for j := range 5 {
			events = append(events, Event{
				Type: r.On, OccurredAt: now.Add(-time.Duration(i+7*j) * 24 * time.Hour), Properties: map[string]any{"path": "/pricing", "kind": "whitepaper"},
			})
		}
	}
	acc := s.Recompute(nil, events)
	e := Event{Type: "page_view", OccurredAt: now, Properties: map[string]any{"path": "/pricing"}}
	p := person.Profile{"title": "VP", "company_size": 100.0, "industry": "software"}
	b.ReportAllocs()
	for b.Loop() {
		_ = s.Evaluate(p, s.Fold(acc, nil, e), nil, now, Warm)
	}
}
