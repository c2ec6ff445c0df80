package loop

import (
	"math"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"github.com/leadflow-dev/leadflow/cmd/leadflow/cli"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// Real leads from the file to a better model, by the command line alone.
func TestLoop_fromOutcomesToAModel(t *testing.T) {
	all, rest, file := people(t)
	h := open(t)
	h.people = all
	began := time.Now()
	h.emptyHouse()
	h.cli(cli.ExitOK, "policy", "create", h.file("policy.yaml", policy), "--activate")
	h.cli(cli.ExitOK, "model", "create", h.file("model.yaml", model), "--publish")
	h.saysTooFew("0 leads came to an end")
	h.cli(cli.ExitOK, "import", file, "--map", leadsMapping, "--errors", h.t.TempDir()+"/errors.csv")
	h.each(h.play)
	played := h.ended()
	require.NoError(t, await(t.Context(), "outcomes", func() (bool, error) {
		return h.count("SELECT count(DISTINCT lead_id) FROM outcomes") == len(played), nil
	}))
	t.Logf("%d people, %d played after %.1f s", len(all), len(played), time.Since(began).Seconds())

	report := asked[record.RulesReport](h, "report", "rules")
	require.Equal(t, len(all)-len(played), report.Open)
	h.requireCounts(report, played)
	h.requireNamed(report, played)
	h.requireVerdicts(report, played)
	text, talk := h.cli(cli.ExitOK, "report", "rules")
	t.Logf("%s%s", text, talk)
	require.NotContains(t, text+talk, "NaN")
	h.requirePersonas(played)
	h.requireGaps()
	h.requireNPS(played)
	t.Logf("reports compared after %.1f s", time.Since(began).Seconds())

	h.patternToPublished(played)
	h.suggested(played, rest)
	h.wordsStay(played)
	t.Logf("all done after %.1f s", time.Since(began).Seconds())
}

// points are those of the model, as it is written.
func points() (out []float64) {
	for _, r := range rules {
		out = append(out, r.points)
	}
	return out
}

// ended are the people of whom sales decided.
func (h *house) ended() (out []person) {
	for _, p := range h.people {
		if p.played {
			out = append(out, p)
		}
	}
	return out
}

// waiting are those who are open.
func waiting(people []person) (out []person) {
	for _, p := range people {
		if !p.played {
			out = append(out, p)
		}
	}
	return out
}

// parted counts whom something holds for, and the others.
func parted(people []person, holds func(person) bool) (with, without share) {
	for _, p := range people {
		s := &without
		if holds(p) {
			s = &with
		}
		s.n++
		s.k += float64(is(p.won))
	}
	return with, without
}

func (h *house) near(want float64, got *float64, what string) {
	h.t.Helper()
	require.NotNil(h.t, got, what)
	require.InDelta(h.t, want, *got, 1e-9, what)
}

// requireShare: a rate is a share counted by hand, with Wilson's interval.
func (h *house) requireShare(want share, got record.Rate, what string) {
	h.t.Helper()
	require.Equal(h.t, int(want.n), got.Of, what)
	if want.n == 0 {
		require.Nil(h.t, got.Rate, what)
		return
	}
	low, high := want.wilson(z95)
	h.near(want.rate(), got.Rate, what)
	require.InDelta(h.t, low, *got.Low, 1e-6, what)
	require.InDelta(h.t, high, *got.High, 1e-6, what)
}

// sqlMet counts by plain SQL of those who came to an end whom a rule met, and how many of these were won.
const sqlMet = `SELECT count(*), count(*) FILTER (WHERE won) FROM (SELECT l.id, l.profile -> 'custom' AS c, l.stage = 'won' AS won FROM leads l WHERE EXISTS (SELECT FROM outcomes o WHERE o.lead_id = l.id)) AS l WHERE `

// rulesInSQL are whom rules meet, in SQL.
var rulesInSQL = map[string]string{
	"professional": `c ->> 'occupation' = 'Working Professional'`, "unknown_occupation": `c ->> 'occupation' IS NULL`, "specialization": `c ->> 'specialization' IS NOT NULL`,
	"hours_on_site": `(c ->> 'seconds_on_site')::float >= 1000`, "interview_guide": `(c ->> 'wants_interview_guide')::bool`,
	"chat":      `EXISTS (SELECT FROM events e WHERE e.lead_id = l.id AND type = 'chat')`,
	"downloads": `EXISTS (SELECT FROM events e WHERE e.lead_id = l.id AND type = 'content_download')`,
	"pricing":   `EXISTS (SELECT FROM events e WHERE e.lead_id = l.id AND type = 'page_view' AND properties ->> 'path' = '/pricing')`,
}

// requireCounts: whom each rule met and what became of them is as counted in the file, and by plain SQL.
func (h *house) requireCounts(report record.RulesReport, played []person) {
	h.t.Helper()
	t := h.t
	require.Equal(t, []int{len(played), 0}, []int{report.Cases, report.Forgot})
	require.Contains(t, report.Method, "Newcombe (1998, method 10)")
	require.Contains(t, report.Method, "Benjamini and Hochberg (1995) at 10 %")
	require.Len(t, report.Items, len(rules))
	for i, e := range report.Items {
		met := func(p person) bool { return p.gives(i, rules[i].points) != 0 }
		with, without := parted(played, met)
		require.Equal(t, rules[i].id, e.Rule)
		h.requireShare(share{float64(len(played)), with.n}, e.Fired, e.Rule)
		h.requireShare(with, e.With, e.Rule)
		h.requireShare(without, e.Without, e.Rule)
		if e.Lift != nil {
			d, low, high := newcombe(with, without, z95)
			require.InDeltaSlice(t, []float64{d, low, high}, []float64{e.Lift.Value, e.Lift.Low, e.Lift.High}, 1e-9, e.Rule)
		}
		if sql := rulesInSQL[e.Rule]; sql != "" && h.db != nil {
			var n, k int
			require.NoError(t, h.db.QueryRow(t.Context(), sqlMet+sql).Scan(&n, &k))
			require.Equal(t, []int{int(with.n), int(with.k)}, []int{n, k}, "%s by plain SQL", e.Rule)
		}
		h.requireTogether(e, i, played)
		h.requireReasons(e, met, played)
	}
}

// requireNamed: what buyers said had helped is counted by the rules it names.
func (h *house) requireNamed(report record.RulesReport, played []person) {
	h.t.Helper()
	told := map[string]record.Rate{}
	for _, e := range report.Items {
		told[e.Rule] = e.Named
	}
	for rule, word := range map[string]string{"chat": "CHAT", "pricing": "pricing is public"} {
		n, k := 0, 0
		for _, p := range played {
			if p.won && p.gives(ruleOf(rule), 1) != 0 {
				n++
				k += is(strings.Contains(p.said(), word))
			}
		}
		h.requireShare(share{float64(n), float64(k)}, told[rule], "what buyers said of "+rule)
	}
}

// requireTogether: the rules that meet the same people are those of gonum's correlation.
func (h *house) requireTogether(e record.RuleEffect, rule int, played []person) {
	h.t.Helper()
	row := func(r int) (out []float64) {
		for _, p := range played {
			out = append(out, float64(is(p.gives(r, rules[r].points) != 0)))
		}
		return out
	}
	want := map[string]float64{}
	for other := range rules {
		if phi := stat.Correlation(row(rule), row(other), nil); other != rule && math.Abs(phi) >= 0.2 {
			want[rules[other].id] = phi
		}
	}
	require.Len(h.t, e.Together, min(3, len(want)), "%s: %v", e.Rule, want)
	for _, one := range e.Together {
		require.InDelta(h.t, want[one.Rule], one.Phi, 1e-9, "%s with %s", e.Rule, one.Rule)
	}
}

// requireReasons: why people were refused or lost is what sales said.
func (h *house) requireReasons(e record.RuleEffect, met func(person) bool, played []person) {
	h.t.Helper()
	for _, reason := range e.Reasons {
		n, k := map[bool]float64{}, map[bool]float64{}
		for _, p := range played {
			n[met(p)]++
			k[met(p)] += float64(is(!p.won && p.ends() == reason.Kind+":"+reason.Reason))
		}
		h.requireShare(share{n[true], k[true]}, reason.With, e.Rule+" "+reason.Reason)
		h.requireShare(share{n[false], k[false]}, reason.Without, e.Rule+" "+reason.Reason)
	}
}

// requireVerdicts: effects, promises and verdicts are those of the formulas, computed by others.
func (h *house) requireVerdicts(report record.RulesReport, played []person) {
	h.t.Helper()
	t := h.t
	x, won := make([][]float64, len(played)), make([]bool, len(played))
	for i, p := range played {
		won[i] = p.won
		for r := range rules {
			x[i] = append(x[i], float64(is(p.gives(r, rules[r].points) != 0)))
		}
	}
	w, spread := regression(x, won)
	gives := make([]float64, len(rules))
	var worth []float64
	for r := range rules {
		n := 0.0
		for _, p := range played {
			gives[r] += p.gives(r, rules[r].points)
			n += float64(is(p.gives(r, rules[r].points) != 0))
		}
		if gives[r] /= max(1, n); gives[r]*w[r] > 0 && math.Abs(w[r]) > z95*spread[r] {
			worth = append(worth, w[r]/gives[r])
		}
	}
	sort.Float64s(worth)
	point := (worth[(len(worth)-1)/2] + worth[len(worth)/2]) / 2
	require.NotNil(t, report.PerPoint)
	require.InDelta(t, math.Exp(point), *report.PerPoint, 1e-6, "what a point is worth")

	var asked []int
	var p []float64
	for r, e := range report.Items {
		with, without := parted(played, func(p person) bool { return p.gives(r, rules[r].points) != 0 })
		require.InDelta(t, math.Exp(w[r]), e.Odds.Value, 1e-3*e.Odds.Value, e.Rule)
		require.InDelta(t, math.Exp(w[r]-z95*spread[r]), e.Odds.Low, 1e-3*e.Odds.Value, e.Rule)
		promise := held(x, won, w, r, point*gives[r])
		require.InDelta(t, promise, *e.Promised, 1e-5, e.Rule)
		if min(with.n, without.n) < 20 {
			require.Equal(t, "too_few", e.Verdict, e.Rule)
			continue
		}
		alone := 2 * normal.Survival(math.Abs(w[r]-point*gives[r])/spread[r])
		asked, p = append(asked, r), append(p, max(surprise(with, without, promise), alone))
		require.InDelta(t, p[len(p)-1], *e.P, 1e-4, e.Rule)
	}
	verdicts := map[string]int{}
	for k, differs := range believed(p, 0.10) {
		r := asked[k]
		with, without := parted(played, func(p person) bool { return p.gives(r, rules[r].points) != 0 })
		d, low, high := newcombe(with, without, z95)
		want := "too_few"
		switch e := report.Items[r]; {
		case differs && (d-*e.Promised)*gives[r] > 0:
			want = "under"
		case differs:
			want = "over"
		case (low > 0 || high < 0) && gives[r]*w[r] > 0 && math.Abs(w[r]) > z95*spread[r]:
			want = "about_right"
		}
		require.Equal(t, want, report.Items[r].Verdict, "%+v", report.Items[r])
		verdicts[want]++
	}
	t.Logf("verdicts %v", verdicts)
	require.Positive(t, verdicts["about_right"], "some rules of so simple a model are right")
	require.Positive(t, verdicts["over"], "and some are not")
}

// requirePersonas: groups have whom they match, and what became of them.
func (h *house) requirePersonas(played []person) {
	h.t.Helper()
	report := asked[record.PersonasReport](h, "persona", "list")
	is := map[string]func(person) bool{
		"professional": func(p person) bool { return p.row["What is your current occupation"] == "Working Professional" },
		"student": func(p person) bool {
			return slices.Contains([]string{"Student", "Housewife"}, p.row["What is your current occupation"])
		},
	}
	is[""] = func(p person) bool { return !is["professional"](p) && !is["student"](p) }
	require.Len(h.t, report.Items, 3)
	for _, line := range report.Items {
		matched := 0
		for _, p := range h.people {
			if is[line.Persona](p) {
				matched++
			}
		}
		require.Equal(h.t, matched, line.Matched, line.Persona)
		h.requireShare(share{float64(len(h.people)), float64(matched)}, line.Matches, line.Persona)
		with, without := parted(played, is[line.Persona])
		h.requireShare(with, line.With, line.Persona)
		h.requireShare(without, line.Without, line.Persona)
	}
	text, talk := h.cli(cli.ExitOK, "persona", "list")
	h.t.Logf("%s%s", text, talk)
}

// requireGaps: the field that costs most is the one of the file.
func (h *house) requireGaps() {
	h.t.Helper()
	report := asked[record.GapsReport](h, "persona", "gaps")
	waiting := waiting(h.people)
	require.Equal(h.t, len(waiting), report.Leads)
	fields := map[string]struct {
		column string
		rules  []int
	}{
		"custom.occupation": {"What is your current occupation", []int{0, 1}}, "custom.specialization": {"Specialization", []int{2}},
		"custom.seconds_on_site": {"Total Time Spent on Website", []int{3, 4}}, "custom.wants_interview_guide": {"A free copy of Mastering The Interview", []int{5}},
	}
	require.Len(h.t, report.Items, len(fields))
	for i, line := range report.Items {
		require.False(h.t, i > 0 && line.Points > report.Items[i-1].Points+1e-3, "the one that costs most comes first")
		about := fields[line.Field]
		sum, n := map[bool]float64{}, map[bool]float64{}
		for _, p := range waiting {
			known := p.row[about.column] != ""
			n[known]++
			for _, r := range about.rules {
				sum[known] += p.gives(r, rules[r].points)
			}
		}
		h.requireShare(share{float64(len(waiting)), n[false]}, line.Missing, line.Field)
		each := 0.0
		if n[true] > 0 && n[false] > 0 {
			each = max(0, sum[true]/n[true]-sum[false]/n[false])
		}
		require.InDelta(h.t, each, line.Each, 1e-9, line.Field)
		require.InDelta(h.t, each*n[false], line.Points, 1e-6, line.Field)
		lifted := 0
		for _, p := range waiting {
			if s := p.score(points()); p.row[about.column] == "" && s < 60 && s+each >= 60 {
				lifted++
			}
		}
		require.Equal(h.t, lifted, line.Qualify, line.Field)
	}
	text, talk := h.cli(cli.ExitOK, "persona", "gaps")
	h.t.Logf("%s%s", text, talk)
}

// emptyHouse: before there is anything to say, it is said.
func (h *house) emptyHouse() {
	h.t.Helper()
	for _, command := range []string{"report rules", "report patterns", "persona list", "persona gaps", "report answers --by theme", "report answers --by rule --question nps"} {
		text, talk := h.cli(cli.ExitOK, strings.Fields(command)...)
		require.NotContains(h.t, text+talk, "NaN", command)
		require.NotContains(h.t, text+talk, "Inf", command)
	}
	_, talk := h.cli(cli.ExitFailure, "model", "suggest")
	require.Contains(h.t, talk, "0 leads came to an end")
	_, talk = h.cli(cli.ExitFailure, "model", "pattern", "downloads:5:pricing")
	require.Contains(h.t, talk, "0 leads came to an end")
}

func (h *house) saysTooFew(what string) {
	h.t.Helper()
	_, talk := h.cli(cli.ExitOK, "report", "rules")
	require.Contains(h.t, talk, what)
	require.Contains(h.t, talk, "100, and 10 of a kind, are needed")
}

// said is what helped somebody, as sales noted it.
func (p person) said() string {
	switch {
	case p.chats > 0:
		return "The CHAT with your people, says Zyxada"
	case p.prices > 0 && p.key < "4":
		return "that the pricing is public, says Zyxada"
	}
	return "no idea, says Zyxada"
}

// ends is how sales end it with somebody, and why.
func (p person) ends() string {
	switch p.row["Tags"] {
	case "invalid number", "wrong number given", "number not provided":
		return "rejected:bad_data"
	case "Already a student", "Not doing further education", "Interested in other courses":
		return "rejected:not_a_buyer"
	}
	return "lost:no_decision"
}
