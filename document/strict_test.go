package document

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// Every mistake is told with its place, in YAML as in JSON.
func TestParse_isStrict(t *testing.T) {
	t.Parallel()
	const rule = "engagement: [{id: a, on: page_view, points: 1}]\n"
	for name, c := range map[string]struct {
		document     string
		line, column int
		message      string
	}{
		"unknown key":        {"mql: {score: 100, min: 3}\n" + rule, 1, 19, "mql.min: is no key that is known here"},
		"a key nearly right": {"engagment: []\n", 1, 1, "engagement is meant?"},
		"twice":              {rule + "floor: -1\nfloor: -2\n", 3, 1, "is there twice: first on line 2"},
		"text for a number":  {"floor: low\n" + rule, 1, 8, "floor: must be a number, not a text"},
		"number for a text":  {"engagement:\n  - {id: 7, on: page_view, points: 1}\n", 2, 10, "put it in quotes"},
		"a list for a group": {"mql: [1]\n" + rule, 1, 6, "must be a group of keys, not a list"},
		"bad duration":       {"engagement:\n  - id: a\n    on: page_view\n    points: 1\n    half_life: soon\n", 5, 16, `"soon" is not a duration`},
		"window and half":    {"engagement:\n  - {id: a, on: page_view, points: 1, half_life: 2d, within: 2d}\n", 2, 50, "a rule has a window or a half-life"},
		"bad expression":     {"fit:\n  - {id: a, field: title, points: 1, matches: '('}\n", 2, 47, "no regular expression"},
		"no field":           {"fit:\n  - {id: a, field: shoe, points: 1, equals: x}\n", 2, 20, "is no profile field"},
		"same id":            {"engagement:\n  - {id: a, on: chat, points: 1}\n  - {id: a, on: call, points: 1}\n", 3, 10, "is the id of engagement[0] already"},
		"anchor":             {"floor: &x -1\n" + rule, 1, 8, "not taken"},
		"alias":              {rule + "floor: *x\n", 2, 8, "not taken"},
		"tag":                {"floor: !!int -1\n" + rule, 1, 8, "is a tag"},
		"two documents":      {rule + "---\n" + rule, 3, 1, "second document"},
		"not closed":         {"mql: {score: 100\n", 1, 6, "is no YAML"},
		"nul":                {rule + "floor: \x00\n", 2, 1, "NUL"},
		"deep":               {"mql: " + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "\n", 1, 38, "too deep"},
		"json":               {"{\"mql\": {\"score\": 100},\n \"engagement\": [{\"id\": \"a\", \"on\": \"dance\", \"points\": 1}]}", 2, 35, "no type of engagement"},
		"json in one line":   {`{"é": 1, "floor": "x"}`, 1, 2, "is no key"},
		"json, deep":         {`{"mql": ` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, 1, 40, "too deep"},
		"not utf-8":          {"floor: \xff\n", 0, 0, "not UTF-8"},
		"empty":              {"# nothing\n", 1, 1, "is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseModel([]byte(c.document))
			var wrong *Error
			require.ErrorAs(t, err, &wrong)
			p := wrong.Problems[0]
			require.Contains(t, p.Path+": "+p.Message, c.message)
			require.Equal(t, [2]int{c.line, c.column}, [2]int{p.Line, p.Column}, "%s", err)
		})
	}
}

// All mistakes at once, each under the line it is in.
func TestParse_tellsAllAndShowsWhere(t *testing.T) {
	t.Parallel()
	_, err := ParseModel([]byte("mql: {scor: 1}\nengagement:\n  - {id: a, on: 3, points: x}\n"))
	var wrong *Error
	require.ErrorAs(t, err, &wrong)
	require.Len(t, wrong.Problems, 3)
	require.Contains(t, err.Error(), "    3 |   - {id: a, on: 3, points: x}\n      |                 ^")
}

// What is wrong with a sequence or a policy is told where it is written, with what to write instead.
func TestParse_sequencesAndPoliciesTellWhere(t *testing.T) {
	t.Parallel()
	edit := func(source []byte, old, new string) string {
		require.Equal(t, 1, strings.Count(string(source), old), old)
		return strings.Replace(string(source), old, new, 1)
	}
	sequence := func(s string) error { _, err := ParseSequence([]byte(s)); return err }
	policy := func(s string) error { _, err := ParsePolicy([]byte(s)); return err }
	for name, c := range map[string]struct {
		err          error
		line, column int
		message      string
	}{
		"unreachable":      {sequence(edit(everyStep, "else: rest", "else: end")), 36, 5, "steps[10]: can never be reached"},
		"endless":          {sequence(edit(everyStep, "to: tell}\n      - {if: {score", "to: sort}\n      - {if: {score")), 22, 5, "steps[6]: is in a loop without a wait"},
		"a step misspelt":  {sequence(edit(everyStep, "next: tuesday", "next: teusday")), 14, 11, "tuesday is meant?"},
		"a key misspelt":   {sequence(edit(everyStep, "wait_until: {days", "wait_untill: {days")), 17, 19, "wait_until is meant?"},
		"a field misspelt": {sequence(edit(everyStep, "field: company_size", "field: compny_size")), 27, 22, "company_size is meant?"},
		"an arm":           {sequence(edit(everyStep, "weight: 3", "weight: 0")), 10, 30, "leave out an arm"},
		"a reason":         {sequence(edit(everyStep, "competitor", "Too dear")), 3, 47, "small letters"},
		"no rep":           {sequence(edit(everyStep, "rep: ada@sales.example", "rep: ada")), 31, 34, "is no address"},
		"a weekday":        {sequence(edit(everyStep, "[tue, thu]", "[tue, thur]")), 17, 44, "thu is meant?"},
		"a cap":            {policy(edit(withNurture, "per_day: 1", "per_day: -1")), 0, 20, "must be between 1 and 100"},
		"quiet for ever":   {policy(edit(withNurture, "to: \"08:00\"", "to: \"20:00\"")), 0, 43, "leaves no hour"},
		"a long spread":    {policy(edit(withNurture, "jitter: 15m", "jitter: 15d")), 0, 81, "longer than a day"},
	} {
		var wrong *Error
		require.ErrorAs(t, c.err, &wrong, name)
		require.Len(t, wrong.Problems, 1, "%s: %s", name, c.err)
		p := wrong.Problems[0]
		require.Contains(t, p.Path+": "+p.Message, c.message, name)
		if c.line > 0 {
			require.Equal(t, c.line, p.Line, "%s: %s", name, c.err)
		}
		require.Equal(t, c.column, p.Column, "%s: %s", name, c.err)
	}
}

// A policy may say when soft bounces count as a hard one; without it they are three in two weeks.
func TestParse_bouncesOfAPolicy(t *testing.T) {
	t.Parallel()
	const rest = "name: x\ncalendar: always\nsla: {accept: {within: 4h, max_offers: 2}}\nstale: {nurturing: 90d}\nrecycle: {max_cycles: 3, default: {path: recycle, cool_down: 30d}}\n"
	for bounces, want := range map[string]string{"": "3 336h0m0s", "bounces: {soft: 5, within: 7d}\n": "5 168h0m0s", "bounces: {within: 1h}\n": "3 1h0m0s"} {
		p, err := ParsePolicy([]byte(rest + bounces))
		require.NoError(t, err, bounces)
		soft, within := p.Bounces.Limits()
		require.Equal(t, want, fmt.Sprint(soft, " ", within))
	}
	for _, bounces := range []string{"bounces: {soft: -1}\n", "bounces: {soft: 101}\n", "bounces: {hard: 1}\n", "bounces: {within: -1d}\n"} {
		_, err := ParsePolicy([]byte(rest + bounces))
		require.Error(t, err, bounces)
	}
}

// A policy may say for one stage what a reason leads to there, how often, and what becomes of who went quiet in it.
func TestParse_whatAPolicySaysOfAStage(t *testing.T) {
	t.Parallel()
	const head = "name: x\ncalendar: always\nsla: {accept: {within: 4h, max_offers: 2}}\nstale: {nurturing: 90d}\nrecycle:\n  max_cycles: 3\n  default: {path: recycle, cool_down: 30d}\n" +
		"  reasons: {on_holiday: {path: recycle, cool_down: 7d, max_cycles: 5}}\n  stages:\n"
	p, err := ParsePolicy([]byte(head + "    nurturing: {stale: {path: recycle, cool_down: 60d, sequence: winback, max_cycles: 2}}\n" +
		"    opportunity: {price: {path: stay_lost}, idle: {path: recycle, cool_down: 3d}, on_holiday: {path: recycle, cool_down: 14d}}\n"))
	require.NoError(t, err)
	require.Equal(t, 5, p.Recycle.Reasons["on_holiday"].MaxCycles)
	require.Equal(t, lifecycle.Reason{Path: lifecycle.PathRecycle, CoolDown: span.Span(60 * span.Day), Sequence: "winback", MaxCycles: 2}, p.Recycle.Stages[lifecycle.StageNurturing]["stale"])
	require.Equal(t, lifecycle.PathStayLost, p.ReasonIn(lifecycle.StageOpportunity, lifecycle.Lost, "price").Path)
	require.Equal(t, lifecycle.PathRecycle, p.ReasonIn(lifecycle.StageWorking, lifecycle.Lost, "price").Path)
	for text, why := range map[string]string{
		"    won: {price: {path: recycle}}\n":                      "is no stage in which a lead begins to rest",
		"    working: {too_dear: {path: recycle}}\n":               "is no reason that can be given in this stage",
		"    handoff: {price: {path: recycle}}\n":                  "is no reason that can be given in this stage",
		"    handoff: {idle: {path: recycle}}\n":                   "is no reason that can be given in this stage",
		"    nurturing: {stale: {path: stay_lost}}\n":              "must be recycle or disqualify",
		"    working: {idle: {path: disqualify}}\n":                "must be recycle",
		"    working: {price: {path: stay_lost, max_cycles: 2}}\n": "only belong to the path recycle",
		"    working: {price: {path: recycle, max_cycles: 101}}\n": "between 1 and 100",
		"    working: {price: {path: recycle, cool_downs: 3d}}\n":  "cool_down is meant?",
	} {
		_, err := ParsePolicy([]byte(head + text))
		require.ErrorContains(t, err, why, text)
	}
}
