package loop

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/cli"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// threshold of the model.
const threshold = 60

// collected reports the planted pattern.
func collected(p person) bool { return p.downloads >= 5 && p.prices == 0 }

// patternToPublished takes the pattern that was planted from the report into a draft, looks at it, and publishes it: everybody of the
// pattern loses the points, and nobody else any.
func (h *house) patternToPublished(played []person) {
	h.t.Helper()
	t := h.t
	pattern := h.requirePatterns(asked[record.PatternsReport](h, "report", "patterns"), played)
	draft := asked[record.Model](h, "model", "pattern", pattern.Pattern)
	require.Equal(t, []string{"draft", pattern.Says}, []string{draft.State, draft.Note})
	require.Contains(t, draft.Source, "id: downloads-without-pricing")
	before := h.scores()
	h.requireScores(points(), func(person) float64 { return 0 })
	takes := func(p person) float64 { return float64(is(collected(p))) * pattern.Points }
	h.previewed(draft.Version, func(p person) float64 { return p.score(points()) }, threshold, func(p person) float64 { return p.score(points()) + takes(p) }, threshold)
	require.Equal(t, before, h.scores(), "to look changes no score")
	h.publish(draft.Version)
	h.requireScores(points(), takes)
}

// requirePatterns: who looks interested and is not is counted as it is by hand, and the planted pattern is among it.
func (h *house) requirePatterns(report record.PatternsReport, played []person) record.Pattern {
	h.t.Helper()
	t := h.t
	for _, one := range report.Items {
		often, never := rules[ruleOf(one.Often)], rules[ruleOf(one.Never)]
		in, others := parted(played, func(p person) bool { return often.events(p) >= one.Times && never.events(p) == 0 })
		both, _ := parted(played, func(p person) bool { return often.events(p) >= one.Times && never.events(p) > 0 })
		h.requireShare(in, one.In, one.Pattern)
		h.requireShare(others, one.Others, one.Pattern)
		h.requireShare(both, one.Both, one.Pattern)
		d, low, high := newcombe(in, others, z95)
		require.InDeltaSlice(t, []float64{d, low, high}, []float64{one.Lift.Value, one.Lift.Low, one.Lift.High}, 1e-9, one.Pattern)
		require.InDelta(t, surprise(in, others, 0), one.P, 1e-6, one.Pattern)
		t.Log(one.Says)
	}
	const planted = "downloads:5:pricing"
	at := slices.IndexFunc(report.Items, func(p record.Pattern) bool { return p.Pattern == planted })
	require.GreaterOrEqual(t, at, 0, "the planted pattern is found")
	pattern := report.Items[at]
	require.Regexp(t, `^downloads 5 or more, never pricing: \d(\.\d)? % against \d\d %$`, pattern.Says)
	return pattern
}

// suggested fits points to what became of people, and publishes them. What is to be expected is tried on the rows of the file that nobody
// has seen.
func (h *house) suggested(played, rest []person) {
	h.t.Helper()
	t := h.t
	first := strconv.Itoa(h.count("SELECT min(version) FROM models WHERE document::text LIKE '%interview_guide%'"))
	got := asked[record.Suggestion](h, "model", "suggest", first, "--keep", "--seed", "7")
	again := asked[record.Suggestion](h, "model", "suggest", first, "--seed", "7")
	require.Equal(t, []any{got.Items, got.Effect, got.Threshold}, []any{again.Items, again.Effect, again.Threshold}, "the same leads and seed")
	require.Nil(t, again.Draft)
	require.NotNil(t, got.Draft)
	then := h.requireSuggested(got, played, rest)

	text, talk := h.cli(cli.ExitOK, "model", "suggest", first, "--seed", "7")
	t.Logf("%s%s", text, talk)
	now, before, taken := points(), h.scores(), h.pattern()
	h.previewed(*got.Draft, func(p person) float64 { return p.score(now) + float64(is(collected(p)))*taken }, threshold, func(p person) float64 { return p.score(then) }, got.Threshold.Suggested)
	require.Equal(t, before, h.scores())
	h.publish(*got.Draft)
	h.requireScores(then, func(person) float64 { return 0 })
}

// requireSuggested: what is said of the points of today is so, and the suggested ones are better, also of rows that nobody has seen.
func (h *house) requireSuggested(got record.Suggestion, played, rest []person) []float64 {
	h.t.Helper()
	t := h.t
	require.Equal(t, len(played), got.Cases)
	now, then := points(), make([]float64, len(rules))
	for i, s := range got.Items {
		require.Equal(t, rules[i].id, s.Rule)
		require.InDelta(t, now[i], s.Now, 0)
		require.InDelta(t, math.Trunc(s.Suggested), s.Suggested, 0, "whole points")
		then[i] = s.Suggested
	}
	require.GreaterOrEqual(t, then[ruleOf("chat")], 0.0, "it is monotone")
	require.GreaterOrEqual(t, then[ruleOf("interview_guide")], 0.0, "it is monotone")

	figures := func(people []person, points []float64, threshold float64) (area, qualified, conversion, reached float64) {
		var scores []float64
		var won []bool
		var at, all share
		for _, p := range people {
			s := p.score(points)
			scores, won = append(scores, s), append(won, p.won)
			all.n, all.k = all.n+1, all.k+float64(is(p.won))
			if s >= threshold {
				at.n, at.k = at.n+1, at.k+float64(is(p.won))
			}
		}
		return auc(scores, won), at.n / all.n, at.k / max(1, at.n), at.k / all.k
	}
	area, qualified, conversion, reached := figures(played, now, threshold)
	require.InDeltaSlice(t, []float64{area, qualified, conversion, reached},
		[]float64{got.Effect.AUC.Now, got.Effect.Qualified.Now, got.Effect.Conversion.Now, got.Effect.Reached.Now}, 1e-9)
	fitted, _, _, _ := figures(played, then, got.Threshold.Suggested)
	require.Greater(t, fitted, area, "those it was fitted to")
	was, _, _, _ := figures(rest, now, threshold)
	would, _, _, _ := figures(rest, then, got.Threshold.Suggested)
	t.Logf("AUC of those played %.3f, suggested %.3f (expected of others %.3f, gain %.3f to %.3f); of %d rows nobody has seen %.3f, suggested %.3f",
		area, fitted, got.Effect.AUC.Suggested, got.Effect.AUC.Gain.Low, got.Effect.AUC.Gain.High, len(rest), was, would)
	require.Greater(t, would-was, got.Effect.AUC.Gain.Low-0.02, "what was promised holds for those it never saw")
	require.Less(t, would-was, got.Effect.AUC.Gain.High+0.02)
	return then
}

// pattern is what the published rule against the planted pattern takes.
func (h *house) pattern() float64 {
	return float64(h.count(`SELECT (r ->> 'points')::float::int FROM models, jsonb_array_elements(document -> 'engagement') AS r WHERE state = 'published' AND r ->> 'id' = 'downloads-without-pricing'`))
}

// previewed: a preview counts who stays, stops and becomes an MQL as it is counted by hand.
func (h *house) previewed(version int, now func(person) float64, least float64, then func(person) float64, nextLeast float64) {
	h.t.Helper()
	got := asked[record.ModelPreview](h, "model", "preview", strconv.Itoa(version))
	require.Equal(h.t, "done", got.State)
	var stay, stop, become int
	for _, p := range waiting(h.people) {
		was, would := now(p) >= least, then(p) >= nextLeast
		stay, stop, become = stay+is(was && would), stop+is(was && !would), become+is(!was && would)
	}
	require.Equal(h.t, []int{len(waiting(h.people)), stay, stop, become}, []int{got.Result.Leads, got.Result.StayMQL, got.Result.StopMQL, got.Result.BecomeMQL})
	text, _ := h.cli(cli.ExitOK, "model", "preview", strconv.Itoa(version), "--last")
	h.t.Logf("%s", strings.SplitN(text, "\n\n", 2)[0])
}

func (h *house) publish(version int) {
	h.t.Helper()
	h.cli(cli.ExitOK, "model", "publish", strconv.Itoa(version))
	require.NoError(h.t, await(h.t.Context(), "everybody is scored by it", func() (bool, error) {
		return h.count("SELECT count(*) FROM scores WHERE model_version <> $1", version) == 0, nil
	}))
}

// scores are those that are kept, by lead.
func (h *house) scores() map[string]int {
	h.t.Helper()
	out := map[string]int{}
	rows, err := h.db.Query(h.t.Context(), "SELECT lead_id::text, score FROM scores")
	require.NoError(h.t, err)
	defer rows.Close()
	for rows.Next() {
		var id string
		var score int
		require.NoError(h.t, rows.Scan(&id, &score))
		out[id] = score
	}
	require.NoError(h.t, rows.Err())
	return out
}

// requireScores: everybody's score is the one of the points, by hand.
func (h *house) requireScores(points []float64, more func(person) float64) {
	h.t.Helper()
	kept := h.scores()
	for _, p := range h.people {
		require.InDelta(h.t, p.score(points)+more(p), kept[p.id], 0, "%+v", p)
	}
}
